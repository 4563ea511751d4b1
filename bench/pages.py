"""Measures pages of a month's consumption: deep ones against the first, large months against small.

The real billing service on a real PostgreSQL, called over gRPC as the gateway calls it. Prints one
JSON line per figure. BENCH_ROWS_MAX leaves out larger months.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import UUID

import asyncpg
from google.protobuf.field_mask_pb2 import FieldMask

from bench.parts.consumption_rows import fill
from bench.parts.figures import ROUNDS, Side, report, say
from bench.parts.processes import Running
from gateway.billing.consumption import CONSUMPTION
from gateway.clients import Clients
from gateway.kit.loading import READ_SECONDS, Calls, read
from partner.billing.v1 import consumption_pb2
from partner_center import environments
from partner_center.databases import prepare_databases
from partner_center.keys import make_keys
from partner_center.postgres import EmbeddedPostgres
from partner_center.settings import Settings
from services.billing.consumption.cycles import cycle_text
from services.kit.client import Channels, TokenSource
from services.kit.identity import Principal, Role, TokenSigner
from services.kit.migrations import run_migrations

ROWS_MAX: Final = int(os.environ.get("BENCH_ROWS_MAX", "10000000"))
# Months of one tenant: how many rows each has, and which page of it is a deep one.
MONTHS: Final[Mapping[date, tuple[int, int]]] = {
    date(2026, 8, 1): (10_000, 100),
    date(2026, 9, 1): (1_000_000, 1_000),
    date(2026, 10, 1): (10_000_000, 1_000),
}
PAGE_SIZE: Final = 100
STEP_MAX: Final = 500
CALLS_A_ROUND: Final = 20
TENANT: Final = UUID("01900000-0000-7000-8000-000000000001")
ADMINISTRATOR: Final = Principal("bench", Role.ADMINISTRATOR, tenant_id=TENANT, partner_id=TENANT)
# What a page of the demo's query shows.
MASK: Final = FieldMask(
    paths=[
        "id",
        "customer_id",
        "service_type_name",
        "resource_name",
        "consume_time",
        "usage_amount",
        "usage_unit",
        "list_amount",
        "payable_amount",
    ]
)
# Data that live for minutes need no disk; what is loaded with its table needs no log.
FAST: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "maintenance_work_mem": "1GB",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
}


class Pages:
    """Pages of one month, asked of the billing service."""

    def __init__(self, calls: Calls, cycle: date) -> None:
        self._calls = calls
        self._filter = consumption_pb2.ConsumptionFilter(billing_cycle=cycle_text(cycle))

    async def page(self, token: str, *, size: int = PAGE_SIZE) -> Any:
        request = consumption_pb2.ListConsumptionDetailsRequest(
            page_size=size, page_token=token, filter=self._filter, read_mask=MASK
        )
        rpc = CONSUMPTION["ListConsumptionDetails"]
        return await read(rpc, await self._calls(rpc, request, timeout=READ_SECONDS))

    async def token_of(self, number: int) -> str:
        """Walk to a page and give the token that it is asked with."""
        token, missing = "", (number - 1) * PAGE_SIZE
        while missing:
            size = min(STEP_MAX, missing)
            token = (await self.page(token, size=size)).next_page_token
            missing -= size
        return token

    async def milliseconds(self, token: str) -> float:
        """Give the usual time of a page; every answer must be a full one."""
        times = []
        for _ in range(CALLS_A_ROUND):
            started = time.perf_counter()
            response = await self.page(token)
            times.append((time.perf_counter() - started) * 1_000)
            assert len(response.details) == PAGE_SIZE
        return median(times)


async def measure(calls: Calls, months: Mapping[date, tuple[int, int]]) -> None:
    pages = {cycle: Pages(calls, cycle) for cycle in months}
    say("walking to the deep pages")
    tokens = {cycle: await pages[cycle].token_of(deep) for cycle, (_, deep) in months.items()}
    first: dict[date, list[float]] = {cycle: [] for cycle in months}
    later: dict[date, list[float]] = {cycle: [] for cycle in months}
    for _ in range(ROUNDS):
        for cycle, token in tokens.items():
            first[cycle].append(await pages[cycle].milliseconds(""))
            later[cycle].append(await pages[cycle].milliseconds(token))
    beginnings = {}
    for cycle, (count, deep) in months.items():
        beginnings[count] = Side(f"page 1 of {count} rows", first[cycle], "ms")
        deeper = Side(f"page {deep} of {count} rows", later[cycle], "ms")
        report(f"pages.{count}.{deep}_to_1", deeper, to=beginnings[count], at_most=1.5)
    smallest, largest = min(beginnings), max(beginnings)
    if largest > smallest:
        report(
            f"pages.1.{largest}_to_{smallest}",
            beginnings[largest],
            to=beginnings[smallest],
            at_most=2,
        )


async def load(url: str, months: Mapping[date, tuple[int, int]]) -> None:
    owner = await asyncpg.connect(url, command_timeout=None)
    for cycle, (count, _) in months.items():
        started = time.perf_counter()
        await fill(owner, tenant_id=TENANT, cycle=cycle, count=count)
        say(f"{count} rows loaded in {time.perf_counter() - started:.0f} s")
    await owner.close()


async def main() -> None:
    months = {cycle: month for cycle, month in MONTHS.items() if month[0] <= ROWS_MAX}
    for count, _ in MONTHS.values():
        if count > ROWS_MAX:
            say(f"BENCH_ROWS_MAX leaves out the month of {count} rows")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        settings = Settings.chosen(Path(folder), port=0, environment={})
        keys = make_keys(settings.keys.folder)
        passwords = keys.database_passwords()
        async with EmbeddedPostgres(settings.data_dir, settings=FAST) as postgres:
            await prepare_databases(postgres.admin_url, passwords)
            databases = environments.embedded_databases(postgres.admin_url, passwords)
            await asyncio.to_thread(run_migrations, "billing", url=databases.owner["billing"])
            await load(databases.owner["billing"], months)
            environment = environments.of_service(
                "billing",
                settings=settings,
                databases=databases,
                environment={"ENVIRONMENT": "production"},
            )
            billing = Running(
                "billing",
                ["services.billing"],
                address=settings.addresses["billing"],
                folder=settings.data_dir,
                environment=environment,
            )
            async with billing:
                signer = TokenSigner.from_file(keys.signing_key("gateway"), workload="gateway")
                channels = Channels(settings.addresses, tokens=TokenSource(signer))
                await measure(Clients(channels).speaking_for(ADMINISTRATOR), months)
                await channels.close()


if __name__ == "__main__":
    asyncio.run(main())
