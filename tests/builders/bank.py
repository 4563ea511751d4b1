"""A bank that is never quiet: many writers move money by every way there is, others look on."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.billing.ledger.chart import Phase, TransferCode
from services.kit.ids import new_id

REFUSED = "LG001"
BATCH = 8
CENTS_MAX = 120
# Sums in one snapshot: of everything, of what is held, and the least that anybody could spend.
LOOK = """
    SELECT sum(credits_posted - debits_posted)::bigint AS everything,
        sum(credits_pending - debits_pending)::bigint AS pending,
        sum(credits_posted - debits_posted) FILTER (WHERE guard = 1)::bigint AS held,
        min(credits_posted - debits_posted - debits_pending) FILTER (WHERE guard = 1) AS least
    FROM accounts
"""


@dataclass
class Bank:
    """The accounts of one tenant, and what was done with them."""

    url: str
    tenant_id: UUID
    accounts: Sequence[UUID]
    seconds: float
    moved: int = 0
    refused: int = 0
    # How long each call took.
    latencies: list[float] = field(default_factory=list)
    looks: list[tuple[int, int, int, int]] = field(default_factory=list)

    async def write(self, seed: int) -> None:
        """Post one by one, in batches, and in two phases, until the time is over."""
        random = Random(seed)  # noqa: S311 - no secret
        ways: list[Callable[[Any, Random], Awaitable[None]]] = [self._post, self._batch, self._hold]
        end = time.perf_counter() + self.seconds
        async with self._connection() as connection:
            while time.perf_counter() < end:
                way = random.choices(ways, weights=(6, 1, 2))[0]
                await way(connection, random)

    async def watch(self, *, pause: float) -> None:
        """Sum up all accounts in one snapshot after another, until the time is over."""
        end = time.perf_counter() + self.seconds
        async with self._connection() as connection:
            while time.perf_counter() < end:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    self.looks.append(tuple(await connection.fetchrow(LOOK)))
                await asyncio.sleep(pause)

    def percentile(self, share: float) -> float:
        """Give in milliseconds what so many of the calls did not exceed."""
        ordered = sorted(self.latencies)
        return round(ordered[int(share * (len(ordered) - 1))] * 1000, 1)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self.url)
        await connection.execute("SELECT set_config('app.tenant', $1, false)", str(self.tenant_id))
        try:
            yield connection
        finally:
            await connection.close()

    async def _post(self, connection: Any, random: Random) -> None:
        item = self._item(random, phase=Phase.POSTED)
        self.moved += await self._call(connection, "SELECT ledger_post($1::jsonb)", item)

    async def _batch(self, connection: Any, random: Random) -> None:
        items = [self._item(random, phase=Phase.POSTED, n=n) for n in range(BATCH)]
        self.moved += await self._many(connection, items)

    async def _hold(self, connection: Any, random: Random) -> None:
        """Set an amount aside, and let a part of it go or all of it return."""
        item = self._item(random, phase=Phase.PENDING)
        if not await self._call(connection, "SELECT ledger_post($1::jsonb)", item):
            return
        phase = random.choice((Phase.POST, Phase.VOID))
        amount = random.randint(1, item["amount"]) if phase is Phase.POST else None
        second = {"n": 0, "id": new_id(), "code": item["code"], "phase": phase, "amount": amount}
        unit = {"unit": item["unit"], "pending_id": item["id"]}
        self.moved += await self._many(connection, [second | unit])

    async def _call(self, connection: Any, query: str, item: dict[str, Any]) -> bool:
        begun = time.perf_counter()
        try:
            await connection.execute(query, orjson.dumps(item, default=str).decode())
        except asyncpg.PostgresError as error:
            if error.sqlstate != REFUSED:
                raise
            self.refused += 1
            return False
        finally:
            self.latencies.append(time.perf_counter() - begun)
        return True

    async def _many(self, connection: Any, items: Sequence[dict[str, Any]]) -> int:
        begun = time.perf_counter()
        rows = await connection.fetch(
            "SELECT outcome FROM ledger_post_many($1::jsonb)",
            orjson.dumps(items, default=str).decode(),
        )
        self.latencies.append(time.perf_counter() - begun)
        moved: int = sum(row["outcome"] == "POSTED" for row in rows)
        self.refused += len(rows) - moved
        return moved

    def _item(self, random: Random, *, phase: Phase, n: int = 0) -> dict[str, Any]:
        debit, credit = random.sample(self.accounts, 2)
        return {
            "n": n,
            "id": new_id(),
            "code": TransferCode.ALLOCATE,
            "phase": phase,
            "debit_account_id": debit,
            "credit_account_id": credit,
            "amount": random.randint(1, CENTS_MAX),
            "unit": "CNY/2",
        }
