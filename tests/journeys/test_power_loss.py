"""What was acknowledged outlives a kill -9 of PostgreSQL or billing; the rest may be repeated."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import psutil
import pytest_asyncio
from sqlalchemy import text

from partner.customers.v1 import customers_pb2
from partner_center.databases import with_database
from partner_center.postgres import EmbeddedPostgres
from partner_center.verification import sealed_in, verify_service
from services.kit.database import Database
from tests.builders.billing import an_issue, grant_quota, some_customers
from tests.builders.composed import Composed, listening_anywhere, prepare_cluster
from tests.builders.customers import a_new_customer, list_names, open_tenant
from tests.builders.keys import Keys
from tests.builders.ledger import TenantLedger
from tests.builders.load import (
    WRITERS,
    Load,
    all_vouchers_are_there,
    sending,
    write_while,
)
from tests.builders.principals import an_administrator, an_operator
from tests.builders.running import RunningService
from tests.builders.service_processes import ServiceProcess
from tests.builders.tampering import seal_everything
from tests.conftest import PASSWORDS, runtime_url


@dataclass
class Cluster:
    """PostgreSQL that waits for its disk, as installations do, and two services on it."""

    postgres: EmbeddedPostgres
    customers: RunningService
    billing: RunningService

    async def lose_power(self) -> None:
        """Kill the server and each of its processes, and start it again."""
        assert self.postgres.child is not None
        leader = psutil.Process(self.postgres.child.pid)
        family = [leader, *leader.children(recursive=True)]
        # Nothing can finish while it sees others die.
        for process in family:
            process.suspend()
        for process in family:
            process.kill()
        await self.postgres.ended()
        await self.postgres.start()


@pytest_asyncio.fixture(loop_scope="session")
async def cluster(tmp_path: Path, keys: Keys) -> AsyncIterator[Cluster]:
    environment = {"ENVIRONMENT": "test"} | keys.environment() | listening_anywhere()
    async with AsyncExitStack() as stack:
        postgres = await stack.enter_async_context(EmbeddedPostgres(tmp_path))
        await prepare_cluster(postgres, passwords=PASSWORDS, services=["customers", "billing"])
        running = {}
        for service in ("customers", "billing"):
            database = Database(runtime_url(postgres, service), name=service)
            stack.push_async_callback(database.close)
            composed = Composed(service, database=database, keys=keys, environment=environment)
            running[service] = await stack.enter_async_context(composed.serving())
        yield Cluster(postgres, running["customers"], running["billing"])


async def test_acknowledged_writes_outlive_a_killed_database(cluster: Cluster) -> None:
    tenant_id = await open_tenant(cluster.customers)
    recipients = await some_customers(cluster.billing, tenant_id, 20)
    # One for each writer: they would wait for each other's.
    quotas = [
        (await grant_quota(cluster.billing, tenant_id, face_total="1000 CNY")).id
        for _ in range(WRITERS)
    ]
    issuing = Load(
        sending(cluster.billing, an_administrator(tenant_id)),
        lambda number: an_issue(
            quotas[number % WRITERS], [recipients[number % 20]], face_value="1 CNY"
        ),
    )
    making = Load(
        sending(cluster.customers, an_operator(tenant_id)),
        lambda number: customers_pb2.EnsureCustomersRequest(
            request_id=str(uuid4()), customers=[a_new_customer(f"customer-{number}")]
        ),
    )

    await write_while(cluster.lose_power, issuing, making)
    told = issuing.told() | making.told()
    broken_off = len(issuing.unanswered) + len(making.unanswered)
    await issuing.repeat_the_unanswered()
    await making.repeat_the_unanswered()

    assert broken_off, "the kill met no write"
    repeated = await issuing.repeat_all() | await making.repeat_all()
    assert repeated == issuing.told() | making.told()
    assert {request_id: repeated[request_id] for request_id in told} == told
    await all_vouchers_are_there(cluster.billing, tenant_id, issuing, quotas=quotas)
    await _all_customers_are_there(cluster.customers, tenant_id, making)
    assert await TenantLedger(cluster.billing.database, tenant_id).violations() == {}


async def test_acknowledged_writes_outlive_billing_and_its_database(
    cluster: Cluster, keys: Keys, tmp_path: Path
) -> None:
    tenant_id = await open_tenant(cluster.customers)
    recipients = await some_customers(cluster.billing, tenant_id, 20)
    quotas = [
        (await grant_quota(cluster.billing, tenant_id, face_total="1000 CNY")).id
        for _ in range(WRITERS)
    ]
    environment = {"ENVIRONMENT": "test"} | keys.environment() | listening_anywhere()
    environment["BILLING_DATABASE_URL"] = runtime_url(cluster.postgres, "billing")

    async with ServiceProcess("billing", environment, log=tmp_path / "billing.log") as billing:
        elsewhere = billing.as_seen_by(cluster.billing)
        issuing = Load(
            sending(elsewhere, an_administrator(tenant_id)),
            lambda number: an_issue(
                quotas[number % WRITERS], [recipients[number % 20]], face_value="1 CNY"
            ),
        )
        broken_off = []
        for disturb in (billing.kill_and_restart, cluster.lose_power, billing.kill_and_restart):
            await write_while(disturb, issuing)
            broken_off.append(len(issuing.unanswered))
            await issuing.repeat_the_unanswered()
        told = issuing.told()
        repeated = await issuing.repeat_all()

    assert sum(broken_off), "the kills met no write"
    assert repeated == told
    await all_vouchers_are_there(cluster.billing, tenant_id, issuing, quotas=quotas)
    assert await TenantLedger(cluster.billing.database, tenant_id).violations() == {}
    await _log_tells_each_request_once(cluster, tenant_id, issuing)


async def _log_tells_each_request_once(cluster: Cluster, tenant_id: UUID, load: Load) -> None:
    """Compare the operation log with what the clients know, and prove it row by row."""
    async with cluster.billing.database.transaction(an_operator(tenant_id)) as session:
        rows = await session.execute(
            text("SELECT request_id FROM operation_log WHERE method LIKE '%/IssueVouchers'")
        )
        logged = Counter(rows.scalars())
    assert set(logged.values()) == {1}
    assert set(load.acknowledged) <= set(logged)
    await seal_everything(cluster.billing.database, sealed_in("billing"))
    url = with_database(cluster.postgres.admin_url, "billing")
    verified = await verify_service("billing", url, tenant_ids=[tenant_id], noted={})
    [proof] = verified.tenants
    assert (proof.findings, proof.unsealed) == ([], 0)
    assert proof.sealed > len(logged)


async def _all_customers_are_there(customers: RunningService, tenant_id: UUID, load: Load) -> None:
    listed = Counter(await list_names(customers, an_administrator(tenant_id)))
    told = {answer.customers[0].external_id for _, answer in load.acknowledged.values()}
    assert told <= set(listed)
    assert set(listed.values()) == {1}
