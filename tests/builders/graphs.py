"""The gateway over the real services, asked over HTTP as any principal."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.app import create_app
from gateway.clients import Clients
from gateway.context import contexts
from gateway.http.downloads import Downloads
from gateway.links import Links
from gateway.readiness import Readiness
from gateway.schema import DOWNLOADS, schema
from gateway.settings import Settings
from services.kit import ids
from services.kit.client import Channels, TokenSource
from services.kit.identity import Principal, Role
from tests.builders.keys import Keys
from tests.gateway.http.small_gateway import Issuer

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Answer:
    """What came back: data, errors, or both."""

    status: int
    data: Any = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> dict[str, Any]:
        """Give the only error's code and the field it names."""
        assert len(self.errors) == 1, self.errors
        return self.errors[0]


class Graph:
    """A gateway that is told where the services are, and an identity provider for its users."""

    def __init__(self, folder: Path, *, environment: dict[str, str], keys: Keys) -> None:
        self._issuer = Issuer(folder)
        addresses = {
            name.removesuffix("_ADDRESS").lower(): address
            for name, address in environment.items()
            if name.endswith("_ADDRESS")
        }
        self._settings = self._issuer.settings(addresses=addresses)
        self._channels = Channels(addresses, tokens=TokenSource(keys.signers["gateway"]))
        self._stack = AsyncExitStack()
        self.links = Links.from_signing_key(keys.folder / "gateway.jwk")

    async def __aenter__(self) -> Self:
        self._stack.push_async_callback(self._channels.close)
        app = _app(self._settings, self._channels, links=self.links)
        self._server = await self._stack.enter_async_context(TestServer(app))
        self._http = await self._stack.enter_async_context(aiohttp.ClientSession())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def headers(self, principal: Principal) -> dict[str, str]:
        """Give what such a person sends: a token, and as an operator the tenant and the reason."""
        headers = {"Authorization": f"Bearer {self._issuer.token(**_claims(principal))}"}
        if principal.role is Role.OPERATOR and principal.tenant_id is not None:
            headers |= {
                "X-Tenant-Id": ids.to_text("ptr", principal.tenant_id),
                "X-Tenant-Reason": "a test",
            }
        return headers

    async def __call__(self, query: str, *, principal: Principal, **variables: Any) -> Answer:
        """Run an operation and give whatever is answered."""
        async with self._http.post(
            self._server.make_url("/graphql"),
            json={"query": query, "variables": variables},
            headers=self.headers(principal) | {"Accept": "application/graphql-response+json"},
        ) as response:
            body = await response.json(content_type=None)
        return Answer(
            response.status,
            body.get("data"),
            body.get("errors", []),
            body.get("extensions", {}),
        )

    async def data(self, query: str, *, principal: Principal, **variables: Any) -> Any:
        """Run an operation that must succeed."""
        answer = await self(query, principal=principal, **variables)
        assert answer.errors == []
        return answer.data

    def socket(self) -> Any:
        """Open a socket as GraphiQL does."""
        return self._http.ws_connect(
            self._server.make_url("/graphql"), protocols=("graphql-transport-ws",)
        )

    async def download(self, path: str) -> tuple[int, Mapping[str, str], bytes]:
        """Follow a link as a browser does, without a token."""
        async with self._http.get(self._server.make_url(path)) as response:
            return response.status, response.headers, await response.read()

    async def get(self, path: str) -> tuple[int, Any]:
        async with self._http.get(self._server.make_url(path)) as response:
            return response.status, await response.json()


def _app(settings: Settings, channels: Channels, *, links: Links) -> web.Application:
    return create_app(
        settings,
        schema=schema,
        context_factory=contexts(channels, links=links),
        readiness=Readiness(channels, services=settings.addresses),
        downloads=Downloads(links=links, clients=Clients(channels), rpcs=DOWNLOADS),
    )


def _claims(principal: Principal) -> dict[str, Any]:
    """Write a principal as the claims of its token; None leaves a claim out."""
    is_operator = principal.role is Role.OPERATOR

    def id_text(prefix: str, value: Any) -> str | None:
        return None if value is None or is_operator else ids.to_text(prefix, value)

    return {
        "sub": principal.subject,
        "role": principal.role.value,
        "tenant_id": id_text("ptr", principal.tenant_id),
        "partner_id": id_text("ptr", principal.partner_id),
        "customer_id": id_text("cus", principal.customer_id),
        "account_manager_ids": [ids.to_text("mgr", one) for one in principal.account_manager_ids]
        or None,
    }
