"""Grants voucher quotas."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, TransferCode
from services.billing.ledger.model import NewAccount, Posting, transfer_id
from services.billing.voucher_quotas.limits import UseLimit
from services.billing.voucher_quotas.model import (
    VoucherQuota,
    VoucherQuotaState,
    refuse_odd_amount,
    refuse_odd_limits,
    refuse_odd_validity,
    unit_of,
)
from services.kit.ids import new_id
from services.kit.money import Money


async def grant_voucher_quota(
    session: AsyncSession,
    *,
    tenant_id: UUID,
    request_id: str,
    coupon_type: str,
    face_total: Money,
    effective_time: datetime | None,
    expire_time: datetime,
    limits: Sequence[UseLimit],
    customer_ids: Sequence[UUID],
    now: datetime,
) -> UUID:
    """Grant a quota to the tenant's root partner and put its amount into its own account.

    :raises InvalidArgument:
    """
    refuse_odd_amount(face_total, field="face_total")
    refuse_odd_validity(effective_time or now, expire_time, now=now)
    refuse_odd_limits(list(limits))
    quota_id = new_id()
    unit = unit_of(quota_id, currency_code=face_total.currency_code)
    granted, available = await ledger.open_accounts(
        session,
        tenant_id=tenant_id,
        accounts=[
            NewAccount(holder_id=quota_id, kind=AccountKind.VQ_GRANTED, unit=unit, partner_id=None),
            NewAccount(
                holder_id=quota_id, kind=AccountKind.VQ_AVAILABLE, unit=unit, partner_id=tenant_id
            ),
        ],
    )
    session.add(
        VoucherQuota(
            tenant_id=tenant_id,
            id=quota_id,
            # The root partner's id is the tenant's.
            partner_id=tenant_id,
            account_id=available,
            coupon_type=coupon_type,
            currency_code=face_total.currency_code,
            face_total=face_total.amount,
            state=VoucherQuotaState.NORMAL,
            effective_time=effective_time or now,
            expire_time=expire_time,
            limits=[limit.to_json() for limit in limits],
            customer_ids=list(customer_ids),
            create_time=now,
            update_time=now,
        )
    )
    await session.flush()
    await ledger.post(
        session,
        posting=Posting(
            id=transfer_id(tenant_id, method="GrantVoucherQuota", request_id=request_id),
            code=TransferCode.VQ_GRANT,
            debit_account_id=granted,
            credit_account_id=available,
            amount=face_total,
            unit=unit,
        ),
    )
    return quota_id
