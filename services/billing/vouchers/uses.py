"""Notes that vouchers were used, or that unpaid orders hold them; the ledger moves the money."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.vouchers.model import Voucher


async def note_use(
    session: AsyncSession,
    *,
    tenant_id: UUID,
    voucher_ids: Sequence[UUID],
    order_number: str | None,
    now: datetime,
) -> None:
    """Note when vouchers were used, and for which order if it was for one."""
    values: dict[str, Any] = {"last_use_time": now}
    if order_number is not None:
        values["order_number"] = order_number
    await _update(session, tenant_id, voucher_ids, values)


async def lock_for_order(
    session: AsyncSession, *, tenant_id: UUID, voucher_ids: Sequence[UUID], order_number: str
) -> None:
    """Note that an unpaid order holds a part of vouchers; the rest stays usable."""
    await _update(session, tenant_id, voucher_ids, {"lock_order_number": order_number})


async def release(
    session: AsyncSession, *, tenant_id: UUID, voucher_ids: Sequence[UUID], order_number: str
) -> None:
    """Note that an order holds nothing of vouchers any more."""
    mine = Voucher.lock_order_number == order_number
    await _update(session, tenant_id, voucher_ids, {"lock_order_number": None}, mine)


async def _update(
    session: AsyncSession,
    tenant_id: UUID,
    voucher_ids: Sequence[UUID],
    values: dict[str, Any],
    *conditions: ColumnElement[bool],
) -> None:
    if not voucher_ids:
        return
    # In the order of ids, so that two of these wait for each other and never in a circle.
    locked = (
        select(Voucher.id)
        .where(Voucher.tenant_id == tenant_id, Voucher.id.in_(voucher_ids), *conditions)
        .order_by(Voucher.id)
        .with_for_update()
        .cte("locked")
    )
    await session.execute(
        update(Voucher)
        .where(Voucher.tenant_id == tenant_id, Voucher.id.in_(select(locked.c.id)))
        .values(values)
        .execution_options(synchronize_session=False)
    )
