"""Grants voucher quotas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.operations import refuse_other_currency
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the platform grants."""

    coupon_type: str
    face_total: Money
    # None: at once.
    effective_time: datetime | None
    expire_time: datetime
    limits: Sequence[UseLimit]
    customer_ids: Sequence[UUID]


async def grant_voucher_quota(
    session: AsyncSession, *, tenant_id: UUID, request_id: str, terms: Terms, now: datetime
) -> UUID:
    """Grant a quota to the tenant's root partner and put its amount into its own account.

    :raises InvalidArgument, CurrencyMismatch:
    """
    effective_time = terms.effective_time or now
    refuse_odd_amount(terms.face_total, field="face_total")
    refuse_odd_validity(effective_time, terms.expire_time, now=now)
    refuse_odd_limits(terms.limits)
    await refuse_other_currency(
        session, tenant_id=tenant_id, currency_code=terms.face_total.currency_code
    )
    quota_id = new_id()
    unit = unit_of(quota_id, currency_code=terms.face_total.currency_code)
    granted, available = await _open_accounts(
        session, tenant_id=tenant_id, quota_id=quota_id, unit=unit
    )
    quota = VoucherQuota(
        tenant_id=tenant_id,
        id=quota_id,
        # The root partner's id is the tenant's.
        partner_id=tenant_id,
        account_id=available,
        coupon_type=terms.coupon_type,
        currency_code=terms.face_total.currency_code,
        face_total=terms.face_total.amount,
        state=VoucherQuotaState.NORMAL,
        effective_time=effective_time,
        expire_time=terms.expire_time,
        due_time=terms.expire_time,
        limits=[limit.to_json() for limit in terms.limits],
        customer_ids=list(terms.customer_ids),
        create_time=now,
        update_time=now,
    )
    session.add(quota)
    # The ledger's accounts stay locked from here on: it comes last.
    await session.flush()
    await _post(session, quota=quota, granted=granted, request_id=request_id)
    return quota_id


async def _open_accounts(
    session: AsyncSession, *, tenant_id: UUID, quota_id: UUID, unit: Unit
) -> list[UUID]:
    """Open the source of the amount, which is the platform's, and what the partner may issue."""
    owners = {AccountKind.VQ_GRANTED: None, AccountKind.VQ_AVAILABLE: tenant_id}
    return await ledger.open_accounts(
        session,
        tenant_id=tenant_id,
        accounts=[
            NewAccount(holder_id=quota_id, kind=kind, unit=unit, partner_id=partner_id)
            for kind, partner_id in owners.items()
        ],
    )


async def _post(
    session: AsyncSession, *, quota: VoucherQuota, granted: UUID, request_id: str
) -> None:
    posting = Posting(
        id=transfer_id(quota.tenant_id, method="GrantVoucherQuota", request_id=request_id),
        code=TransferCode.VQ_GRANT,
        debit_account_id=granted,
        credit_account_id=quota.account_id,
        amount=Money(quota.face_total, quota.currency_code),
        unit=quota.unit,
    )
    await ledger.post(session, posting=posting)
