"""What every response carries and every request leaves behind."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from gateway.app import create_app
from gateway.http import health
from services.kit import ids
from tests.gateway.http.conftest import Client, OpenGateway
from tests.gateway.http.small_gateway import OTHER_TENANT_ID, TENANT_ID, Issuer
from tests.gateway.http.small_schema import schema

PORTAL = "https://portal.example.test"


async def test_a_request_id_is_kept_or_made(gateway: Client) -> None:
    kept = await gateway.post(
        "/graphql", json={"query": "{ hello }"}, headers={"X-Request-Id": "my-id.1"}
    )
    made = await gateway.post("/graphql", json={"query": "{ hello }"})
    replaced = await gateway.get("/health/live", headers={"X-Request-Id": "a b\tc"})

    assert kept.headers["X-Request-Id"] == "my-id.1"
    assert re.fullmatch(r"[0-9a-f]{32}", made.headers["X-Request-Id"])
    assert re.fullmatch(r"[0-9a-f]{32}", replaced.headers["X-Request-Id"])


async def test_one_line_is_logged_for_each_operation(gateway: Client) -> None:
    with capture_logs() as logs:
        await gateway.post(
            "/graphql",
            json={"query": "query Page { customers(first: 2) { nodes { id } } broken }"},
            headers={"X-Request-Id": "abc"},
        )

    (line,) = (each for each in logs if each["event"] == "operation")
    expected = {
        "request_id": "abc",
        "transport": "http",
        "kind": "query",
        "name": "Page",
        "subject": "admin",
        "role": "ADMINISTRATOR",
        "tenant_id": str(TENANT_ID),
        "code": "INTERNAL",
        "errors": 1,
        "requested_cost": 2,
        "actual_cost": 2,
    }
    assert {name: line[name] for name in expected} == expected
    (trace,) = (each for each in logs if each["event"] == "resolver failed")
    assert trace["request_id"] == "abc"
    assert isinstance(trace["exc_info"], RuntimeError)


async def test_metrics_count_requests_and_operations(gateway: Client) -> None:
    await gateway.post("/graphql", json={"query": "query Page { hello }"})
    await gateway.post("/graphql", json={"query": "{"})
    await gateway.get("/nowhere/at/all")

    text = await (await gateway.get("/metrics")).text()

    assert 'graphql_operations_total{code="OK",kind="query",operation="Page"} 1.0' in text
    assert 'graphql_requests_refused_total{code="GRAPHQL_PARSE_FAILED"} 1.0' in text
    assert 'http_requests_total{method="POST",route="/graphql",status="200"} 2.0' in text
    assert 'http_requests_total{method="GET",route="none",status="404"} 1.0' in text
    assert "/nowhere" not in text


async def test_names_that_clients_invent_do_not_fill_the_metrics(gateway: Client) -> None:
    for number in range(250):
        await gateway.post("/graphql", json={"query": f"query Q{number} {{ hello }}"})

    text = await (await gateway.get("/metrics")).text()

    assert text.count("graphql_operations_total{") == 201
    assert 'operation="other"} 50.0' in text


async def test_without_allowed_origins_no_page_may_read(gateway: Client) -> None:
    response = await gateway.get("/health/live", headers={"Origin": PORTAL})

    assert "Access-Control-Allow-Origin" not in response.headers


async def test_an_allowed_origin_may_ask_and_read(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(allowed_origins=frozenset({PORTAL}))
    asking = {"Origin": PORTAL, "Access-Control-Request-Method": "POST"}

    preflight = await gateway.options("/graphql", headers=asking)
    response = await gateway.post(
        "/graphql", json={"query": "{ hello }"}, headers={"Origin": PORTAL}
    )
    stranger = await gateway.post(
        "/graphql", json={"query": "{ hello }"}, headers={"Origin": "https://evil.example.test"}
    )

    assert preflight.status == 204
    assert "authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert preflight.headers["Access-Control-Allow-Origin"] == PORTAL
    assert response.headers["Access-Control-Allow-Origin"] == PORTAL
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "Access-Control-Allow-Origin" not in stranger.headers
    assert "Origin" in ", ".join(stranger.headers.getall("Vary"))


async def test_options_without_an_origin_tells_the_methods(gateway: Client) -> None:
    response = await gateway.options("/graphql")

    assert response.headers["Allow"] == "GET, POST, OPTIONS"


async def test_the_schema_is_public_text(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(token="", introspection=False)

    response = await gateway.get("/schema.graphql")

    assert response.status == 200
    assert "type Query {" in await response.text()


async def test_readiness_asks_the_services(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    states: dict[str, bool] = {"customers": True, "billing": False}
    hanging = asyncio.Event()
    hanging.set()

    async def readiness() -> Mapping[str, bool]:
        await hanging.wait()
        return states

    app = create_app(
        issuer.settings(),
        schema=schema,
        context_factory=lambda caller: {"caller": caller},
        readiness=readiness,
    )
    monkeypatch.setattr(health, "READINESS_SECONDS", 0.1)
    async with TestClient(TestServer(app)) as gateway:
        one_away = await gateway.get("/health/ready")
        states["billing"] = True
        all_there = await gateway.get("/health/ready")
        hanging.clear()
        none_answers = await gateway.get("/health/ready")
        live = await gateway.get("/health/live")

        assert (one_away.status, all_there.status, none_answers.status) == (503, 200, 503)
        assert (await one_away.json())["services"] == {
            "customers": "serving",
            "billing": "not serving",
        }
        assert (await all_there.json())["status"] == "ready"
        assert live.status == 200


async def test_a_defect_of_the_gateway_is_masked_too(issuer: Issuer) -> None:
    def broken(caller: object) -> Any:
        raise RuntimeError("hunter2")

    async def readiness() -> Mapping[str, bool]:
        raise RuntimeError("hunter2")

    app = create_app(
        replace(issuer.settings()), schema=schema, context_factory=broken, readiness=readiness
    )
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    async with TestClient(TestServer(app), headers=headers) as gateway:
        executed = await gateway.post("/graphql", json={"query": "{ hello }"})
        subscribed = await gateway.post(
            "/graphql",
            json={"query": "subscription { count }"},
            headers={"Accept": "text/event-stream"},
        )
        asked = await gateway.get("/health/ready")

        assert (executed.status, asked.status) == (500, 500)
        for response in (executed, subscribed, asked):
            text = await response.text()
            assert "hunter2" not in text
            assert response.headers["X-Request-Id"] in text


async def test_tenants_do_not_share_a_budget(open_gateway: OpenGateway, issuer: Issuer) -> None:
    other = ids.to_text("ptr", OTHER_TENANT_ID)
    gateway = await open_gateway(limits={"cost_per_minute": 20})
    query = {"query": "{ customers { nodes { id partner { id } } } }"}

    mine = await gateway.post("/graphql", json=query)
    theirs = await gateway.post(
        "/graphql",
        json={"query": "{ customers(first: 20) { nodes { id } } }"},
        headers={
            "Authorization": f"Bearer {issuer.token(tenant_id=other, partner_id=other)}",
        },
    )

    assert (await mine.json())["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "errors" not in await theirs.json()
