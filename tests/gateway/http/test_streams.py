"""Server-sent events: who gets them, how they look, and when they end."""

import asyncio
import time
from typing import Any

import pytest

from gateway.http import streams
from gateway.http.media import read_accept
from tests.gateway.http.conftest import Client, OpenGateway
from tests.gateway.http.small_gateway import Issuer

STREAM = {"Accept": "text/event-stream"}
URQL = {
    "Accept": "application/graphql-response+json, application/graphql+json, application/json, "
    "text/event-stream, multipart/mixed"
}


async def test_a_subscription_is_a_stream_of_events(gateway: Client) -> None:
    response = await gateway.post(
        "/graphql", json={"query": "subscription { count(to: 2) }"}, headers=STREAM
    )

    assert response.content_type == "text/event-stream"
    assert await response.text() == (
        'event: next\ndata: {"data":{"count":1}}\n\n'
        'event: next\ndata: {"data":{"count":2}}\n\n'
        "event: complete\ndata:\n\n"
    )


async def test_a_query_is_streamed_to_who_prefers_it(gateway: Client) -> None:
    response = await gateway.post("/graphql", json={"query": "{ hello }"}, headers=STREAM)

    events = (await response.text()).split("\n\n")
    assert events[0].startswith('event: next\ndata: {"data":{"hello":"Hello, world!"}')
    assert events[1:] == ["event: complete\ndata:", ""]


async def test_a_query_of_urql_is_answered_in_json(gateway: Client) -> None:
    response = await gateway.post("/graphql", json={"query": "{ hello }"}, headers=URQL)

    assert response.content_type == "application/graphql-response+json"


async def test_a_subscription_of_who_lists_the_stream_at_all_is_streamed(gateway: Client) -> None:
    response = await gateway.get(
        "/graphql", params={"query": "subscription { count(to: 1) }"}, headers=URQL
    )

    assert response.content_type == "text/event-stream"


async def test_a_refusal_is_no_stream(gateway: Client) -> None:
    response = await gateway.post(
        "/graphql", json={"query": "subscription { nope }"}, headers=STREAM
    )

    assert response.content_type == "application/json"
    body = await response.json()
    assert body["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_a_subscription_that_fails_says_so_in_its_stream(gateway: Client) -> None:
    response = await gateway.post(
        "/graphql", json={"query": "subscription { fails }"}, headers=STREAM
    )
    text = await response.text()

    assert '"code":"INTERNAL"' in text
    assert "hunter2" not in text
    assert text.endswith("event: complete\ndata:\n\n")


async def test_a_variable_of_the_wrong_type_ends_the_stream_at_once(gateway: Client) -> None:
    body = {"query": "subscription($to: Int!) { count(to: $to) }", "variables": {"to": "x"}}

    response = await gateway.post("/graphql", json=body, headers=STREAM)

    assert '"code":"BAD_USER_INPUT"' in await response.text()


async def test_each_event_costs_what_the_subscription_costs(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(limits={"cost_per_minute": 5})
    query = "subscription { customers { id partner { id } } }"

    response = await gateway.post("/graphql", json={"query": query}, headers=STREAM)
    events = (await response.text()).split("\n\n")

    assert [("THROTTLED" in event) for event in events[:3]] == [False, False, True]


async def test_silence_is_kept_alive_until_the_token_expires(
    open_gateway: OpenGateway, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "KEEP_ALIVE_SECONDS", 0.05)
    gateway = await open_gateway(token=issuer.token(exp=int(time.time()) + 2))

    response = await gateway.post(
        "/graphql", json={"query": "subscription { silence }"}, headers=STREAM
    )
    text = await response.text()

    assert set(text.split("\n\n")) == {":", ""}


async def test_a_stopping_gateway_ends_its_streams(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway()
    response = await gateway.post(
        "/graphql", json={"query": "subscription { silence }"}, headers=STREAM
    )

    async with asyncio.timeout(5):
        await gateway.server.close()

    assert response.status == 200


@pytest.mark.parametrize(
    ("header", "json", "prefers", "accepts"),
    [
        (None, "application/json", False, False),
        ("text/event-stream", "application/json", True, True),
        ("text/event-stream, application/json", "application/json", True, True),
        ("application/json, text/event-stream", "application/json", False, True),
        ("application/json;q=0.5, text/event-stream", "application/json", True, True),
        ("text/event-stream;q=0", "application/json", False, False),
        ("application/json;q=x", "application/json", False, False),
        ("application/*", "application/json", False, False),
        ("APPLICATION/GRAPHQL-RESPONSE+JSON", "application/graphql-response+json", False, False),
    ],
)
def test_accept_is_read_in_order_and_by_quality(
    header: str | None, json: str, prefers: Any, accepts: Any
) -> None:
    wish = read_accept(header)

    assert (wish.json, wish.prefers_stream, wish.accepts_stream) == (json, prefers, accepts)
