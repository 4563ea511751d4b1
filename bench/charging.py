"""Measures how many rows of usage a charging run charges a second, on a real PostgreSQL.

Prints one JSON line per figure: few customers with much usage each, and many with little. Each row
becomes a consumption detail, in the sums, and what it takes is moved in the ledger; commits are
durable. The floor is 5,000 rows a second on two cores.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import asyncpg

from bench.parts.figures import ROUNDS, Side, limit, report, say
from bench.parts.usage_rows import NOW, Meters
from partner_center.databases import ROLES, prepare_databases
from partner_center.postgres import EmbeddedPostgres
from services.billing.payments import jobs
from services.kit.database import Database
from services.kit.migrations import run_migrations

ROWS: Final = int(os.environ.get("BENCH_ROWS_MAX", "20000"))
FLOOR: Final = 5_000
# How many customers share the rows of a round.
CROWDS: Final = {"few customers": 20, "many customers": 1_000}
PASSWORD = "bench"  # noqa: S105 - of a cluster that lives for a minute


async def rate(meters: Meters, owner: Any) -> float:
    """Let a round's rows wait, and give how many of them a run charges a second."""
    await meters.bring(owner, each=ROWS // len(meters.customer_ids))
    started = time.perf_counter()
    done = await jobs.charge(meters.database, NOW)
    elapsed = time.perf_counter() - started
    if done != ROWS:
        message = f"{done} of {ROWS} rows were charged"
        raise AssertionError(message)
    return done / elapsed


async def measure(url: str, owner_url: str) -> None:
    database = Database(url, name="billing")
    owner = await asyncpg.connect(owner_url)
    await owner.execute("SELECT set_config('app.tenant', 'every', false)")
    await owner.execute("SELECT set_config('app.role', 'SYSTEM', false)")
    for name, customers in CROWDS.items():
        say(f"{name}: preparing")
        meters = Meters(database, customers=customers)
        await meters.prepare()
        await owner.execute("SELECT set_config('app.tenant', $1, false)", str(meters.tenant_id))
        await rate(meters, owner)
        values = []
        for number in range(ROUNDS):
            values.append(await rate(meters, owner))
            say(f"{name}: round {number + 1}, {values[-1]:.0f} rows/s")
        side = Side(name, values, "rows/s", {"rows": ROWS, "customers": customers})
        report(f"charging.{name.split()[0]}", side, to=limit(FLOOR, "rows/s"), at_least=1)
    await owner.close()
    await database.close()


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with EmbeddedPostgres(Path(folder) / "data") as postgres:
            await prepare_databases(postgres.admin_url, dict.fromkeys(ROLES, PASSWORD))
            owner = postgres.url(user="owner_billing", password=PASSWORD, database="billing")
            runtime = postgres.url(user="svc_billing", password=PASSWORD, database="billing")
            await asyncio.to_thread(run_migrations, "billing", url=owner)
            await measure(runtime, owner)


if __name__ == "__main__":
    asyncio.run(main())
