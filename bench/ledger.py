"""Measures postings per second: batched against single, one function against six statements.

Prints one JSON line per figure. All figures are of one run on one machine, with durable commits,
so that their ratios mean something; the absolute numbers are this machine's, and so are the floors
(reliability 2.5: two cores, the best of the rounds).
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvloop

from bench.parts.figures import ROUNDS, Side, limit, report, say
from partner_center.databases import ROLES, prepare_databases
from partner_center.postgres import EmbeddedPostgres
from services.kit.ids import new_id
from services.kit.migrations import run_migrations

SECONDS_A_ROUND = 2.0
WRITERS = 8
# As charging and settlement post (POSTINGS_MAX).
BATCH = 500
# So many postings a second at least, on two cores.
FLOORS = {"hot": 1_000, "spread": 3_000, "batches": 8_000}
ACCOUNTS = 1000
PASSWORD = "bench"  # noqa: S105 - of a cluster that lives for a minute

SIX_STATEMENTS = (
    "SELECT * FROM accounts WHERE tenant_id = $1 AND id IN ($2, $3) ORDER BY id FOR NO KEY UPDATE",
    (
        "INSERT INTO transfers (tenant_id, id, code, phase, debit_account_id, credit_account_id,"
        " amount, effective_time, create_time) VALUES ($1, $2, 2, 1, $3, $4, 1, now(), now())"
    ),
    (
        "UPDATE accounts SET debits_posted = debits_posted + 1, version = version + 1"
        " WHERE tenant_id = $1 AND id = $2 RETURNING version, credits_posted - debits_posted"
    ),
    (
        "UPDATE accounts SET credits_posted = credits_posted + 1, version = version + 1"
        " WHERE tenant_id = $1 AND id = $2 RETURNING version, credits_posted - debits_posted"
    ),
    "INSERT INTO entries VALUES ($1, $2, $3, $4, -1, $5, now())",
    "INSERT INTO entries VALUES ($1, $2, $3, $4, 1, $5, now())",
)

Post = Callable[[Any, UUID, UUID], Awaitable[int]]


class Bench:
    """A tenant with a source of money and many accounts, and ways to post between them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.tenant_id = uuid4()
        self.source = new_id()
        self.accounts = [new_id() for _ in range(ACCOUNTS)]

    async def prepare(self, connection: Any) -> None:
        rows = [
            (self.tenant_id, one, new_id(), 1, "CNY/2", 0) for one in (self.source, *self.accounts)
        ]
        await connection.executemany(
            "INSERT INTO accounts (tenant_id, id, holder_id, kind, unit, guard)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            rows,
        )

    def item(self, debit: UUID, credit: UUID, *, n: int = 0) -> dict[str, Any]:
        return {
            "n": n,
            "id": str(new_id()),
            "code": 2,
            "phase": 1,
            "debit_account_id": str(debit),
            "credit_account_id": str(credit),
            "amount": 1,
            "unit": "CNY/2",
        }

    async def by_function(self, connection: Any, debit: UUID, credit: UUID) -> int:
        item = orjson.dumps(self.item(debit, credit)).decode()
        await connection.execute("SELECT ledger_post($1::jsonb)", item)
        return 1

    async def by_batch(self, connection: Any, debit: UUID, credit: UUID) -> int:
        others = (credit, *self.accounts[: BATCH - 1])
        items = [self.item(debit, one, n=n) for n, one in enumerate(others) if one != debit]
        content = orjson.dumps(items).decode()
        await connection.execute("SELECT * FROM ledger_post_many($1::jsonb)", content)
        return len(items)

    async def by_six_statements(self, connection: Any, debit: UUID, credit: UUID) -> int:
        transfer_id = new_id()
        lock, transfer, take, give, *entries = SIX_STATEMENTS
        async with connection.transaction():
            await connection.execute(lock, self.tenant_id, debit, credit)
            await connection.execute(transfer, self.tenant_id, transfer_id, debit, credit)
            for update, account, entry in ((take, debit, entries[0]), (give, credit, entries[1])):
                version, balance = await connection.fetchrow(update, self.tenant_id, account)
                await connection.execute(
                    entry, self.tenant_id, account, version, transfer_id, balance
                )
        return 1

    async def rate(self, post: Post, *, hot: bool) -> float:
        """Post for a while with many writers; give postings per second."""
        connections = [await self.connect() for _ in range(WRITERS)]
        for connection in connections:
            # What a connection learns at its first posting, those of services know already.
            await post(connection, self.source, self.accounts[0])
        started = time.perf_counter()
        counts = await asyncio.gather(
            *(
                self._write(post, connection, hot=hot, random=Random(seed))  # noqa: S311
                for seed, connection in enumerate(connections)
            )
        )
        elapsed = time.perf_counter() - started
        for connection in connections:
            await connection.close()
        return sum(counts) / elapsed

    async def connect(self) -> Any:
        connection = await asyncpg.connect(self.url)
        # Every writer is the ledger's owner, so that the six statements may be tried, too.
        await connection.execute("SELECT set_config('app.tenant', $1, false)", str(self.tenant_id))
        return connection

    async def _write(self, post: Post, connection: Any, *, hot: bool, random: Random) -> int:
        count, end = 0, time.perf_counter() + SECONDS_A_ROUND
        while time.perf_counter() < end:
            debit, credit = random.sample(self.accounts, 2)
            count += await post(connection, self.source if hot else debit, credit)
        return count


async def measure(url: str) -> None:
    bench = Bench(url)
    connection = await bench.connect()
    await bench.prepare(connection)
    await connection.close()
    ways: dict[str, tuple[Post, bool]] = {
        "one by one, hot account": (bench.by_function, True),
        "in batches, hot account": (bench.by_batch, True),
        "six statements, hot account": (bench.by_six_statements, True),
        "one by one, spread": (bench.by_function, False),
        "six statements, spread": (bench.by_six_statements, False),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS):
        say(f"round {number + 1}")
        for name, (post, hot) in ways.items():
            rates[name].append(await bench.rate(post, hot=hot))
    sides = [Side(name, values, "postings/s") for name, values in rates.items()]
    single, batched, six, spread, six_spread = sides
    report("ledger.hot.batched_to_single", batched, to=single)
    report("ledger.hot.function_to_six_statements", single, to=six)
    report("ledger.spread.function_to_six_statements", spread, to=six_spread)
    for name, side in zip(FLOORS, (single, spread, batched), strict=True):
        report(f"ledger.floor.{name}", best(side), to=limit(FLOORS[name], "postings/s"), at_least=1)


def best(side: Side) -> Side:
    """Give what a side reached when least else was going on."""
    return Side(side.name, [max(side.values)], side.unit)


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with EmbeddedPostgres(Path(folder) / "data") as postgres:
            await prepare_databases(postgres.admin_url, dict.fromkeys(ROLES, PASSWORD))
            url = postgres.url(user="owner_billing", password=PASSWORD, database="billing")
            await asyncio.to_thread(run_migrations, "billing", url=url)
            await measure(url)


if __name__ == "__main__":
    uvloop.run(main())
