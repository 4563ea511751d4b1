"""Measures postings per second: batched against single, one function against six statements.

Prints one JSON line per figure. All figures are of one run on one machine, with durable commits,
so that their ratios mean something; the absolute numbers are this machine's, and so are the floors
(reliability 2.5: two cores, a local socket, the best of the rounds). What two processors of this
machine are worth is printed last.
"""

import asyncio
import math
import os
import tempfile
from pathlib import Path
from typing import Final
from uuid import uuid4

import asyncpg
import uvloop

from bench.parts.figures import ROUNDS, SECONDS, Side, limit, report, say
from bench.parts.postings import (
    BATCHES_HOT,
    FILL,
    FUNCTION_HOT,
    FUNCTION_SPREAD,
    STATEMENTS_HOT,
    STATEMENTS_SPREAD,
    Pgbench,
)
from bench.parts.processors import report_processors
from partner_center.binaries import account_for, programs_for
from partner_center.databases import ROLES, prepare_databases
from partner_center.postgres import EmbeddedPostgres
from services.kit.migrations import run_migrations

# Every writer is the ledger's owner, so that the six statements may be tried, too.
USER: Final = "owner_billing"
PASSWORD: Final = "bench"  # noqa: S105 - of a cluster that lives for a minute
WAYS: Final = (BATCHES_HOT, FUNCTION_HOT, STATEMENTS_HOT, FUNCTION_SPREAD, STATEMENTS_SPREAD)
# So many postings a second at least, on two cores.
FLOORS: Final = {
    "hot": (FUNCTION_HOT, 1_000),
    "spread": (FUNCTION_SPREAD, 3_000),
    "batches": (BATCHES_HOT, 8_000),
}


async def measure(pgbench: Pgbench, folder: Path) -> None:
    rates: dict[str, list[float]] = {way.name: [] for way in WAYS}
    for number in range(ROUNDS):
        say(f"round {number + 1}")
        for way in WAYS:
            seconds = math.ceil(SECONDS)
            rates[way.name].append(await pgbench.rate(way, seconds=seconds, folder=folder))
    sides = {way: Side(way.name, rates[way.name], "postings/s") for way in WAYS}
    single = sides[FUNCTION_HOT]
    report("ledger.hot.batched_to_single", sides[BATCHES_HOT], to=single)
    report("ledger.hot.function_to_six_statements", single, to=sides[STATEMENTS_HOT])
    report(
        "ledger.spread.function_to_six_statements",
        sides[FUNCTION_SPREAD],
        to=sides[STATEMENTS_SPREAD],
    )
    for name, (way, floor) in FLOORS.items():
        side = sides[way]
        report(f"ledger.floor.{name}", best(side), to=limit(floor, "postings/s"), at_least=1)


def best(side: Side) -> Side:
    """Give what a side reached when least else was going on, beside what it reached each time."""
    notes = {"rounds": [round(one) for one in side.values]}
    return Side(side.name, [max(side.values)], side.unit, notes)


def socket_folder(folder: Path) -> Path:
    """Make a folder for the server's socket, which another user makes where we are root."""
    sockets = folder / "sockets"
    sockets.mkdir()
    if (account := account_for(sockets)) is not None:
        folder.chmod(0o711)
        os.chown(sockets, account.uid, account.gid)
    return sockets


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        sockets = socket_folder(folder)
        settings = {"unix_socket_directories": str(sockets)}
        async with EmbeddedPostgres(folder / "data", settings=settings) as postgres:
            await prepare_databases(postgres.admin_url, dict.fromkeys(ROLES, PASSWORD))
            url = postgres.url(user=USER, password=PASSWORD, database="billing")
            await asyncio.to_thread(run_migrations, "billing", url=url)
            tenant_id = uuid4()
            connection = await asyncpg.connect(url)
            await connection.execute("SELECT set_config('app.tenant', $1, false)", str(tenant_id))
            await connection.execute(FILL, tenant_id)
            await connection.close()
            program = programs_for(None) / "pgbench"
            pgbench = Pgbench(program, sockets, postgres.port, USER, PASSWORD, tenant_id)
            await measure(pgbench, folder)


if __name__ == "__main__":
    uvloop.run(main())
    report_processors(ROUNDS)
