"""Which fund accounts are read, in which order, and by whom."""

from datetime import date

from services.billing.accounts import operations, queries
from services.billing.accounts.model import Holder
from services.billing.ledger.model import Account
from services.kit.identity import Principal
from services.kit.ids import new_id
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_customers_user, a_tenant, an_administrator

LATE, SOON = date(2028, 1, 31), date(2027, 6, 30)


async def fill(ledger: TenantLedger, holder: Holder) -> None:
    """Open cash and three lots for a holder, in no order."""
    async with ledger.transaction() as session:
        await operations.open_cash(
            session, tenant_id=ledger.tenant_id, holder=holder, currency_code="CNY"
        )
        for day in (LATE, None, SOON):
            await operations.open_credit(
                session,
                tenant_id=ledger.tenant_id,
                holder=holder,
                currency_code="CNY",
                expire_date=day,
            )


async def seen(
    ledger: TenantLedger, principal: Principal, holder: Holder
) -> tuple[Account | None, list[Account]]:
    async with ledger.database.transaction(principal) as session:
        scope, holder_id = principal.scope, holder.id
        cash = await queries.get_cash(session, scope=scope, holder_id=holder_id)
        lots = await queries.list_credit_lots(session, scope=scope, holder_id=holder_id)
    return cash, lots


async def test_lots_come_by_expiry_and_those_that_never_expire_last(ledger: TenantLedger) -> None:
    holder = Holder.partner(ledger.tenant_id)
    await fill(ledger, holder)

    cash, lots = await seen(ledger, an_administrator(ledger.tenant_id), holder)

    assert cash is not None
    assert cash.unit == "CNY/2"
    assert [lot.unit for lot in lots] == [
        "CREDIT:2027-06-30:CNY/2",
        "CREDIT:2028-01-31:CNY/2",
        "CREDIT:NEVER:CNY/2",
    ]


async def test_a_customer_sees_its_own_account_and_nobody_elses(ledger: TenantLedger) -> None:
    tenant_id, reseller_id = ledger.tenant_id, new_id()
    its_partner = Holder.partner(reseller_id)
    customer = Holder.customer(new_id(), partner_id=reseller_id)
    for holder in (its_partner, customer):
        await fill(ledger, holder)
    itself = a_customers_user(tenant_id, customer_id=customer.id, partner_id=reseller_id)
    reseller = an_administrator(tenant_id, partner_id=reseller_id)
    another = an_administrator(tenant_id, partner_id=new_id())

    for principal, holder, count in (
        (itself, customer, 3),
        (itself, its_partner, 0),
        (reseller, customer, 3),
        (reseller, its_partner, 3),
        (another, customer, 0),
        (an_administrator(tenant_id), customer, 3),
        (an_administrator(a_tenant()), customer, 0),
    ):
        cash, lots = await seen(ledger, principal, holder)
        assert (cash is not None, len(lots)) == (count > 0, count), principal
