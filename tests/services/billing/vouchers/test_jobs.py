"""What happens to vouchers and quotas by time alone."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2
from services.billing.ledger.chart import AccountKind, TransferCode
from services.billing.ledger.model import Account
from services.billing.ledger.operations import void_pending
from services.billing.voucher_quotas.jobs import SETTLE_VOUCHER_QUOTAS
from services.billing.voucher_quotas.rests import settle_voucher_quotas
from services.billing.vouchers import queries, uses
from services.billing.vouchers.jobs import SETTLE_VOUCHERS
from services.billing.vouchers.reclaims import settle_vouchers
from services.kit import ids
from services.kit.ids import new_id
from tests.builders.billing import (
    a_reclaim,
    a_sub_quota_reclaim,
    an_issue,
    delegate_quota,
    grant_quota,
    in_days,
    some_customers,
)
from tests.builders.jobs import run_out
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_customers_user, a_tenant, an_administrator
from tests.builders.running import RunningService

NOW = datetime.now(UTC)
EXPIRY = vouchers_pb2.VOUCHER_OPERATION_TYPE_EXPIRY_RECLAIM


async def settle(ledger: TenantLedger, *, days: float) -> tuple[int, int]:
    """Let so many days pass, and the jobs run in one tenant; give how much was due."""
    now = NOW + timedelta(days=days)
    scope = ledger.principal.scope
    async with ledger.transaction(now=now) as session:
        vouchers = await settle_vouchers(
            session, scope=scope, operator="billing", now=now, at_most=100
        )
    async with ledger.transaction(now=now) as session:
        quotas = await settle_voucher_quotas(
            session, scope=scope, operator="billing", now=now, at_most=100
        )
    return vouchers, quotas


async def balances(billing: RunningService, tenant: UUID, *quota_ids: str) -> list[str]:
    request = voucher_quotas_pb2.BatchGetVoucherQuotasRequest(ids=quota_ids)
    response = await billing.call(request, principal=an_administrator(tenant))
    return [one.balance.amount for one in response.quotas]


async def records(
    billing: RunningService, tenant: UUID, operation_type: int
) -> list[vouchers_pb2.VoucherOperation]:
    narrowed = vouchers_pb2.VoucherOperationFilter(operation_types=[operation_type])  # type: ignore[list-item]
    request = vouchers_pb2.ListVoucherOperationsRequest(filter=narrowed)
    response = await billing.call(request, principal=an_administrator(tenant))
    return list(response.operations)


async def test_what_is_left_of_an_expired_voucher_returns_to_its_quota(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    ledger = TenantLedger(billing.database, tenant)
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    customers = await some_customers(billing, tenant, 3)
    issued = await billing.call(
        an_issue(quota.id, customers, expire_time=in_days(30)), principal=an_administrator(tenant)
    )
    voucher = issued.results[0].voucher

    early = await settle(ledger, days=29)
    due = await settle(ledger, days=31)
    again = await settle(ledger, days=32)

    assert (early, due, again) == ((0, 0), (3, 0), (0, 0))
    assert await balances(billing, tenant, quota.id) == ["100"]
    found = await records(billing, tenant, EXPIRY)
    assert {one.voucher_id for one in found} == {one.voucher.id for one in issued.results}
    assert {(one.amount.amount, one.operator) for one in found} == {("10", "billing")}
    assert not await ledger.violations()
    customer_id = ids.from_text("cus", voucher.customer_id, field="id")
    states = {}
    for principal in (
        an_administrator(tenant),
        a_customers_user(tenant, customer_id=customer_id),
    ):
        async with billing.database.reading(principal) as session:
            rows = await queries.batch_get(
                session,
                scope=principal.scope,
                columns=["state"],
                ids=[ids.from_text("cpn", voucher.id, field="id")],
                now=NOW + timedelta(days=33),
            )
        states[principal.role.value] = [state for state, _ in rows]
    assert states == {"ADMINISTRATOR": ["RECLAIMED"], "CUSTOMER": ["EXPIRED"]}


async def test_a_quota_that_expires_loses_what_is_left_of_it_and_of_its_vouchers(
    billing: RunningService,
) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    ledger = TenantLedger(billing.database, tenant)
    quota = await grant_quota(billing, tenant, face_total="100 CNY", expire_time=in_days(30))
    part = await delegate_quota(billing, tenant, quota, partner_id=reseller_id, face_total="30 CNY")
    customers = await some_customers(billing, tenant, 1)
    await billing.call(an_issue(quota.id, customers), principal=an_administrator(tenant))

    await settle(ledger, days=31)

    assert await balances(billing, tenant, quota.id, part) == ["0", "0"]
    assert [one.amount.amount for one in await records(billing, tenant, EXPIRY)] == ["10"]
    assert not await ledger.violations()
    async with ledger.transaction() as session:
        assert await lost(ledger, session) == 10_000


async def test_vouchers_returned_to_a_part_that_was_taken_back_go_on_to_the_quota_above(
    billing: RunningService,
) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    ledger = TenantLedger(billing.database, tenant)
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    part = await delegate_quota(billing, tenant, quota, partner_id=reseller_id, face_total="30 CNY")
    theirs = await some_customers(billing, tenant, 1, partner_id=reseller_id)
    reseller = an_administrator(tenant, partner_id=reseller_id)
    issued = await billing.call(an_issue(part, theirs), principal=reseller)
    await billing.call(a_sub_quota_reclaim(part), principal=an_administrator(tenant))
    await billing.call(a_reclaim(issued.results[0].voucher.id), principal=reseller)

    due = await settle(ledger, days=1)

    assert due == (0, 1)
    assert await balances(billing, tenant, quota.id, part) == ["100", "0"]
    reclaimed = await records(
        billing, tenant, vouchers_pb2.VOUCHER_OPERATION_TYPE_RECLAIM_SUB_QUOTA
    )
    assert [(one.operator, one.amount.amount, one.sub_quota_id) for one in reclaimed] == [
        ("billing", "10", part),
        ("administrator", "20", part),
    ]
    assert not await ledger.violations()


async def test_what_an_unpaid_order_holds_expires_when_the_order_is_done(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    ledger = TenantLedger(billing.database, tenant)
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    (customer,) = await some_customers(billing, tenant, 1)
    await billing.call(
        an_issue(quota.id, [customer], expire_time=in_days(30)), principal=an_administrator(tenant)
    )
    voucher = await the_usable(ledger, customer)
    sink = await ledger.open(AccountKind.VQ_USED, unit=voucher.unit)
    hold = await ledger.reserve(voucher.account_id, sink, 400, unit=voucher.unit)

    held = await settle(ledger, days=31)
    async with ledger.transaction() as session:
        await void_pending(session, id=new_id(), pending_id=hold, code=TransferCode.ORDER_HOLD)
    released = await settle(ledger, days=31)

    assert (held, released) == ((0, 0), (1, 0))
    assert await balances(billing, tenant, quota.id) == ["100"]
    assert not await ledger.violations()


async def test_what_a_refund_brings_to_a_voucher_that_is_no_more_returns_to_the_quota(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    ledger = TenantLedger(billing.database, tenant)
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    customers = await some_customers(billing, tenant, 2)
    issued = await billing.call(
        an_issue(quota.id, customers, expire_time=in_days(30)), principal=an_administrator(tenant)
    )
    vouchers = [await the_usable(ledger, one) for one in customers]
    unit = vouchers[0].unit
    sink = await ledger.open(AccountKind.VQ_USED, unit=unit)
    for voucher in vouchers:
        await ledger.post(
            voucher.account_id, sink, 400, unit=unit, code=TransferCode.CONSUME_VOUCHER
        )
    await billing.call(a_reclaim(issued.results[0].voucher.id), principal=an_administrator(tenant))
    reclaimed, expired = vouchers

    await refund(ledger, reclaimed, sink, days=2)
    first = await settle(ledger, days=3)
    second = await settle(ledger, days=31)
    await refund(ledger, expired, sink, days=32)
    third = await settle(ledger, days=33)

    assert (first[0], second[0], third[0]) == (1, 1, 1)
    assert await balances(billing, tenant, quota.id) == ["100"]
    unsubscribed = vouchers_pb2.VOUCHER_OPERATION_TYPE_UNSUBSCRIBE_RECLAIM
    amounts = {
        kind: sorted(one.amount.amount for one in await records(billing, tenant, kind))
        for kind in (unsubscribed, EXPIRY)
    }
    assert amounts == {unsubscribed: ["4"], EXPIRY: ["4", "6"]}
    assert not await ledger.violations()


async def test_a_job_settles_every_tenant_and_then_finds_nothing(billing: RunningService) -> None:
    tenants = [a_tenant(), a_tenant()]
    for tenant in tenants:
        quota = await grant_quota(billing, tenant, expire_time=in_days(30))
        customers = await some_customers(billing, tenant, 1)
        await billing.call(an_issue(quota.id, customers), principal=an_administrator(tenant))
    database, later = billing.database, NOW + timedelta(days=31)

    for job in (SETTLE_VOUCHERS, SETTLE_VOUCHER_QUOTAS):
        await run_out(job, database, later)

    for tenant in tenants:
        ledger = TenantLedger(database, tenant)
        assert await settle(ledger, days=31) == (0, 0)
        async with ledger.transaction() as session:
            assert await lost(ledger, session) == 100_000


async def lost(ledger: TenantLedger, session: AsyncSession) -> int:
    """Count what the tenant's quotas lost by expiry, in cents."""
    balance = func.sum(Account.credits_posted - Account.debits_posted)
    statement = select(balance).where(
        Account.tenant_id == ledger.tenant_id, Account.kind == AccountKind.VQ_EXPIRED
    )
    return int(await session.scalar(statement) or 0)


async def the_usable(ledger: TenantLedger, customer: str) -> queries.UsableVoucher:
    customer_id = ids.from_text("cus", customer, field="id")
    async with ledger.transaction() as session:
        (voucher,) = await queries.list_usable(
            session, scope=ledger.principal.scope, customer_ids=[customer_id], at=datetime.now(UTC)
        )
    return voucher


async def refund(
    ledger: TenantLedger, voucher: queries.UsableVoucher, sink: UUID, *, days: float
) -> None:
    now = NOW + timedelta(days=days)
    async with ledger.transaction() as session:
        await uses.note_refund(
            session, scope=ledger.principal.scope, voucher_id=voucher.id, now=now
        )
    await ledger.post(sink, voucher.account_id, 400, unit=voucher.unit, code=TransferCode.REFUND)
