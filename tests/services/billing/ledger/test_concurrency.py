"""Many writers at once: races have one winner, and nobody waits for ever."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger import operations
from services.billing.ledger.chart import TransferCode
from services.billing.ledger.model import TransferResolved
from services.kit.errors import Refusal
from services.kit.ids import new_id
from tests.builders.ledger import YUAN, TenantLedger

HOLDS = 200
TASKS = 8
# Fewer than the pool has, so that none waits for one; and few enough for a busy machine: each
# waits for all others that came before, and for two seconds at most.
CONNECTIONS = 6
LATER = datetime.now(UTC) + timedelta(days=1)


async def test_each_of_200_holds_is_resolved_once_by_post_void_or_expire(
    ledger: TenantLedger,
) -> None:
    first = await ledger.open(filled_with=10 * HOLDS)
    second = await ledger.open()
    holds = [await ledger.reserve(first, second, 10, expire_time=LATER) for _ in range(HOLDS)]
    at_once = asyncio.Semaphore(CONNECTIONS)

    async def resolve(kind: str, hold_id: UUID) -> str:
        async with at_once:
            try:
                async with ledger.transaction(now=LATER if kind == "expire" else None) as session:
                    return await _resolve(session, kind, hold_id, ledger=ledger)
            except Refusal as refusal:
                return refusal.reason

    kinds = ["post", "void", "expire"] * TASKS
    calls = [resolve(kind, hold_id) for hold_id in holds for kind in kinds[:TASKS]]
    Random(1).shuffle(calls)  # noqa: S311 - no secret
    outcomes = Counter(await asyncio.gather(*calls))

    done = outcomes["post"] + outcomes["void"] + outcomes["expire"]
    assert done == HOLDS
    assert min(outcomes["post"], outcomes["void"], outcomes["expire"]) > 0
    assert outcomes["TRANSFER_RESOLVED"] == HOLDS * TASKS - done
    assert (await ledger.account(first)).held.amount == 0
    assert await ledger.cents(second) == 10 * outcomes["post"]
    assert not await ledger.violations()


async def _resolve(session: AsyncSession, kind: str, hold_id: UUID, *, ledger: TenantLedger) -> str:
    said: dict[str, Any] = {
        "id": new_id(),
        "pending_id": hold_id,
        "code": TransferCode.ORDER_HOLD,
    }
    if kind == "post":
        await operations.post_pending(session, **said, amount=None, unit=YUAN)
    elif kind == "void":
        await operations.void_pending(session, **said)
    else:
        # The sweeper takes whatever is due; whose turn it is, it may come too late for.
        scope = ledger.principal.scope
        if not await operations.expire_pending(session, scope=scope, at_most=1):
            raise TransferResolved("somebody else was quicker")
    return kind


async def test_twins_of_a_posting_have_one_effect(ledger: TenantLedger) -> None:
    first, second = await ledger.open(filled_with=15), await ledger.open()
    transfer_id = new_id()

    outcomes = await asyncio.gather(
        *(ledger.post(first, second, 10, transfer_id=transfer_id) for _ in range(20))
    )

    assert outcomes.count(True) == 1
    assert await ledger.cents(second) == 10


async def test_transfers_to_and_fro_do_not_deadlock(ledger: TenantLedger) -> None:
    first, second = await ledger.open(filled_with=100), await ledger.open(filled_with=100)

    await asyncio.gather(
        *(ledger.post(*pair, 1) for pair in ((first, second), (second, first)) for _ in range(30))
    )

    assert await ledger.cents(first) == await ledger.cents(second) == 100
