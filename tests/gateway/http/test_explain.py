"""Plans beside answers: `X-Explain: 1`, for whom, and the metrics of who answered."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from gateway.app import create_app
from gateway.context import Context
from gateway.http.caller import Caller
from gateway.schema import schema
from gateway.settings import Execution
from services.kit.config import Environment
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs
from tests.gateway.http.small_gateway import TENANT, Issuer

QUERY = "{ customers(first: 2) { nodes { name resources(first: 1) { nodes { state } } } } }"
EXPLAIN = {"X-Explain": "1"}
PRODUCTION = {"environment": Environment.PRODUCTION, "introspection": False}

Gateway = TestClient[Any, Any]
Open = Callable[..., Awaitable[Gateway]]


@pytest.fixture
async def open_graph(issuer: Issuer) -> AsyncIterator[Open]:
    """Start a gateway with the real graph over rpcs that answer what they are told."""
    async with AsyncExitStack() as stack:

        async def open_(**settings: Any) -> Gateway:
            rpcs = Rpcs(ListCustomers=messages.customers(2), BatchListResources=messages.RESOURCES)

            def context(caller: Caller) -> Context:
                return Context(calls=rpcs, caller=caller)

            app = create_app(
                issuer.settings(**settings),
                schema=schema,
                context_factory=context,
                readiness=_all_serving,
            )
            headers = {"Authorization": f"Bearer {issuer.token()}"}
            return await stack.enter_async_context(TestClient(TestServer(app), headers=headers))

        yield open_


async def asked(gateway: Gateway, query: str, **headers: str) -> dict[str, Any]:
    """Give the body of an answer."""
    response = await gateway.post("/graphql", json={"query": query}, headers=headers)
    body: dict[str, Any] = await response.json()
    return body


async def test_the_plan_shows_the_steps_of_this_very_run(open_graph: Open) -> None:
    body = await asked(await open_graph(), QUERY, **EXPLAIN)

    plan = body["extensions"]["plan"]
    times = [step.pop("milliseconds") for step in plan["steps"]]
    assert plan == {
        "executor": "compiled",
        "steps": [
            {
                "source": "customers",
                "rpc": "/partner.customers.v1.CustomerService/ListCustomers",
                "level": 0,
                "keys": 0,
                "readMask": ["name", "id"],
            },
            {
                "source": "resources",
                "rpc": "/partner.customers.v1.ResourceService/BatchListResources",
                "level": 1,
                "keys": 2,
                "readMask": ["state"],
            },
        ],
    }
    assert all(0 < milliseconds < 5_000 for milliseconds in times)


async def test_the_plan_says_why_the_reference_executor_answered(open_graph: Open) -> None:
    gateway = await open_graph()

    introspected = await asked(gateway, "{ __schema { queryType { name } } }", **EXPLAIN)
    failed = await asked(
        gateway, "{ programs { nodes { id } } customers { nodes { id } } }", **EXPLAIN
    )

    assert introspected["extensions"]["plan"] == {
        "executor": "reference",
        "reason": "introspection",
        "steps": [],
    }
    plan = failed["extensions"]["plan"]
    assert (plan["executor"], plan["reason"]) == ("reference", "failure")
    assert {step["source"] for step in plan["steps"]} == {"programs", "customers"}
    assert failed["data"]["customers"]["nodes"]


@pytest.mark.parametrize("headers", [{}, {"X-Explain": "0"}, {"X-Explain": "true"}])
async def test_who_does_not_ask_for_a_plan_gets_none(
    open_graph: Open, headers: dict[str, str]
) -> None:
    for settings in ({}, PRODUCTION):
        body = await asked(await open_graph(**settings), QUERY, **headers)

        assert body["data"]
        assert body["extensions"].keys() == {"cost"}


async def test_an_installation_that_runs_the_reference_executor_says_so(open_graph: Open) -> None:
    body = await asked(await open_graph(executor=Execution.REFERENCE), QUERY, **EXPLAIN)

    assert body["extensions"]["plan"] == {
        "executor": "reference",
        "reason": "configured",
        "steps": [],
    }


async def test_in_production_nobody_of_a_partner_sees_plans(open_graph: Open) -> None:
    gateway = await open_graph(**PRODUCTION)

    response = await gateway.post("/graphql", json={"query": QUERY}, headers=EXPLAIN)

    body = await response.json()
    assert response.status == 403
    assert "data" not in body
    assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"]


async def test_in_production_operators_see_plans(open_graph: Open, issuer: Issuer) -> None:
    gateway = await open_graph(**PRODUCTION)
    token = issuer.token(role="OPERATOR", tenant_id=None, partner_id=None)
    operator = {
        "Authorization": f"Bearer {token}",
        "X-Tenant-Id": TENANT,
        "X-Tenant-Reason": "a slow page",
    }

    body = await asked(gateway, QUERY, **operator, **EXPLAIN)

    assert body["extensions"]["plan"]["executor"] == "compiled"


async def test_metrics_count_who_answered_and_what_plans_asked(open_graph: Open) -> None:
    gateway = await open_graph()
    for query in (QUERY, QUERY, "{ me { subject } }", "{ __schema { queryType { name } } }"):
        await asked(gateway, query)

    text = await (await gateway.get("/metrics")).text()

    assert samples(text, "graphql_executions_total") == {
        ("compiled", ""): 3,
        ("reference", "introspection"): 1,
    }
    customers = "/partner.customers.v1.CustomerService/ListCustomers"
    resources = "/partner.customers.v1.ResourceService/BatchListResources"
    assert samples(text, "graphql_plan_steps_total") == {(customers,): 2, (resources,): 2}
    assert samples(text, "graphql_plan_keys_total") == {(customers,): 0, (resources,): 4}


def samples(text: str, name: str) -> dict[tuple[str, ...], float]:
    """Read a metric from Prometheus' text: the values of its labels → its value."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


async def _all_serving() -> dict[str, bool]:
    return {"customers": True, "billing": True}
