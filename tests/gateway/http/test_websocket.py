"""The graphql-transport-ws protocol, message by message."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from tests.gateway.http.conftest import Client, OpenGateway
from tests.gateway.http.small_gateway import TENANT, TENANT_ID, Issuer

PROTOCOL = "graphql-transport-ws"


@asynccontextmanager
async def connected(
    gateway: Client, *, initialised: bool = True, **options: Any
) -> AsyncIterator[ClientWebSocketResponse]:
    async with gateway.ws_connect("/graphql", protocols=[PROTOCOL], **options) as socket:
        if initialised:
            await socket.send_json({"type": "connection_init"})
            assert await socket.receive_json() == {"type": "connection_ack"}
        yield socket


async def subscribe(socket: ClientWebSocketResponse, query: str, *, id_: str = "1") -> None:
    await socket.send_json({"id": id_, "type": "subscribe", "payload": {"query": query}})


async def closing_code(socket: ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(5):
        message = await socket.receive()
    assert message.type is WSMsgType.CLOSE
    return socket.close_code


async def test_a_subscription_gives_events_and_completes(gateway: Client) -> None:
    async with connected(gateway) as socket:
        await subscribe(socket, "subscription { count(to: 2) }")

        messages = [await socket.receive_json() for _ in range(3)]

    assert messages == [
        {"id": "1", "type": "next", "payload": {"data": {"count": 1}}},
        {"id": "1", "type": "next", "payload": {"data": {"count": 2}}},
        {"id": "1", "type": "complete"},
    ]


async def test_queries_and_mutations_give_one_result(gateway: Client) -> None:
    async with connected(gateway) as socket:
        await subscribe(socket, 'mutation { rename(name: "Bob") }')

        result, complete = await socket.receive_json(), await socket.receive_json()

    assert result["payload"]["data"] == {"rename": "Bob"}
    assert complete["type"] == "complete"


async def test_an_id_is_free_again_after_completion(gateway: Client) -> None:
    async with connected(gateway) as socket:
        for _ in range(3):
            await subscribe(socket, "{ hello }")
            assert (await socket.receive_json())["type"] == "next"
            assert (await socket.receive_json())["type"] == "complete"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "subscription { nope }"}, "GRAPHQL_VALIDATION_FAILED"),
        (
            {"query": "subscription($to: Int!) { count(to: $to) }", "variables": {"to": "x"}},
            "BAD_USER_INPUT",
        ),
        ({}, "BAD_REQUEST"),
        (None, "BAD_REQUEST"),
    ],
)
async def test_a_refused_operation_is_an_error_and_the_socket_lives(
    gateway: Client, payload: object, code: str
) -> None:
    async with connected(gateway) as socket:
        await socket.send_json({"id": "1", "type": "subscribe", "payload": payload})
        refused = await socket.receive_json()
        await socket.send_json({"type": "ping"})

        assert (refused["id"], refused["type"]) == ("1", "error")
        assert refused["payload"][0]["extensions"]["code"] == code
        assert await socket.receive_json() == {"type": "pong"}


async def test_the_token_may_come_in_the_first_message(
    open_gateway: OpenGateway, issuer: Issuer
) -> None:
    gateway = await open_gateway(token="")
    operator = issuer.token(role="OPERATOR", tenant_id=None, partner_id=None)
    payload = {
        "Authorization": f"Bearer {operator}",
        "X-Tenant-Id": TENANT,
        "x-tenant-reason": "Ticket 7",
    }

    async with connected(gateway, initialised=False) as socket:
        await socket.send_json({"type": "ping"})
        await socket.send_json({"type": "connection_init", "payload": payload})
        assert await socket.receive_json() == {"type": "pong"}
        assert await socket.receive_json() == {"type": "connection_ack"}
        await subscribe(socket, "{ tenant }")
        result = await socket.receive_json()

    assert result["payload"]["data"] == {"tenant": str(TENANT_ID)}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "connection_init", "payload": {"authorization": "Bearer a.b.c"}}, 4403),
        ({"type": "connection_init", "payload": []}, 4403),
        ({"type": "connection_init", "payload": "x"}, 4400),
        ({"type": "subscribe", "id": "1", "payload": {"query": "{ hello }"}}, 4401),
        ({"type": 7}, 4400),
        ([], 4400),
    ],
)
async def test_a_wrong_start_closes_the_socket(
    open_gateway: OpenGateway, message: object, code: int
) -> None:
    gateway = await open_gateway(token="")

    async with connected(gateway, initialised=False) as socket:
        await socket.send_json(message)

        assert await closing_code(socket) == code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "connection_init"}, 4429),
        ({"type": "start", "id": "1"}, 4400),
        ({"type": "subscribe", "payload": {"query": "{ hello }"}}, 4400),
        ({"type": "complete", "id": 7}, 4400),
    ],
)
async def test_a_wrong_message_closes_the_socket(
    gateway: Client, message: object, code: int
) -> None:
    async with connected(gateway) as socket:
        await socket.send_json(message)

        assert await closing_code(socket) == code


async def test_what_is_no_json_text_closes_the_socket(gateway: Client) -> None:
    async with connected(gateway) as socket:
        await socket.send_str("{")
        assert await closing_code(socket) == 4400
    async with connected(gateway) as socket:
        await socket.send_bytes(b"{}")
        assert await closing_code(socket) == 4400


async def test_an_id_in_use_closes_the_socket(gateway: Client) -> None:
    async with connected(gateway) as socket:
        await subscribe(socket, "subscription { silence }")
        await subscribe(socket, "{ hello }")

        assert await closing_code(socket) == 4409


async def test_who_stays_silent_is_not_waited_for(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(limits={"socket_init_seconds": 0})

    async with connected(gateway, initialised=False) as socket:
        assert await closing_code(socket) == 4408


async def test_only_so_many_operations_run_on_a_socket(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(limits={"subscriptions_per_socket": 2})

    async with connected(gateway) as socket:
        for id_ in ("1", "2", "3"):
            await subscribe(socket, "subscription { silence }", id_=id_)
        refused = await socket.receive_json()
        await socket.send_json({"id": "1", "type": "complete"})
        await subscribe(socket, "{ hello }", id_="4")
        result = await socket.receive_json()

    assert (refused["id"], refused["payload"][0]["extensions"]["code"]) == ("3", "LIMIT_EXCEEDED")
    assert (result["id"], result["type"]) == ("4", "next")


async def test_a_completed_subscription_stops_and_unknown_ids_are_ignored(
    gateway: Client,
) -> None:
    async with connected(gateway) as socket:
        await subscribe(socket, "subscription { silence }")
        await socket.send_json({"id": "1", "type": "complete"})
        await socket.send_json({"id": "nobody", "type": "complete"})
        await socket.send_json({"type": "pong"})
        await subscribe(socket, "{ hello }")

        assert (await socket.receive_json())["type"] == "next"


async def test_a_socket_ends_with_its_token(open_gateway: OpenGateway, issuer: Issuer) -> None:
    gateway = await open_gateway(token=issuer.token(exp=int(time.time()) + 1))

    async with connected(gateway) as socket:
        await subscribe(socket, "subscription { silence }")

        assert await closing_code(socket) == 4403


async def test_a_message_too_large_closes_the_socket(gateway: Client) -> None:
    async with connected(gateway) as socket:
        await subscribe(socket, "x" * 200_000)

        assert await closing_code(socket) == 1009


@pytest.mark.parametrize("protocols", [[], ["graphql-ws"]])
async def test_the_legacy_protocol_is_not_spoken(gateway: Client, protocols: list[str]) -> None:
    async with gateway.ws_connect("/graphql", protocols=protocols) as socket:
        assert await closing_code(socket) == 4406


async def test_foreign_pages_open_no_socket(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(allowed_origins=frozenset({"https://portal.example.test"}))
    own = f"http://{gateway.host}:{gateway.port}"

    for origin in ("https://portal.example.test", own):
        async with connected(gateway, origin=origin) as socket:
            await subscribe(socket, "{ hello }")
            assert (await socket.receive_json())["type"] == "next"
    with pytest.raises(WSServerHandshakeError) as refused:
        async with connected(gateway, origin="https://evil.example.test"):
            pass

    assert refused.value.status == 403


async def test_a_stopping_gateway_says_that_it_goes_away(gateway: Client) -> None:
    async with connected(gateway) as socket:
        await subscribe(socket, "subscription { silence }")
        closing = asyncio.create_task(gateway.server.close())

        code = await closing_code(socket)
        await closing

    assert code == 1001
