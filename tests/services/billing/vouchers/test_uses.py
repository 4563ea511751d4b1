"""What orders and charges note on vouchers, and how long it is shown."""

from datetime import UTC, datetime

from partner.billing.v1 import vouchers_pb2
from services.billing.ledger.chart import AccountKind, TransferCode
from services.billing.ledger.operations import void_pending
from services.billing.vouchers import queries, uses
from services.kit import ids
from services.kit.ids import new_id
from tests.builders.billing import an_issue, grant_quota, some_customers
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService


async def a_voucher(billing: RunningService, ledger: TenantLedger) -> queries.UsableVoucher:
    quota = await grant_quota(billing, ledger.tenant_id)
    (customer,) = await some_customers(billing, ledger.tenant_id, 1)
    await billing.call(an_issue(quota.id, [customer]), principal=an_administrator(ledger.tenant_id))
    async with ledger.transaction() as session:
        (voucher,) = await queries.list_usable(
            session,
            scope=ledger.principal.scope,
            customer_ids=[ids.from_text("cus", customer, field="id")],
            at=datetime.now(UTC),
        )
    return voucher


async def shown(billing: RunningService, ledger: TenantLedger) -> vouchers_pb2.Voucher:
    response = await billing.call(
        vouchers_pb2.ListVouchersRequest(), principal=an_administrator(ledger.tenant_id)
    )
    voucher: vouchers_pb2.Voucher = response.vouchers[0]
    return voucher


async def test_the_order_that_holds_a_part_is_shown_as_long_as_it_does(
    billing: RunningService,
) -> None:
    ledger = TenantLedger(billing.database, a_tenant())
    voucher = await a_voucher(billing, ledger)
    sink = await ledger.open(AccountKind.VQ_USED, unit=voucher.unit)

    async with ledger.transaction() as session:
        await uses.lock_for_order(
            session, tenant_id=ledger.tenant_id, voucher_ids=[voucher.id], order_number="O-7"
        )
    hold = await ledger.reserve(voucher.account_id, sink, 400, unit=voucher.unit)
    held = await shown(billing, ledger)
    async with ledger.transaction() as session:
        await void_pending(session, id=new_id(), pending_id=hold, code=TransferCode.ORDER_HOLD)
    released = await shown(billing, ledger)

    assert (held.lock_order_number, held.balance.amount) == ("O-7", "10")
    assert not released.HasField("lock_order_number")


async def test_a_use_leaves_its_time_and_its_order(billing: RunningService) -> None:
    ledger = TenantLedger(billing.database, a_tenant())
    voucher = await a_voucher(billing, ledger)
    now = datetime.now(UTC)
    seen = []

    for order_number in (None, "O-8", None):
        async with ledger.transaction() as session:
            await uses.note_use(
                session,
                tenant_id=ledger.tenant_id,
                voucher_ids=[voucher.id],
                order_number=order_number,
                now=now,
            )
        seen.append((await shown(billing, ledger)).order_number)

    found = await billing.call(
        vouchers_pb2.ListVouchersRequest(filter={"order_number": "O-8"}),
        principal=an_administrator(ledger.tenant_id),
    )
    assert seen == ["", "O-8", "O-8"]
    assert found.vouchers[0].last_use_time.ToDatetime(tzinfo=UTC) == now
