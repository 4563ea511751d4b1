"""What a customer's orders and debts come to while it leaves its partner."""

from services.billing.accounts.model import Holder
from services.billing.closings.operations import close_customer_accounts
from services.billing.payments import arrears
from tests.builders.payments import NOW, PayingTenant, a_line, an_order, some_usage
from tests.builders.running import RunningService


async def a_tenant(billing: RunningService) -> PayingTenant:
    tenant = PayingTenant(billing.database)
    await tenant.link()
    return tenant


async def close(tenant: PayingTenant) -> None:
    async with tenant.transaction() as session:
        await close_customer_accounts(
            session,
            scope=tenant.principal.scope,
            customer_id=tenant.customer_id,
            fence=1,
            now=NOW,
        )


async def test_an_order_that_waits_is_cancelled_when_its_customer_leaves(
    billing: RunningService,
) -> None:
    tenant = await a_tenant(billing)
    cash = await tenant.allocate(10_000)
    held = await tenant.hold(an_order(tenant.customer_id))

    await close(tenant)

    assert (await tenant.payment(held.id)).state == "CANCELLED"
    assert await tenant.cents(cash) == 10_000
    assert not await tenant.violations()


async def test_an_order_that_the_partner_pays_goes_on_waiting(billing: RunningService) -> None:
    tenant = await a_tenant(billing)
    await tenant.allocate(10_000, holder=Holder.partner(tenant.tenant_id))
    held = await tenant.hold(an_order(tenant.customer_id, payer="PARTNER"))

    await close(tenant)

    assert (await tenant.payment(held.id)).state == "HELD"
    assert not await tenant.violations()


async def test_who_leaves_spends_credit_and_repays_debts_to_the_end(
    billing: RunningService,
) -> None:
    tenant = await a_tenant(billing)
    await tenant.allocate_credit(300)
    await tenant.pay(an_order(tenant.customer_id, a_line(cents=100)))
    await tenant.bring(some_usage(tenant.customer_id, "3"))
    await tenant.charge()
    owed = await tenant.owed()
    await tenant.allocate(500)

    await close(tenant)
    async with tenant.transaction() as session:
        await arrears.repay_arrears(session, scope=tenant.principal.scope, now=NOW)
    await tenant.pay(an_order(tenant.customer_id, a_line(cents=400)))

    assert (owed, await tenant.owed()) == (100, 0)
    assert not await tenant.violations()
