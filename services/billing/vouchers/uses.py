"""Notes on vouchers what orders and charges do with them; the amounts move in the ledger."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.vouchers.model import Voucher
from services.kit.identity import Scope


async def note_lock(
    session: AsyncSession, *, scope: Scope, voucher_id: UUID, order_number: str
) -> None:
    """Note the unpaid order that holds a part, by a pending debit; it shows while there is one."""
    await _note(session, scope=scope, voucher_id=voucher_id, lock_order_number=order_number)


async def note_use(
    session: AsyncSession,
    *,
    scope: Scope,
    voucher_id: UUID,
    order_number: str | None,
    now: datetime,
) -> None:
    """Note that something was taken; the order is none where usage was charged."""
    number = Voucher.order_number if order_number is None else order_number
    await _note(session, scope=scope, voucher_id=voucher_id, last_use_time=now, order_number=number)


async def note_refund(
    session: AsyncSession, *, scope: Scope, voucher_id: UUID, now: datetime
) -> None:
    """Note that a refund brings value back.

    A voucher that has expired or was reclaimed does not keep it: it is due to return to the quota.
    """
    due_time = func.coalesce(Voucher.due_time, now)
    await _note(session, scope=scope, voucher_id=voucher_id, due_time=due_time)


async def _note(
    session: AsyncSession, *, scope: Scope, voucher_id: UUID, **changes: object
) -> None:
    mine = (*scope.covers(Voucher), Voucher.id == voucher_id)
    await session.execute(
        update(Voucher).where(*mine).values(**changes).execution_options(synchronize_session=False)
    )
