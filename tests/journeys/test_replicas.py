"""Several replicas behind one name: callers share them and do not notice that one ends."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest_asyncio

from partner.customers.v1 import customers_pb2, customers_pb2_grpc
from partner_center.postgres import EmbeddedPostgres, free_port
from services.kit.client import Caller, TokenSource
from services.kit.identity import Principal
from tests.builders.counted import rpcs_handled
from tests.builders.customers import a_new_customer, a_request_id, list_names, open_tenant
from tests.builders.keys import Keys
from tests.builders.principals import an_administrator, an_operator
from tests.builders.running import RunningService
from tests.conftest import runtime_url

CALLERS = 8
SECONDS = 30
CALLS_BETWEEN = 50
RunService = Callable[[str], Awaitable[RunningService]]


@dataclass
class Replica:
    """`python -m services.customers` beside the one in the test's process."""

    port: int
    child: asyncio.subprocess.Process

    async def stop(self) -> int:
        self.child.terminate()
        return await self.child.wait()


@pytest_asyncio.fixture(loop_scope="session")
async def start_replica(
    postgres: EmbeddedPostgres, environment: dict[str, str], tmp_path: Path
) -> AsyncIterator[Callable[[int], Awaitable[Replica]]]:
    replicas: list[Replica] = []

    async def start(port: int) -> Replica:
        own = {"CUSTOMERS_LISTEN": f"127.0.0.1:{port}", "BILLING_ADDRESS": "127.0.0.1:1"}
        own["CUSTOMERS_DATABASE_URL"] = runtime_url(postgres, "customers")
        with (tmp_path / f"{port}-{len(replicas)}.log").open("wb") as log:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "services.customers"),
                env=os.environ | environment | own,
                stderr=log,
            )
        replicas.append(Replica(port, child))
        return replicas[-1]

    yield start
    for replica in replicas:
        if replica.child.returncode is None:
            replica.child.kill()
        await replica.child.wait()


@dataclass
class Load:
    """Reads and writes without end, and what went wrong."""

    caller: Caller
    tenant_id: UUID
    answered: int = 0
    failed: list[grpc.aio.AioRpcError] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    _here_before: Counter[str] = field(default_factory=rpcs_handled)

    @property
    def answered_here(self) -> int:
        return (rpcs_handled() - self._here_before).total()

    @property
    def answered_there(self) -> int:
        """Count the calls that the replica in the other process answered."""
        return self.answered - self.answered_here

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        callers = [asyncio.create_task(self._call_for_ever()) for _ in range(CALLERS)]
        try:
            yield
        finally:
            for one in callers:
                one.cancel()
            await asyncio.gather(*callers, return_exceptions=True)

    async def go_on(self, *, count: Callable[[], int]) -> None:
        """Wait until so many calls more were answered."""
        enough = count() + CALLS_BETWEEN
        async with asyncio.timeout(SECONDS):
            while count() < enough:  # noqa: ASYNC110 - counted by other tasks
                await asyncio.sleep(0.01)

    async def _call_for_ever(self) -> None:
        stub: Any = customers_pb2_grpc.CustomerServiceStub(self.caller.channel)
        while True:
            name = a_request_id()
            making = customers_pb2.EnsureCustomersRequest(
                request_id=a_request_id(), customers=[a_new_customer(name)]
            )
            if await self._call(stub.EnsureCustomers, making, an_operator(self.tenant_id)):
                self.made.add(name)
            reading = customers_pb2.ListCustomersRequest(page_size=1)
            await self._call(stub.ListCustomers, reading, an_administrator(self.tenant_id))

    async def _call(self, rpc: Any, request: Any, principal: Principal) -> bool:
        try:
            await self.caller(rpc, request, principal=principal, timeout=10)
        except grpc.aio.AioRpcError as error:
            self.failed.append(error)
            return False
        self.answered += 1
        return True


async def test_a_replica_that_stops_under_load_is_not_noticed(
    running: RunService, keys: Keys, start_replica: Callable[[int], Awaitable[Replica]]
) -> None:
    stays = await running("customers")
    tenant_id = await open_tenant(stays)
    port = free_port()
    replica = await start_replica(port)
    target = f"ipv4:127.0.0.1:{stays.server.port},127.0.0.1:{port}"
    caller = Caller("customers", target, tokens=TokenSource(keys.signers["gateway"]))
    load = Load(caller, tenant_id)

    async with load.running():
        await load.go_on(count=lambda: load.answered_there)
        assert await replica.stop() == 0
        await load.go_on(count=lambda: load.answered_here)
        await start_replica(port)
        await load.go_on(count=lambda: load.answered_there)
    await caller.close()

    assert load.failed == []
    names = await list_names(stays, an_administrator(tenant_id))
    assert load.made <= set(names)
    assert len(names) == len(set(names))
