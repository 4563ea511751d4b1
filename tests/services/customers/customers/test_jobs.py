"""What happens to customers by itself: links reach billing, and months begin at zero."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from services.customers.customers import jobs
from services.customers.customers.jobs import Link
from services.customers.customers.model import Customer
from services.kit.database import Database
from services.kit.identity import Principal, Role
from tests.builders.customer_rows import (
    a_known,
    put_customers,
    put_manager,
    put_partner,
    put_reseller,
)
from tests.builders.principals import a_system

LATER = timedelta(seconds=30)


class Billing:
    """Takes links as billing would, at the edge of the process; may be down."""

    def __init__(self) -> None:
        self.is_down = False
        self.told: list[tuple[Principal, str, Sequence[Link]]] = []

    async def put_links(self, principal: Principal, request_id: str, links: Sequence[Link]) -> None:
        if self.is_down:
            raise ConnectionError("billing is down")
        self.told.append((principal, request_id, links))

    def of(self, tenant_id: UUID) -> dict[UUID, Link]:
        """Give the newest link of each customer of a tenant."""
        told = [links for principal, _, links in self.told if principal.tenant_id == tenant_id]
        return {link.customer_id: link for links in told for link in links}


@pytest.fixture
def billing() -> Billing:
    return Billing()


async def push_all(database: Database, billing: Billing, *, now: datetime | None = None) -> None:
    # Rows of other tests are due as well: the job takes one tenant after the other.
    run = partial(jobs.push_links, database, now or datetime.now(UTC) + LATER)
    while await run(put_links=billing.put_links):
        pass


async def put_one(database: Database, tenant_id: UUID) -> Customer:
    """Put a customer that an account manager looks after."""
    async with database.transaction(a_system(tenant_id)) as session:
        await put_partner(session, tenant_id)
        manager = await put_manager(session, tenant_id, name="Li Na")
        known = a_known("one", name="张伟", account_manager_id=manager.id)
        [row] = await put_customers(session, tenant_id, known)
    return row


async def reread(database: Database, tenant_id: UUID) -> Customer:
    async with database.transaction(a_system(tenant_id)) as session:
        return (await session.scalars(select(Customer))).one()


async def test_push_links_tells_billing_of_new_customers_once(
    customers_database: Database, tenant_id: UUID, billing: Billing
) -> None:
    customer = await put_one(customers_database, tenant_id)

    await push_all(customers_database, billing)
    await push_all(customers_database, billing)

    [(principal, request_id, links)] = [
        told for told in billing.told if told[0].tenant_id == tenant_id
    ]
    assert (principal.role, principal.subject) == (Role.SYSTEM, "customers")
    assert len(request_id) == 36
    assert links == [
        Link(
            customer_id=customer.id,
            version=1,
            partner_id=tenant_id,
            partner_name="Northern Cloud",
            association_type="RESALE",
            account_manager_id=customer.account_manager_id,
            account_manager_name="Li Na",
            customer_name="张伟",
            account_name="one",
        )
    ]
    assert (await reread(customers_database, tenant_id)).link_pushed_version == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE customers SET association_type = 'ADVISORY'", ("association_type", "ADVISORY")),
        ("UPDATE customers SET account_manager_id = NULL", ("account_manager_name", None)),
        ("UPDATE customers SET name = 'Bob'", ("customer_name", "Bob")),
        ("UPDATE partners SET name = 'Southern Cloud'", ("partner_name", "Southern Cloud")),
        ("UPDATE account_managers SET name = 'Wang'", ("account_manager_name", "Wang")),
    ],
)
async def test_each_change_that_billing_must_know_of_is_told(
    customers_database: Database,
    tenant_id: UUID,
    billing: Billing,
    change: str,
    told: tuple[str, str | None],
) -> None:
    customer = await put_one(customers_database, tenant_id)
    await push_all(customers_database, billing)

    async with customers_database.transaction(a_system(tenant_id)) as session:
        await session.execute(text(change))
    await push_all(customers_database, billing)

    link = billing.of(tenant_id)[customer.id]
    assert link.version == 2
    assert getattr(link, told[0]) == told[1]


async def test_a_change_that_is_not_billings_business_is_not_told(
    customers_database: Database, tenant_id: UUID, billing: Billing
) -> None:
    await put_one(customers_database, tenant_id)
    await push_all(customers_database, billing)

    async with customers_database.transaction(a_system(tenant_id)) as session:
        await session.execute(update(Customer).values(tags=["Gold"], name=Customer.name))

    assert (await reread(customers_database, tenant_id)).link_version == 1


async def test_push_links_tries_again_later_when_billing_is_down_and_says_why(
    customers_database: Database, tenant_id: UUID, billing: Billing
) -> None:
    await put_one(customers_database, tenant_id)
    now = datetime.now(UTC) + LATER
    billing.is_down = True
    # Those of other tests go first, so that this tenant's attempt is the one that fails.
    while (await reread(customers_database, tenant_id)).link_attempts == 0:
        with pytest.raises(ConnectionError):
            await jobs.push_links(customers_database, now, put_links=billing.put_links)

    row = await reread(customers_database, tenant_id)
    assert (row.link_attempts, row.link_pushed_version) == (1, 0)
    assert row.link_error == "ConnectionError('billing is down')"
    assert row.link_due_time == now + timedelta(seconds=1)

    billing.is_down = False
    await push_all(customers_database, billing, now=now)
    assert not billing.of(tenant_id)
    await push_all(customers_database, billing, now=now + timedelta(minutes=2))
    row = await reread(customers_database, tenant_id)
    assert (row.link_pushed_version, row.link_attempts, row.link_error) == (1, 0, None)


async def test_a_change_while_billing_is_told_is_told_afterwards(
    customers_database: Database, tenant_id: UUID, billing: Billing
) -> None:
    customer = await put_one(customers_database, tenant_id)

    async def change_meanwhile(
        principal: Principal, request_id: str, links: Sequence[Link]
    ) -> None:
        await billing.put_links(principal, request_id, links)
        if principal.tenant_id == tenant_id and len(billing.of(tenant_id)) == 1:
            async with customers_database.transaction(a_system(tenant_id)) as session:
                await session.execute(update(Customer).values(name="Bob"))

    while not billing.of(tenant_id):
        await jobs.push_links(
            customers_database, datetime.now(UTC) + LATER, put_links=change_meanwhile
        )
    row = await reread(customers_database, tenant_id)
    assert (row.link_pushed_version, row.link_version) == (1, 2)

    await push_all(customers_database, billing)
    assert billing.of(tenant_id)[customer.id].customer_name == "Bob"


async def test_a_resellers_manager_and_name_are_its_own(
    customers_database: Database, tenant_id: UUID, billing: Billing
) -> None:
    async with customers_database.transaction(a_system(tenant_id)) as session:
        await put_partner(session, tenant_id)
        reseller = await put_reseller(session, tenant_id, name="小云科技")
        manager = await put_manager(session, tenant_id, name="赵", partner_id=reseller.id)
        known = a_known("one", indirect_partner_id=reseller.id, account_manager_id=manager.id)
        [customer] = await put_customers(session, tenant_id, known)

    await push_all(customers_database, billing)

    link = billing.of(tenant_id)[customer.id]
    assert (link.partner_id, link.partner_name) == (reseller.id, "小云科技")
    assert link.account_manager_name == "赵"


async def test_begin_month_sets_the_spend_of_earlier_cycles_to_zero(
    customers_database: Database, tenant_id: UUID
) -> None:
    await put_one(customers_database, tenant_id)
    async with customers_database.transaction(a_system(tenant_id)) as session:
        await session.execute(
            update(Customer).values(month_to_date_spend=Decimal("1.5"), spend_cycle="2024-08")
        )

    # 23:59 in the site's zone, then midnight.
    await jobs.begin_month(customers_database, datetime(2024, 8, 31, 15, 59, tzinfo=UTC))
    before = await reread(customers_database, tenant_id)
    while await jobs.begin_month(customers_database, datetime(2024, 8, 31, 16, 0, tzinfo=UTC)):
        pass
    after = await reread(customers_database, tenant_id)

    assert (before.month_to_date_spend, before.spend_cycle) == (Decimal("1.5"), "2024-08")
    assert (after.month_to_date_spend, after.spend_cycle) == (0, "2024-09")
