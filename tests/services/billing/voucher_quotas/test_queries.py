"""Quotas at other times than now, and those that the platform or a distributor took away."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from services.billing.voucher_quotas import locked, queries
from services.billing.voucher_quotas.model import VoucherQuota, VoucherQuotaState
from services.billing.vouchers.model import Voucher
from services.kit import ids
from services.kit.ids import new_id
from tests.builders.billing import an_issue, delegate_quota, grant_quota, some_customers
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService

NOW = datetime.now(UTC)


@pytest.mark.parametrize(("days", "state"), [(0, "NORMAL"), (364, "NORMAL"), (366, "INVALID")])
async def test_a_quota_is_invalid_once_it_has_expired(
    billing: RunningService, days: int, state: str
) -> None:
    principal = an_administrator(a_tenant())
    assert principal.tenant_id is not None
    quota = await grant_quota(billing, principal.tenant_id)

    async with billing.database.transaction(principal) as session:
        wanted = ids.from_text("quo", quota.id, field="id")
        now = NOW + timedelta(days=days)
        (shown,) = await queries.batch_get(
            session, scope=principal.scope, columns=["shown_state"], ids=[wanted], now=now
        )
        held = await locked.get_for_update(session, scope=principal.scope, quota_id=wanted)

    assert shown[0] == state
    assert held is not None
    assert held.quota.can_be_issued_from(now) == (state == "NORMAL")


@pytest.mark.parametrize("state", ["INVALID", "ADJUSTING", "FROZEN", "RECLAIMED"])
async def test_nothing_is_issued_from_a_quota_that_is_not_normal(
    billing: RunningService, state: str
) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant)
    customers = await some_customers(billing, tenant, 1)
    await set_state(billing, tenant, state)

    refusal = await billing.refusal(
        an_issue(quota.id, customers), principal=an_administrator(tenant)
    )

    assert refusal.reason == "QUOTA_NOT_FOUND_OR_STATE"


async def test_a_reseller_no_longer_sees_what_was_reclaimed(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    quota = await grant_quota(billing, tenant)
    part = await delegate_quota(billing, tenant, quota, partner_id=reseller_id, face_total="30 CNY")
    await set_state(billing, tenant, VoucherQuotaState.RECLAIMED)
    wanted = [ids.from_text("quo", part, field="id")]

    seen = []
    for principal in (
        an_administrator(tenant),
        an_administrator(tenant, partner_id=reseller_id),
    ):
        async with billing.database.transaction(principal) as session:
            shown = await queries.batch_get(
                session, scope=principal.scope, columns=["shown_state"], ids=wanted, now=NOW
            )
        seen.append([state for state, _ in shown])

    assert seen == [["RECLAIMED"], []]


async def test_vouchers_outlive_their_quota(billing: RunningService) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant)
    customers = await some_customers(billing, tenant, 1)
    await billing.call(an_issue(quota.id, customers), principal=an_administrator(tenant))
    await set_state(billing, tenant, "INVALID")

    ledger = TenantLedger(billing.database, tenant)
    async with ledger.transaction() as session:
        (voucher,) = await session.scalars(
            Voucher.__table__.select().with_only_columns(Voucher.account_id)
        )

    assert await ledger.cents(voucher) == 1000


async def set_state(billing: RunningService, tenant_id: UUID, state: str) -> None:
    """Let the platform decide on the tenant's quotas, which no rpc does as yet."""
    principal = an_administrator(tenant_id)
    async with billing.database.transaction(principal) as session:
        await session.execute(
            update(VoucherQuota).where(VoucherQuota.tenant_id == tenant_id).values(state=state)
        )
