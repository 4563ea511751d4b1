"""What was acknowledged is there after a kill -9 of PostgreSQL; the rest may be repeated."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import psutil
import pytest_asyncio
from google.protobuf.message import Message
from sqlalchemy import text

from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2
from partner.customers.v1 import customers_pb2
from partner_center.postgres import EmbeddedPostgres
from services.billing.ledger.invariants import INVARIANTS
from services.kit.database import Database
from services.kit.identity import Principal
from tests.builders.billing import an_issue, grant_quota, some_customers
from tests.builders.composed import Composed, listening_anywhere, prepare_cluster
from tests.builders.customers import a_new_customer, list_names, open_tenant
from tests.builders.keys import Keys
from tests.builders.principals import a_system, an_administrator, an_operator
from tests.builders.running import RunningService
from tests.conftest import PASSWORDS, runtime_url

WRITERS = 4
SECONDS = 30
BEFORE_THE_KILL = 40
AFTER_THE_KILL = 20


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


@dataclass
class Load:
    """Writes without end by several clients, and what they were told."""

    send: Callable[[Message], Awaitable[Any]]
    requests: Callable[[int], Message]
    acknowledged: dict[str, tuple[Message, Any]] = field(default_factory=dict)
    unanswered: dict[str, Message] = field(default_factory=dict)

    async def write(self, numbers: "itertools.count[int]") -> None:
        for number in numbers:
            request: Any = self.requests(number)
            try:
                answer = await self.send(request)
            except grpc.aio.AioRpcError:
                self.unanswered[request.request_id] = request
            else:
                self.acknowledged[request.request_id] = (request, answer)

    def told(self) -> dict[str, Any]:
        return {request_id: answer for request_id, (_, answer) in self.acknowledged.items()}

    async def repeat_the_unanswered(self) -> None:
        for request_id, request in list(self.unanswered.items()):
            self.acknowledged[request_id] = (request, await self.send(request))
            del self.unanswered[request_id]

    async def repeat_all(self) -> dict[str, Any]:
        """Send everything again, and give what it was answered this time."""
        requests = [request for request, _ in self.acknowledged.values()]
        answers = await asyncio.gather(*map(self.send, requests))
        return dict(zip(self.acknowledged, answers, strict=True))

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(SECONDS):
            while len(self.acknowledged) < count:  # noqa: ASYNC110 - counted by other tasks
                await asyncio.sleep(0.01)


def sending(service: RunningService, principal: Principal) -> Callable[[Message], Awaitable[Any]]:
    async def send(request: Message) -> Any:
        return await service.call(request, principal=principal, timeout=2)

    return send


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

    await _write_while(cluster.lose_power, issuing, making)
    told = issuing.told() | making.told()
    broken_off = len(issuing.unanswered) + len(making.unanswered)
    await issuing.repeat_the_unanswered()
    await making.repeat_the_unanswered()

    assert broken_off, "the kill met no write"
    repeated = await issuing.repeat_all() | await making.repeat_all()
    assert repeated == issuing.told() | making.told()
    assert {request_id: repeated[request_id] for request_id in told} == told
    await _all_vouchers_are_there(cluster.billing, tenant_id, issuing, quotas=quotas)
    await _all_customers_are_there(cluster.customers, tenant_id, making)
    assert await _broken_invariants(cluster.billing, tenant_id) == {}


async def _write_while(disturb: Callable[[], Awaitable[None]], *loads: Load) -> None:
    """Let all write, disturb them in the middle, and stop when all write again."""
    writers = []
    for load in loads:
        numbers = itertools.count()
        writers += [asyncio.create_task(load.write(numbers)) for _ in range(WRITERS)]
    for load in loads:
        await load.reach(BEFORE_THE_KILL)
    await disturb()
    for load in loads:
        await load.reach(len(load.acknowledged) + AFTER_THE_KILL)
    for writer in writers:
        writer.cancel()
    ends = await asyncio.gather(*writers, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends


async def _all_vouchers_are_there(
    billing: RunningService, tenant_id: UUID, load: Load, *, quotas: list[str]
) -> None:
    told = {answer.results[0].voucher.id for _, answer in load.acknowledged.values()}
    listed: set[str] = set()
    request = vouchers_pb2.ListVouchersRequest(page_size=500)
    while True:
        page = await billing.call(request, principal=an_administrator(tenant_id))
        listed |= {voucher.id for voucher in page.vouchers}
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    # What was cancelled when the load ended is neither told nor repeated.
    assert told <= listed
    assert len(listed) <= len(told) + WRITERS
    left = await billing.call(
        voucher_quotas_pb2.BatchGetVoucherQuotasRequest(ids=quotas),
        principal=an_administrator(tenant_id),
    )
    balance = sum(int(quota.balance.amount) for quota in left.quotas)
    assert balance == 1000 * WRITERS - len(listed)


async def _all_customers_are_there(customers: RunningService, tenant_id: UUID, load: Load) -> None:
    listed = Counter(await list_names(customers, an_administrator(tenant_id)))
    told = {answer.customers[0].external_id for _, answer in load.acknowledged.values()}
    assert told <= set(listed)
    assert set(listed.values()) == {1}


async def _broken_invariants(billing: RunningService, tenant_id: UUID) -> dict[str, Any]:
    broken = {}
    for name, query in INVARIANTS.items():
        async with billing.database.transaction(a_system(tenant_id)) as session:
            if rows := (await session.execute(text(query))).all():
                broken[name] = rows
    return broken
