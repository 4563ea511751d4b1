"""Lets what refunds bring to vouchers that are no more return to their quotas."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.vouchers.model import Voucher


async def note_refund(
    session: AsyncSession, *, tenant_id: UUID, voucher_ids: Sequence[UUID], now: datetime
) -> None:
    """Note that refunds bring value back.

    Vouchers that have expired or were reclaimed do not keep it: it is due to return to the quota.
    """
    await session.execute(
        update(Voucher)
        .where(Voucher.tenant_id == tenant_id, Voucher.id.in_(voucher_ids))
        .values(due_time=func.coalesce(Voucher.due_time, now))
        .execution_options(synchronize_session=False)
    )
