"""Writes of customers, in a transaction that is rolled back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.account_managers.model import AccountManagerUnknown
from services.customers.customers import operations, queries
from services.customers.customers.model import Customer, CustomerReveal
from services.customers.customers.operations import CustomerSpend, ensure_customers
from services.customers.partners.model import IndirectPartnerForbidden
from services.kit.errors import InvalidArgument, NotFound
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.money import Money
from tests.builders.customer_rows import (
    NOW,
    a_known,
    put_customers,
    put_manager,
    put_partner,
    put_reseller,
)
from tests.builders.principals import an_account_manager, an_administrator


@pytest.fixture(autouse=True)
async def distributor(session: AsyncSession, tenant_id: UUID) -> None:
    await put_partner(session, tenant_id)


async def test_ensure_customers_creates_the_unknown_and_leaves_the_known(
    session: AsyncSession, tenant_id: UUID
) -> None:
    await put_customers(session, tenant_id, a_known("old", name="Old"))

    rows, created_count = await ensure_customers(
        session,
        scope=Scope(tenant_id=tenant_id),
        customers=[a_known("new", name="New"), a_known("old", name="Changed"), a_known("new")],
        now=NOW + timedelta(days=1),
    )

    assert [row.name for row in rows] == ["New", "Old", "New"]
    assert [row.create_time for row in rows[:2]] == [NOW + timedelta(days=1), NOW]
    assert created_count == 1


async def test_ensure_customers_fills_in_what_is_not_said(
    session: AsyncSession, tenant_id: UUID
) -> None:
    [row] = await put_customers(session, tenant_id, a_known("sub-1"))

    assert row.account_name == "sub-1"
    assert row.association_type == "RESALE"
    assert row.associate_time == NOW
    assert row.partner_id == tenant_id
    assert row.currency_code == "CNY"
    assert (row.month_to_date_spend, row.link_version, row.link_pushed_version) == (0, 1, 0)


async def test_ensure_customers_needs_an_open_tenant(session: AsyncSession) -> None:
    with pytest.raises(NotFound, match="partner not found"):
        await put_customers(session, new_id(), a_known("one"))


async def test_ensure_customers_refuses_a_reseller_that_is_not_of_the_tenant(
    session: AsyncSession, tenant_id: UUID
) -> None:
    with pytest.raises(IndirectPartnerForbidden):
        await put_customers(session, tenant_id, a_known("one", indirect_partner_id=new_id()))


async def test_ensure_customers_refuses_a_manager_of_another_partner_of_the_tenant(
    session: AsyncSession, tenant_id: UUID
) -> None:
    reseller = await put_reseller(session, tenant_id)
    ours = await put_manager(session, tenant_id)
    theirs = await put_manager(session, tenant_id, partner_id=reseller.id)

    await put_customers(
        session,
        tenant_id,
        a_known("ours", account_manager_id=ours.id),
        a_known("theirs", indirect_partner_id=reseller.id, account_manager_id=theirs.id),
    )
    with pytest.raises(AccountManagerUnknown) as refused:
        await put_customers(session, tenant_id, a_known("x", account_manager_id=theirs.id))

    assert refused.value.metadata["account_manager_id"].startswith("mgr_")


@pytest.mark.parametrize(
    ("flaw", "field"),
    [
        ({"external_id": ""}, "external_id"),
        ({"external_platform": " x"}, "external_platform"),
        ({"name": ""}, "name"),
        ({"mobile": "1" * 129}, "mobile"),
        ({"tags": ["a"] * 21}, "tags"),
        ({"new_customer_effective_cycle": "2024"}, "new_customer_tag.effective_cycle"),
    ],
)
async def test_ensure_customers_names_the_field_that_is_malformed(
    session: AsyncSession, tenant_id: UUID, flaw: dict[str, object], field: str
) -> None:
    flawed = replace(a_known("two"), **flaw)

    with pytest.raises(InvalidArgument) as refused:
        await put_customers(session, tenant_id, a_known("one"), flawed)

    assert refused.value.field == f"customers[1].{field}"


async def test_update_customer_replaces_the_tags_of_an_own_customer(
    session: AsyncSession, tenant_id: UUID
) -> None:
    [row] = await put_customers(session, tenant_id, a_known("one", tags=["old"]))
    scope = an_administrator(tenant_id).scope

    await operations.update_customer(session, scope=scope, id_=row.id, tags=["重点"])
    await session.flush()

    shown = await queries.get(session, scope=scope, id_=row.id, columns=["tags"])
    assert shown[0] == ["重点"]


async def test_update_customer_does_not_know_the_customers_of_resellers(
    session: AsyncSession, tenant_id: UUID
) -> None:
    reseller = await put_reseller(session, tenant_id)
    [row] = await put_customers(session, tenant_id, a_known("one", indirect_partner_id=reseller.id))

    with pytest.raises(NotFound):
        await operations.update_customer(
            session, scope=an_administrator(tenant_id).scope, id_=row.id, tags=[]
        )


async def test_reveal_customers_writes_a_line_for_each_shown_and_for_no_other(
    session: AsyncSession, tenant_id: UUID
) -> None:
    manager = await put_manager(session, tenant_id)
    mine, other = await put_customers(
        session, tenant_id, a_known("mine", account_manager_id=manager.id), a_known("other")
    )

    shown = await operations.reveal_customers(
        session,
        principal=an_account_manager(tenant_id, account_manager_id=manager.id),
        ids=[other.id, mine.id],
        reason="call back",
        request_id="r1",
        now=NOW,
    )

    assert shown == [mine]
    [line] = await session.scalars(select(CustomerReveal))
    assert (line.customer_id, line.subject, line.role) == (
        mine.id,
        "account_manager",
        "ACCOUNT_MANAGER",
    )
    assert (line.reason, line.request_id, line.reveal_time) == ("call back", "r1", NOW)


@pytest.mark.parametrize("reason", ["", "x" * 201])
async def test_reveal_customers_wants_a_reason(
    session: AsyncSession, tenant_id: UUID, reason: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await operations.reveal_customers(
            session,
            principal=an_administrator(tenant_id),
            ids=[new_id()],
            reason=reason,
            request_id="r1",
            now=NOW,
        )

    assert refused.value.field == "reason"


@pytest.mark.parametrize(
    "change", ["UPDATE customer_reveals SET reason = 'none'", "DELETE FROM customer_reveals"]
)
async def test_the_lines_of_reveals_can_not_be_changed(session: AsyncSession, change: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        await session.execute(text(change))


def a_spend(row: Customer, amount: str, *, cycle: str = "2024-09") -> CustomerSpend:
    money = Money(Decimal(amount), "CNY")
    return CustomerSpend(customer_id=row.id, billing_cycle=cycle, amount=money)


async def test_record_customer_spend_takes_the_current_cycle_only(
    session: AsyncSession, tenant_id: UUID
) -> None:
    one, two = await put_customers(session, tenant_id, a_known("one"), a_known("two"))

    await operations.record_customer_spend(
        session,
        scope=Scope(tenant_id=tenant_id),
        spends=[a_spend(one, "1.123456789012345"), a_spend(two, "9", cycle="2024-08")],
        now=datetime(2024, 9, 15, tzinfo=UTC),
    )

    assert (one.month_to_date_spend, one.spend_cycle) == (Decimal("1.123456789012345"), "2024-09")
    assert (two.month_to_date_spend, two.spend_cycle) == (0, None)


async def test_record_customer_spend_refuses_another_currency(
    session: AsyncSession, tenant_id: UUID
) -> None:
    [row] = await put_customers(session, tenant_id, a_known("one"))
    spend = replace(a_spend(row, "1"), amount=Money(Decimal(1), "USD"))

    with pytest.raises(InvalidArgument) as refused:
        await operations.record_customer_spend(
            session, scope=Scope(tenant_id=tenant_id), spends=[spend], now=NOW
        )

    assert refused.value.field == "spends[0].amount.currency_code"


async def test_record_customer_spend_refuses_unknown_customers(
    session: AsyncSession, tenant_id: UUID
) -> None:
    [row] = await put_customers(session, tenant_id, a_known("one"))
    unknown = replace(a_spend(row, "1"), customer_id=new_id())

    with pytest.raises(NotFound, match="customer not found"):
        await operations.record_customer_spend(
            session, scope=Scope(tenant_id=tenant_id), spends=[unknown], now=NOW
        )
