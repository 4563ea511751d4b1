"""What of a customer's is found when its accounts close."""

from services.billing.closings import queries
from services.billing.links import queries as links
from services.kit.ids import new_id
from tests.builders.adjustments import Funds, an_allocation, put_cash, to, uuid_of
from tests.builders.billing import some_customers
from tests.builders.closings import a_closing
from tests.builders.principals import a_system, a_tenant, an_administrator
from tests.builders.running import RunningService


async def test_holds_are_found_until_they_are_resolved(billing: RunningService) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await put_cash(billing, tenant, "100 CNY")
    await billing.call(an_allocation(to(customer), "50 CNY"), principal=an_administrator(tenant))
    funds = Funds(billing, tenant)
    pending_id = await funds.hold(uuid_of(customer), 100)
    await funds.spend(uuid_of(customer), 200)

    async with funds.ledger.transaction() as session:
        scope = funds.ledger.principal.scope
        accounts = await queries.list_accounts(session, scope=scope, customer_id=uuid_of(customer))
        holds = await queries.list_holds(session, scope=scope, customer_id=uuid_of(customer))

    assert len(accounts) == 1
    assert [(hold.id, hold.amount) for hold in holds] == [(pending_id, 100)]


async def test_a_closing_is_found_in_its_tenant_alone(billing: RunningService) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await billing.call(a_closing(customer, fence=3), principal=a_system(tenant))
    found = []

    for principal in (a_system(tenant), a_system(a_tenant())):
        async with billing.database.transaction(principal) as session:
            closing = await queries.get_for_update(
                session, scope=principal.scope, customer_id=uuid_of(customer)
            )
            found.append(None if closing is None else closing.fence)

    assert found == [3, None]


async def test_a_link_says_whether_its_customer_is_leaving(billing: RunningService) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await billing.call(a_closing(customer), principal=a_system(tenant))
    principal = an_administrator(tenant)

    async with billing.database.transaction(principal) as session:
        known = await links.batch_get_for_share(
            session, scope=principal.scope, customer_ids=[uuid_of(customer), new_id()]
        )

    assert {link.customer_id: link.is_closing for link in known.values()} == {
        uuid_of(customer): True
    }
