"""The sides that the benchmark of the engine compares answer alike; else it would mean nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer

from bench.parts.arena import ONE_CUSTOMER
from bench.parts.backends import Backends
from bench.parts.gateways import graph_app, handwritten_app
from bench.parts.installation import Installation
from bench.parts.queries import CUSTOMER_360, FIFTY, ONE, grown
from bench.parts.rows import an_id
from gateway.settings import Settings
from services.kit.client import Channels, TokenSource
from services.kit.identity import TokenSigner


class Sides:
    """The graph and what is written by hand, over the same prepared backends."""

    def __init__(self, token: str, *, graph: TestServer, by_hand: TestServer) -> None:
        self._token = token
        self._graph = graph
        self._by_hand = by_hand

    async def graph(self, text: str, variables: dict[str, Any]) -> Any:
        url = self._graph.make_url("/graphql")
        return await self._post(url, {"query": text, "variables": variables})

    async def by_hand(self, path: str, variables: dict[str, Any]) -> Any:
        return await self._post(self._by_hand.make_url(path), variables)

    async def _post(self, url: Any, body: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=body, headers=headers) as response,
        ):
            answer = await response.json()
        assert "errors" not in answer
        return answer["data"]


@pytest_asyncio.fixture
async def sides(tmp_path: Path) -> AsyncIterator[Sides]:
    installation = Installation.make(tmp_path)
    backends = Backends()
    servers = []
    for service in ("customers", "billing"):
        server = backends.server(service)
        server.add_insecure_port(installation.addresses[service])
        await server.start()
        servers.append(server)
    settings = Settings.from_environment(
        installation.environment() | {"GATEWAY_EXECUTOR": "reference"}
    )
    signer = TokenSigner.from_file(installation.keys.signing_key("gateway"), workload="gateway")
    channels = Channels(installation.addresses, tokens=TokenSource(signer))
    async with (
        TestServer(graph_app(settings, channels)) as graph,
        TestServer(handwritten_app(settings, channels)) as by_hand,
    ):
        yield Sides(installation.token(), graph=graph, by_hand=by_hand)
    await channels.close()
    for server in servers:
        await server.stop(None)


@pytest.mark.parametrize("first", [1, 7])
async def test_customers_are_written_by_hand_as_the_graph_shows_them(
    sides: Sides, first: int
) -> None:
    variables = FIFTY | {"first": first}

    by_hand = await sides.by_hand("/customer-360", variables)

    assert by_hand == await sides.graph(CUSTOMER_360, variables)
    assert len(by_hand["customers"]["nodes"]) == first


async def test_one_customer_is_written_by_hand_as_the_graph_shows_it(sides: Sides) -> None:
    by_hand = await sides.by_hand("/one", ONE_CUSTOMER)

    assert by_hand == await sides.graph(ONE, ONE_CUSTOMER)
    assert by_hand["customer"]["id"] == ONE_CUSTOMER["id"]


async def test_a_customer_that_is_not_there_is_null_on_both_sides(sides: Sides) -> None:
    nobody = {"id": an_id("cus", 1_000_000)}

    by_hand = await sides.by_hand("/one", nobody)

    assert by_hand == await sides.graph(ONE, nobody) == {"customer": None}


async def test_a_query_grows_by_further_pages(sides: Sides) -> None:
    answer = await sides.graph(*grown(200))

    first, second = (page["nodes"] for page in answer.values())
    assert len(first) == len(second) == 100
    assert first[0]["id"] == an_id("cus", 0)
    assert second[0]["id"] == an_id("cus", 100)
    assert first[0]["consumptionDetails"]["nodes"]
