"""A billing process is killed with -9 half-way through an export; the next one finishes it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import psutil

from bench.parts.consumption_rows import fill
from partner.billing.v1 import exports_pb2, exports_pb2_grpc
from partner.type.v1 import exports_pb2 as terms
from partner_center.postgres import EmbeddedPostgres, free_port
from services.kit.client import Caller, TokenSource
from services.kit.identity import Principal
from services.kit.migrations import run_migrations
from tests.builders.exports import ask_for
from tests.builders.keys import Keys
from tests.builders.principals import a_tenant, an_administrator
from tests.conftest import MakeDatabase, owner_url, runtime_url

# Three parts.
ROWS = 120_000
MEBIBYTES_MAX = 200
CYCLE = date(2026, 9, 1)
SECONDS = 200
OVER = {terms.EXPORT_STATE_COMPLETED, terms.EXPORT_STATE_FAILED}


@dataclass(frozen=True)
class Billing:
    """The service as a process of its own, called by the partner's administrator."""

    process: asyncio.subprocess.Process
    caller: Caller
    principal: Principal

    async def call(self, name: str, request: Any) -> Any:
        """Call an rpc, and again as long as the process is coming up."""
        rpc = getattr(exports_pb2_grpc.ExportServiceStub(self.caller.channel), name)
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    return await self.caller(rpc, request, principal=self.principal)
                except grpc.aio.AioRpcError as error:
                    if error.code() is not grpc.StatusCode.UNAVAILABLE:
                        raise
                    await asyncio.sleep(0.2)

    async def reached(self, export: Any, *, rows: int) -> Any:
        """Wait until so many rows are written, or the export is over."""
        request = exports_pb2.BatchGetExportsRequest(ids=[export.id])
        async with asyncio.timeout(SECONDS):
            while True:
                [now] = (await self.call("BatchGetExports", request)).exports
                if now.rows_done >= rows or now.state in OVER:
                    return now
                await asyncio.sleep(0.05)

    @property
    def mebibytes(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 2**20


@asynccontextmanager
async def billing(
    environment: dict[str, str], *, keys: Keys, principal: Principal
) -> AsyncIterator[Billing]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.billing",
        env=environment,
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.DEVNULL,
    )
    tokens = TokenSource(keys.signers["gateway"])
    caller = Caller("billing", environment["BILLING_LISTEN"], tokens=tokens)
    try:
        yield Billing(process, caller, principal)
    finally:
        await caller.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_an_export_survives_kill_9_with_the_same_bytes(
    postgres: EmbeddedPostgres,
    empty_database: MakeDatabase,
    environment: dict[str, str],
    keys: Keys,
    tmp_path: Path,
) -> None:
    name, tenant_id = await empty_database("billing"), a_tenant()
    owner = owner_url(postgres, "billing", database=name)
    await asyncio.to_thread(run_migrations, "billing", url=owner)
    connection = await asyncpg.connect(owner, command_timeout=None)
    await fill(connection, tenant_id=tenant_id, cycle=CYCLE, count=ROWS)
    await connection.close()
    known = environment | {
        "BILLING_DATABASE_URL": runtime_url(postgres, "billing", database=name),
        "BILLING_LISTEN": f"127.0.0.1:{free_port()}",
        "EXPORT_DIRECTORY": str(tmp_path),
    }
    principal = an_administrator(tenant_id)
    request = ask_for(exports_pb2, consumption_details={"billing_cycle": "2026-09"})
    again = ask_for(exports_pb2, consumption_details={"billing_cycle": "2026-09"})

    async with billing(known, keys=keys, principal=principal) as service:
        export = await service.call("CreateExport", request)
        halfway = await service.reached(export, rows=1)
        service.process.kill()
    async with billing(known, keys=keys, principal=principal) as service:
        finished = await service.reached(export, rows=ROWS + 1)
        other = await service.call("CreateExport", again)
        undisturbed = await service.reached(other, rows=ROWS + 1)
        mebibytes = service.mebibytes

    assert 0 < halfway.rows_done < ROWS == halfway.rows_total
    assert {finished.state, undisturbed.state} == {terms.EXPORT_STATE_COMPLETED}
    assert finished.rows_done == undisturbed.rows_done == ROWS
    assert finished.sha256 == undisturbed.sha256
    assert mebibytes <= MEBIBYTES_MAX
