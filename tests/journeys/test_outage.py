"""A service that is down takes its own fields with it and nothing else, until it is back."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest_asyncio

from partner_center.postgres import free_port
from tests.builders.billing import an_issue, grant_quota
from tests.builders.composed import Composed
from tests.builders.customers import open_tenant
from tests.builders.graphs import Graph
from tests.builders.keys import Keys
from tests.builders.principals import an_administrator
from tests.builders.running import RunningService
from tests.builders.tenants import add_known_customers

Services = Mapping[str, RunningService]
SECONDS = 15
QUERY = """
query Both($today: String!) {
  customers(first: 2) {
    nodes {
      id
      resources { nodes { id } }
      vouchers { nodes { faceValue { amount } } }
      consumptionDetails(filter: {billingCycle: $today}) { nodes { id } }
    }
  }
  voucherQuotas { nodes { id } }
  programs { nodes { id } }
}
"""


@dataclass
class Street:
    """A gateway of its own before the shared services and a billing service that can go away."""

    graph: Graph
    environment: dict[str, str]
    keys: Keys
    shared: RunningService
    _billing: list[RunningService] = field(default_factory=list)

    async def start_billing(self) -> None:
        composed = Composed(
            "billing", database=self.shared.database, keys=self.keys, environment=self.environment
        )
        await composed.running.start(listen=self.environment["BILLING_LISTEN"])
        self._billing.append(composed.running)

    async def stop_billing(self) -> None:
        while self._billing:
            await self._billing.pop().stop()


@pytest_asyncio.fixture(loop_scope="session")
async def street(
    services: Services, environment: dict[str, str], keys: Keys, tmp_path: Path
) -> AsyncIterator[Street]:
    address = f"127.0.0.1:{free_port()}"
    own = environment | {"BILLING_LISTEN": address, "BILLING_ADDRESS": address}
    async with Graph(tmp_path, environment=own, keys=keys) as graph:
        street = Street(graph, own, keys, services["billing"])
        await street.start_billing()
        yield street
        await street.stop_billing()


async def _seed(services: Services) -> UUID:
    tenant_id = await open_tenant(services["customers"])
    customers = await add_known_customers(services, tenant_id, 2)
    quota = await grant_quota(services["billing"], tenant_id)
    await services["billing"].call(
        an_issue(quota.id, customers), principal=an_administrator(tenant_id)
    )
    return tenant_id


async def test_the_rest_is_answered_and_it_comes_back_by_itself(
    services: Services, street: Street
) -> None:
    tenant_id = await _seed(services)

    async def ask() -> tuple[object, set[tuple[str, str]]]:
        answer = await street.graph(QUERY, principal=an_administrator(tenant_id), today="2026-01")
        assert all(len(error["path"]) in {1, 4} for error in answer.errors)
        return answer.data, {
            (error["path"][-1], error["extensions"]["code"]) for error in answer.errors
        }

    whole, before = await ask()
    await street.stop_billing()
    partial, meanwhile = await ask()
    status, health = await street.graph.get("/health/ready")
    await street.start_billing()
    async with asyncio.timeout(SECONDS):
        while (await ask())[1]:  # noqa: ASYNC110 - asked over HTTP
            await asyncio.sleep(0.1)
    again, _ = await ask()

    assert before == set()
    assert meanwhile == {
        ("vouchers", "SERVICE_UNAVAILABLE"),
        ("consumptionDetails", "SERVICE_UNAVAILABLE"),
        ("voucherQuotas", "SERVICE_UNAVAILABLE"),
    }
    assert partial == _without_billing(whole)
    assert (status, health["services"]["billing"]) == (503, "not serving")
    assert again == whole


def _without_billing(whole: object) -> object:
    """Give the answer with what billing knows taken out."""
    assert isinstance(whole, dict)
    gone = {"vouchers": None, "consumptionDetails": None}
    customers = [one | gone for one in whole["customers"]["nodes"]]
    return whole | {"customers": {"nodes": customers}, "voucherQuotas": None}
