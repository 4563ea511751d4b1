"""Many writers at once: money is conserved in every snapshot, and races have one winner."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from services.billing.ledger import operations
from services.billing.ledger.chart import TransferCode
from services.billing.ledger.model import InsufficientBalance
from services.kit.errors import Refusal
from services.kit.ids import new_id
from tests.builders.ledger import YUAN, TenantLedger

WRITERS = 8
LATER = datetime.now(UTC) + timedelta(days=1)


async def test_every_snapshot_adds_up_while_writers_move_money(
    ledger: TenantLedger, connections: Mapping[str, Any]
) -> None:
    accounts = [await ledger.open(filled_with=300) for _ in range(6)]
    writers = [
        asyncio.create_task(write(ledger, accounts, random=Random(seed)))  # noqa: S311 - no secret
        for seed in range(WRITERS)
    ]
    snapshots = []

    while not all(writer.done() for writer in writers):
        snapshots.append(await look(connections["runtime"], ledger.tenant_id))
    moved = sum(await asyncio.gather(*writers))

    assert moved > WRITERS * 10
    assert len(snapshots) > 5
    # All there is came from six clearing accounts, which went down by as much.
    assert set(snapshots) == {(0, 1800)}
    assert sum([await ledger.cents(account) for account in accounts]) == 1800
    assert not await ledger.violations()


async def write(ledger: TenantLedger, accounts: list[UUID], *, random: Random) -> int:
    """Move amounts between random accounts one by one and in batches; count what moved."""
    moved = 0
    for step in range(40):
        postings = [
            ledger.posting(*random.sample(accounts, 2), random.randint(1, 200))
            for _ in range(1 if step % 2 else 8)
        ]
        try:
            async with ledger.transaction() as session:
                if len(postings) == 1:
                    moved += await operations.post(session, posting=postings[0])
                else:
                    outcomes = await operations.post_many(session, postings=postings)
                    moved += sum(outcome.refusal is None for outcome in outcomes)
        except InsufficientBalance:
            continue
    return moved


async def look(connection: Any, tenant_id: UUID) -> tuple[int, int]:
    """Sum up every account in one snapshot: all of them, and those that may not be negative."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SELECT set_config('app.tenant', $1, true)", str(tenant_id))
        row = await connection.fetchrow(
            "SELECT sum(credits_posted - debits_posted) AS everything,"
            " sum(credits_posted - debits_posted) FILTER (WHERE guard = 1) AS held,"
            " min(credits_posted - debits_posted) FILTER (WHERE guard = 1) AS least FROM accounts"
        )
    assert row["least"] >= 0
    return int(row["everything"]), int(row["held"])


async def test_a_pending_transfer_has_one_winner_among_post_void_and_expire(
    ledger: TenantLedger,
) -> None:
    first = await ledger.open(filled_with=1000)
    second = await ledger.open()
    pendings = [await ledger.reserve(first, second, 10, expire_time=LATER) for _ in range(20)]

    async def resolve(kind: str, pending_id: UUID) -> str:
        said: dict[str, Any] = {
            "id": new_id(), "pending_id": pending_id, "code": TransferCode.ORDER_HOLD
        }  # fmt: skip
        try:
            async with ledger.transaction() as session:
                if kind == "post":
                    await operations.post_pending(session, **said, amount=None, unit=YUAN)
                else:
                    await operations.void_pending(session, **said)
        except Refusal as refusal:
            return refusal.reason
        return kind

    async def expire() -> str:
        async with ledger.transaction(now=LATER) as session:
            done = await operations.expire_pending(session, scope=ledger.principal.scope, at_most=3)
        return f"expired {done}"

    calls = [resolve(kind, one) for one in pendings for kind in ("post", "void", "post", "void")]
    outcomes = Counter(await asyncio.gather(*calls, *(expire() for _ in range(10))))

    expired = sum(int(word.split()[1]) * n for word, n in outcomes.items() if "expired" in word)
    assert outcomes["post"] + outcomes["void"] + expired == 20
    assert outcomes["TRANSFER_RESOLVED"] == 80 - outcomes["post"] - outcomes["void"]
    assert (await ledger.account(first)).held.amount == 0
    assert await ledger.cents(second) == 10 * outcomes["post"]
    assert not await ledger.violations()


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
