"""Which accounts adjustments are made between, and how much they hold at the moment."""

from uuid import UUID

from services.billing.accounts.model import Holder
from services.billing.adjustments import queries
from services.billing.ledger.chart import AccountKind, Unit
from services.billing.ledger.model import NewAccount
from services.kit.ids import new_id
from tests.builders.adjustments import Funds, an_allocation, put_cash, to, uuid_of
from tests.builders.billing import some_customers
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService

CASH_KINDS = [AccountKind.PARTNER_CASH, AccountKind.CUSTOMER_CASH]


async def test_accounts_are_read_with_the_balances_of_now(billing: RunningService) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await put_cash(billing, tenant, "100 CNY")
    await billing.call(an_allocation(to(customer)), principal=an_administrator(tenant))
    funds = Funds(billing, tenant)
    holders = [tenant, uuid_of(customer), new_id()]
    found: list[dict[UUID, int]] = []

    for read in (queries.list_accounts, queries.list_accounts_for_update):
        async with funds.ledger.transaction() as session:
            accounts = await read(
                session,
                scope=funds.ledger.principal.scope,
                holder_ids=holders,
                kinds=CASH_KINDS,
            )
        found.append({one.holder_id: one.available.to_minor_units(exponent=2) for one in accounts})

    assert found == [{tenant: 9000, uuid_of(customer): 1000}] * 2


async def test_find_accounts_gives_those_that_are_open(billing: RunningService) -> None:
    tenant = a_tenant()
    await put_cash(billing, tenant, "100 CNY")
    funds = Funds(billing, tenant)
    wanted = [
        NewAccount(holder_id=holder.id, kind=holder.cash, unit=Unit.cash("CNY"), partner_id=tenant)
        for holder in (Holder.partner(tenant), Holder.customer(new_id(), partner_id=tenant))
    ]

    async with funds.ledger.transaction() as session:
        found = await queries.find_accounts(
            session, scope=funds.ledger.principal.scope, wanted=wanted
        )

    assert list(found) == [(tenant, int(AccountKind.PARTNER_CASH), "CNY/2")]
