"""Sets aside groups of amounts, and posts or voids them: each group whole or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger.chart import Phase, TransferCode, Unit
from services.billing.ledger.model import Account, Posting
from services.billing.ledger.operations import (
    POSTINGS_MAX,
    call_group,
    item_of,
    post_many,
    resolution_of,
)

# Row-level security keeps it in the tenant.
_LOCK: Final = (
    select(Account.id)
    .where(Account.id == func.any(bindparam("ids", type_=ARRAY(Uuid()))))
    .order_by(Account.tenant_id, Account.id)
    .with_for_update(key_share=True)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The end of an amount that was set aside."""

    id: UUID
    pending_id: UUID
    # What it is posted as; of what is voided, what it was set aside as.
    code: TransferCode
    unit: Unit
    trade_detail: int | None = None


async def post_all(session: AsyncSession, *, postings: Sequence[Posting]) -> None:
    """Move amounts of many groups, however many they are; the first that is refused stops all.

    All accounts are locked first and in the ledger's order: calls one after another, each with
    some, could wait for others in a circle.

    :raises InsufficientBalance, UnitMismatch, AccountClosing, TransferIdReused:
    """
    accounts = {one.debit_account_id for one in postings}
    accounts |= {one.credit_account_id for one in postings}
    if len(postings) > POSTINGS_MAX:
        await session.execute(_LOCK, {"ids": list(accounts)})
    for start in range(0, len(postings), POSTINGS_MAX):
        part = postings[start : start + POSTINGS_MAX]
        for outcome in await post_many(session, postings=part):
            if outcome.refusal is not None:
                raise outcome.refusal


async def reserve_group(
    session: AsyncSession, *, group_id: UUID, postings: Sequence[Posting], expire_time: datetime
) -> bool:
    """Set all the amounts aside or none; give false where this very group was before.

    :raises InsufficientBalance, UnitMismatch, AccountClosing, TransferIdReused:
    """
    items = [
        item_of(posting, phase=Phase.PENDING, group_id=group_id, expire_time=expire_time)
        for posting in postings
    ]
    return await call_group(session, items)


async def post_pending_group(
    session: AsyncSession, *, group_id: UUID, resolutions: Sequence[Resolution]
) -> bool:
    """Move all that was set aside, or nothing.

    :raises TransferResolved: where any of it was posted, voided, or has expired.
    """
    return await call_group(session, _items(resolutions, phase=Phase.POST, group_id=group_id))


async def void_pending_group(
    session: AsyncSession, *, group_id: UUID, resolutions: Sequence[Resolution]
) -> bool:
    """Let all that was set aside return.

    :raises TransferResolved: where any of it was posted, voided, or has expired.
    """
    return await call_group(session, _items(resolutions, phase=Phase.VOID, group_id=group_id))


def _items(
    resolutions: Sequence[Resolution], *, phase: Phase, group_id: UUID
) -> list[dict[str, Any]]:
    return [
        resolution_of(one.id, pending_id=one.pending_id, code=one.code, phase=phase)
        | {"unit": str(one.unit), "group_id": group_id, "trade_detail": one.trade_detail}
        for one in resolutions
    ]
