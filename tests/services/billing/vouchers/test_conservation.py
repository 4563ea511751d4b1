"""Whatever is issued, refused or delegated: a quota's amount goes nowhere else (domain.md 6.6)."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger.model import Account
from services.billing.voucher_quotas.model import VoucherQuota
from services.billing.voucher_operations.model import VoucherOperation
from services.billing.vouchers.model import Voucher
from services.kit.ids import new_id, to_text
from tests.builders.billing import an_issue, delegate_quota, grant_quota, some_customers
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService

# Who issues, how much to each, to how many known and unknown customers.
STEPS = st.tuples(
    st.sampled_from(["distributor", "reseller"]),
    st.decimals("0.01", "60", places=2),
    st.integers(0, 3),
    st.integers(0, 2),
).filter(lambda step: step[2] + step[3] > 0)


@given(steps=st.lists(STEPS, min_size=1, max_size=8))
@settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_face_total_is_the_balance_and_what_was_issued_and_delegated(
    billing: RunningService, steps: list[tuple[str, Decimal, int, int]]
) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    quota = await grant_quota(billing, tenant, face_total="300 CNY")
    part = await delegate_quota(
        billing, tenant, quota, partner_id=reseller_id, face_total="100 CNY"
    )
    customers = {
        "distributor": await some_customers(billing, tenant, 3),
        "reseller": await some_customers(billing, tenant, 3, partner_id=reseller_id),
    }
    issuers = {
        "distributor": (quota.id, an_administrator(tenant)),
        "reseller": (part, an_administrator(tenant, partner_id=reseller_id)),
    }

    for issuer, face_value, known, unknown in steps:
        quota_id, principal = issuers[issuer]
        strangers = [to_text("cus", new_id()) for _ in range(unknown)]
        request = an_issue(
            quota_id, [*customers[issuer][:known], *strangers], face_value=f"{face_value} CNY"
        )
        answer = await billing.answer(request, principal=principal)
        assert answer.refusal is None or answer.refusal.reason == "QUOTA_INSUFFICIENT"

    ledger = TenantLedger(billing.database, tenant)
    async with ledger.transaction() as session:
        for row in await conservation(session, tenant_id=tenant):
            assert row.face_total == row.balance + row.issued + row.delegated
            assert row.balance >= 0
            assert row.recorded == row.issued
        odd = await session.scalars(vouchers_whose_balance_is_odd(tenant))
        assert list(odd) == []
    assert not await ledger.violations()


async def conservation(session: AsyncSession, *, tenant_id: UUID) -> Any:
    """Give of each quota what was granted and what became of it, by documents and by ledger."""
    part = VoucherQuota.__table__.alias()
    issued = select(func.coalesce(func.sum(Voucher.face_value), 0)).where(
        Voucher.quota_id == VoucherQuota.id, Voucher.reclaim_time.is_(None)
    )
    recorded = select(func.coalesce(func.sum(VoucherOperation.amount), 0)).where(
        VoucherOperation.quota_id == VoucherQuota.id, VoucherOperation.result == "SUCCESS"
    )
    delegated = select(func.coalesce(func.sum(part.c.face_total), 0)).where(
        part.c.parent_quota_id == VoucherQuota.id
    )
    return await session.execute(
        select(
            VoucherQuota.face_total,
            ((Account.credits_posted - Account.debits_posted) / Decimal(100)).label("balance"),
            issued.scalar_subquery().label("issued"),
            recorded.scalar_subquery().label("recorded"),
            delegated.scalar_subquery().label("delegated"),
        )
        .join(Account, Account.id == VoucherQuota.account_id)
        .where(VoucherQuota.tenant_id == tenant_id)
    )


def vouchers_whose_balance_is_odd(tenant_id: UUID) -> Any:
    """Find vouchers with less than nothing or more than their face value."""
    balance = (Account.credits_posted - Account.debits_posted) / Decimal(100)
    return (
        select(Voucher.id)
        .join(Account, Account.id == Voucher.account_id)
        .where(Voucher.tenant_id == tenant_id, ~balance.between(0, Voucher.face_value))
    )
