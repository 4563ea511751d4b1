"""Gateways over the small schema, each started and stopped by the test that asks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tests.gateway.http.small_gateway import Issuer, make_app

Client = TestClient[Any, Any]
OpenGateway = Callable[..., Awaitable[Client]]


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture
async def open_gateway(issuer: Issuer) -> AsyncIterator[OpenGateway]:
    """Start a gateway with these settings; the client sends an administrator's token."""
    async with AsyncExitStack() as stack:

        async def open_(*, token: str | None = None, **settings: Any) -> Client:
            bearer = issuer.token() if token is None else token
            return await stack.enter_async_context(
                TestClient(
                    TestServer(make_app(issuer.settings(**settings))),
                    headers={"Authorization": f"Bearer {bearer}"} if bearer else {},
                )
            )

        yield open_


@pytest.fixture
async def gateway(open_gateway: OpenGateway) -> Client:
    return await open_gateway()
