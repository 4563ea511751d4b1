"""Measures exports of consumption: rows per second, memory, and the same bytes after kill -9.

Prints one JSON line per figure. The service is a process of its own, as in production; what is
measured of it is its largest resident set. BENCH_EXPORT_ROWS names another number of rows.
"""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg

from bench.parts.consumption_rows import fill
from bench.parts.figures import Side, limit, report, say
from bench.parts.processes import Running, cpu_seconds
from partner.billing.v1 import consumption_pb2, exports_pb2, exports_pb2_grpc
from partner.type.v1 import exports_pb2 as terms
from partner_center.databases import prepare_databases
from partner_center.environments import embedded_databases, of_service
from partner_center.keys import make_keys
from partner_center.postgres import EmbeddedPostgres
from partner_center.settings import Settings
from services.kit.client import Caller, TokenSource
from services.kit.identity import Principal, Role, TokenSigner
from services.kit.migrations import run_migrations

ROWS: Final = int(os.environ.get("BENCH_EXPORT_ROWS", "1000000"))
MEBIBYTES_MAX: Final = 200
CYCLE: Final = date(2026, 9, 1)
TENANT: Final = UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0001)
MEBIBYTE: Final = 1024


@dataclass(frozen=True)
class Billing:
    """The service's process, and calls to it as the partner's administrator."""

    process: Running
    caller: Caller
    principal: Principal

    async def create(self, format_: Any) -> exports_pb2.Export:
        listed = exports_pb2.ExportedList(
            consumption_details=consumption_pb2.ConsumptionFilter(billing_cycle=f"{CYCLE:%Y-%m}")
        )
        request = exports_pb2.CreateExportRequest(
            request_id=str(uuid4()), format=format_, list=listed
        )
        return await self.caller(self._stub.CreateExport, request, principal=self.principal)

    async def get(self, id_: str) -> exports_pb2.Export:
        request = exports_pb2.BatchGetExportsRequest(ids=[id_])
        found = await self.caller(self._stub.BatchGetExports, request, principal=self.principal)
        export: exports_pb2.Export = found.exports[0]
        return export

    async def reached(self, id_: str, *, rows: int) -> exports_pb2.Export:
        """Wait until so many rows are written, or the export is over."""
        while True:
            export = await self.get(id_)
            is_over = export.state not in (terms.EXPORT_STATE_QUEUED, terms.EXPORT_STATE_RUNNING)
            if is_over or export.rows_done >= rows:
                return export
            await asyncio.sleep(0.1)

    async def finished(self, id_: str) -> exports_pb2.Export:
        export = await self.reached(id_, rows=ROWS + 1)
        assert export.state == terms.EXPORT_STATE_COMPLETED, export
        return export

    @property
    def _stub(self) -> Any:
        return exports_pb2_grpc.ExportServiceStub(self.caller.channel)

    @property
    def mebibytes_max(self) -> float:
        """Give the largest resident set that the process ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / MEBIBYTE


@asynccontextmanager
async def serving(settings: Settings, environment: Mapping[str, str]) -> AsyncIterator[Billing]:
    address = settings.addresses["billing"]
    process = Running(
        "billing",
        ["services.billing"],
        address=address,
        folder=settings.data_dir,
        environment=environment,
    )
    signer = TokenSigner.from_file(settings.keys.signing_key("gateway"), workload="gateway")
    principal = Principal(
        subject="bench", role=Role.ADMINISTRATOR, tenant_id=TENANT, partner_id=TENANT
    )
    async with process:
        caller = Caller("billing", address, tokens=TokenSource(signer))
        try:
            yield Billing(process, caller, principal)
        finally:
            await caller.close()


async def measure(settings: Settings, environment: Mapping[str, str]) -> None:
    async with serving(settings, environment) as billing:
        whole = await written(billing, terms.EXPORT_FORMAT_CSV)
    async with serving(settings, environment) as billing:
        await written(billing, terms.EXPORT_FORMAT_XLSX)
    async with serving(settings, environment) as billing:
        half = await billing.create(terms.EXPORT_FORMAT_CSV)
        await billing.reached(half.id, rows=ROWS // 2)
        os.kill(billing.process.pid, signal.SIGKILL)
    async with serving(settings, environment) as billing:
        started = time.perf_counter()
        half = await billing.finished(half.id)
        say(f"killed half-way, finished {time.perf_counter() - started:.0f} s after the restart")
    same = Side("same bytes after kill -9", [float(half.sha256 == whole.sha256)], "yes or no")
    report("exports.csv.killed", same, to=limit(1, "yes"), at_least=1)


async def written(billing: Billing, format_: Any) -> exports_pb2.Export:
    """Write one export, and report its speed and the memory it took."""
    started = time.perf_counter()
    export = await billing.finished((await billing.create(format_)).id)
    seconds = time.perf_counter() - started
    assert export.rows_done == ROWS, export
    name = terms.ExportFormat.Name(format_).removeprefix("EXPORT_FORMAT_").lower()
    # On a machine that others use, the time of the processor says more.
    notes = {"seconds": round(seconds), "cpu_seconds": round(cpu_seconds(billing.process.pid))}
    speed = Side(f"{name} of {ROWS} rows", [ROWS / seconds], "rows/s", notes)
    report(f"exports.{name}.rows", speed, to=limit(1, "rows/s"))
    memory = Side(f"{name}: largest resident set", [billing.mebibytes_max], "MiB")
    report(f"exports.{name}.memory", memory, to=limit(MEBIBYTES_MAX, "MiB"), at_most=1)
    return export


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        settings = Settings.chosen(Path(folder), port=0, environment={})
        keys = make_keys(settings.keys.folder)
        async with EmbeddedPostgres(settings.data_dir) as postgres:
            passwords = keys.database_passwords()
            await prepare_databases(postgres.admin_url, passwords)
            databases = embedded_databases(postgres.admin_url, passwords)
            await asyncio.to_thread(run_migrations, "billing", url=databases.owner["billing"])
            owner = await asyncpg.connect(databases.owner["billing"], command_timeout=None)
            await fill(owner, tenant_id=TENANT, cycle=CYCLE, count=ROWS)
            await owner.close()
            environment = of_service(
                "billing", settings=settings, databases=databases, environment={}
            )
            await measure(settings, environment)


if __name__ == "__main__":
    asyncio.run(main())
