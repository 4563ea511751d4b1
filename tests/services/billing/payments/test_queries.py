"""What readers of payments find, and what runs find due."""

from datetime import timedelta

from services.billing.accounts.model import Holder
from services.billing.payments import due, queries
from services.billing.payments.queries import PaymentFilter, PaymentOrder
from services.kit.ids import new_id
from services.kit.jobs import over_tenants
from services.kit.paging import first_page
from tests.builders.payments import NOW, PayingTenant, an_order, some_usage
from tests.builders.principals import a_customers_user, an_account_manager


async def states(tenant: PayingTenant, *, minutes: int, **narrowed: object) -> list[str]:
    """Give the states of payments, as they are shown so many minutes from now."""
    async with tenant.transaction() as session:
        rows = await queries.list_page(
            session,
            scope=tenant.principal.scope,
            columns=["shown_state"],
            narrowed=PaymentFilter(**narrowed),  # type: ignore[arg-type]
            order_by=PaymentOrder.CREATE_TIME_ASC,
            page=first_page(10),
            now=NOW + timedelta(minutes=minutes),
        )
    return [row[0] for row in rows]


async def test_a_hold_is_shown_and_found_as_expired_when_its_time_is_up(
    tenant: PayingTenant,
) -> None:
    await tenant.allocate(20_000)
    await tenant.hold(an_order(tenant.customer_id))

    assert await states(tenant, minutes=59) == ["HELD"]
    assert await states(tenant, minutes=60) == ["EXPIRED"]
    assert await states(tenant, minutes=60, states=["HELD"]) == []
    assert await states(tenant, minutes=60, states=["EXPIRED"]) == ["EXPIRED"]


async def test_nobody_but_the_platform_reads_the_accounts_of_others(tenant: PayingTenant) -> None:
    await tenant.allocate(100, holder=Holder.partner(tenant.tenant_id))
    await tenant.allocate(100)
    people = {
        "customer": a_customers_user(tenant.tenant_id, customer_id=tenant.customer_id),
        "manager": an_account_manager(tenant.tenant_id, account_manager_id=new_id()),
    }
    found = {}
    for name, person in people.items():
        async with tenant.database.transaction(person) as session:
            rows = await queries.list_accounts(
                session, scope=person.scope, holder_ids=[tenant.tenant_id, tenant.customer_id]
            )
            found[name] = [row[1] for row in rows]

    assert found == {"customer": [tenant.customer_id], "manager": []}


async def test_what_is_due_is_usage_debts_that_can_be_paid_and_holds_that_are_over(
    tenant: PayingTenant,
) -> None:
    tenants = {}
    for name in ("usage", "debt", "hopeless debt", "hold", "early hold"):
        tenants[name] = one = PayingTenant(tenant.database)
        await one.link()
        if name == "usage":
            await one.bring(some_usage(one.customer_id))
        elif "debt" in name:
            await one.bring(some_usage(one.customer_id))
            await one.charge()
        else:
            await one.allocate(10_000)
            hours = 1 if name == "hold" else 3
            await one.hold(an_order(one.customer_id), until=NOW + timedelta(hours=hours))
    await tenants["debt"].allocate(1)

    async with over_tenants(tenant.database) as session:
        found = set(await due.list_due_tenants(session, now=NOW + timedelta(hours=2)))

    names = {name for name, one in tenants.items() if one.tenant_id in found}
    assert names == {"usage", "debt", "hold"}
    assert tenant.tenant_id not in found
