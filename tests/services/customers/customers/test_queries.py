"""Reads of customers: every filter, every sort, every scope."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from partner.customers.v1 import customers_pb2
from services.customers.customers import queries
from services.customers.customers.model import Customer
from services.customers.customers.queries import CustomerFilter
from services.customers.partners.model import IndirectPartnerForbidden
from services.kit.errors import InvalidArgument, NotFound
from services.kit.fields import place
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.money import Money
from tests.builders.customer_rows import (
    PAGES,
    a_known,
    day,
    page_of,
    put_customers,
    put_manager,
    put_partner,
    put_reseller,
)
from tests.builders.principals import (
    a_customers_user,
    a_director,
    an_account_manager,
    an_administrator,
)


@pytest.fixture(autouse=True)
async def distributor(session: AsyncSession, tenant_id: UUID) -> None:
    await put_partner(session, tenant_id)


@pytest.fixture
def scope(tenant_id: UUID) -> Scope:
    return an_administrator(tenant_id).scope


async def found(
    session: AsyncSession,
    scope: Scope,
    narrowed: CustomerFilter | None = None,
    *,
    order: str = "ASSOCIATE_TIME_ASC",
) -> list[str | None]:
    """List external ids in pages of two."""
    request = customers_pb2.ListCustomersRequest(page_size=2)
    names: list[str | None] = []
    while True:
        page = page_of(request, scope)
        rows = await queries.list_customers(
            session,
            scope=scope,
            narrowed=narrowed or CustomerFilter(),
            order=order,
            page=page,
            columns=["external_id"],
        )
        cut = PAGES.cut(page, rows, key=place)
        names += [row[0] for row in cut.rows]
        request.page_token = cut.next_page_token
        if not cut.next_page_token:
            return names


async def put_various(session: AsyncSession, tenant_id: UUID) -> None:
    """Put three customers that differ in everything a filter looks at."""
    li = await put_manager(session, tenant_id, name="Li Na")
    wang = await put_manager(session, tenant_id, name="Wang Wei")
    await put_customers(
        session,
        tenant_id,
        a_known(
            "a",
            account_name="Alpha_1",
            name="张伟",
            mobile="13800000001",
            tags=["Gold", "重点客户"],
            association_type="RESALE",
            associate_time=day("2024-01-01"),
            account_manager_id=li.id,
            freeze_state="ACCOUNT",
        ),
        a_known(
            "b",
            account_name="Beta%1",
            name="Bob",
            mobile="13800000002",
            tags=["gold"],
            association_type="ADVISORY",
            associate_time=day("2024-02-01"),
            account_manager_id=wang.id,
        ),
        a_known("c", account_name="gamma", associate_time=day("2024-03-01")),
    )
    for external_id, spend, expire_time in (("a", 10, day("2025-01-01")), ("b", 20, None)):
        await session.execute(
            update(Customer)
            .where(Customer.tenant_id == tenant_id, Customer.external_id == external_id)
            .values(month_to_date_spend=spend, nearest_expire_time=expire_time)
        )


def cny(amount: str) -> Money:
    return Money(Decimal(amount), "CNY")


@pytest.mark.parametrize(
    ("narrowed", "names"),
    [
        ({"account_name": "ALPHA"}, "a"),
        ({"account_name": "_"}, "a"),
        ({"account_name": "%"}, "b"),
        ({"account_name": "\\"}, ""),
        ({"name": "伟"}, "a"),
        ({"name": "bO"}, "b"),
        ({"mobile": "13800000002"}, "b"),
        ({"mobile": "1380000000"}, ""),
        ({"tag": "old"}, "ab"),
        ({"tag": "Gol"}, "a"),
        ({"tag": "点客"}, "a"),
        ({"association_type": "ADVISORY"}, "b"),
        ({"associate_time_from": day("2024-02-01")}, "bc"),
        ({"associate_time_to": day("2024-02-01")}, "a"),
        ({"account_manager_name": "wang"}, "b"),
        ({"month_to_date_spend_min": cny("10")}, "ab"),
        ({"month_to_date_spend_max": cny("10")}, "ac"),
        ({"nearest_expire_time_from": day("2025-01-01")}, "a"),
        ({"nearest_expire_time_to": day("2025-01-01")}, ""),
        ({"freeze_state": "ACCOUNT"}, "a"),
        ({"freeze_state": "NONE"}, "bc"),
        ({"customer_id": new_id()}, ""),
        ({"association_type": "RESALE", "tag": "Gold"}, "a"),
    ],
)
async def test_a_filter_narrows_the_list(
    session: AsyncSession, tenant_id: UUID, scope: Scope, narrowed: dict[str, Any], names: str
) -> None:
    await put_various(session, tenant_id)

    assert await found(session, scope, CustomerFilter(**narrowed)) == list(names)
    count = await queries.count_customers(session, scope=scope, narrowed=CustomerFilter(**narrowed))
    assert count == len(names)


async def test_a_filter_by_id_gives_exactly_that_customer(
    session: AsyncSession, tenant_id: UUID, scope: Scope
) -> None:
    one, _two = await put_customers(session, tenant_id, a_known("one"), a_known("two"))

    assert await found(session, scope, CustomerFilter(customer_id=one.id)) == ["one"]


@pytest.mark.parametrize("text", ["", " ", "two words", "\t"])
@pytest.mark.parametrize("field", ["account_name", "name", "tag", "account_manager_name"])
async def test_search_text_with_blanks_is_refused(
    session: AsyncSession, scope: Scope, field: str, text: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await found(session, scope, CustomerFilter(**{field: text}))

    assert refused.value.field == f"filter.{field}"


@pytest.mark.parametrize("bound", ["month_to_date_spend_min", "month_to_date_spend_max"])
async def test_spend_in_another_currency_is_refused(
    session: AsyncSession, scope: Scope, bound: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await found(session, scope, CustomerFilter(**{bound: Money(Decimal(1), "USD")}))

    assert refused.value.field == f"filter.{bound}.currency_code"


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("ASSOCIATE_TIME", "abcde"),
        ("NAME", "dbeac"),
        ("MONTH_TO_DATE_SPEND", "cdaeb"),
        ("NEAREST_EXPIRE_TIME", "ebacd"),
    ],
)
async def test_each_sort_is_total_in_both_directions_and_over_pages(
    session: AsyncSession, tenant_id: UUID, scope: Scope, key: str, names: str
) -> None:
    rows = await put_customers(
        session,
        tenant_id,
        *(
            a_known(external_id, name=name, associate_time=datetime(2024, 1, place, tzinfo=UTC))
            for place, (external_id, name) in enumerate(
                [("a", None), ("b", "B"), ("c", None), ("d", "A"), ("e", "C")], start=1
            )
        ),
    )
    expiries = [3, 2, None, None, 1]
    for row, spend, expiry in zip(rows, [1, 2, 0, 0, 1], expiries, strict=True):
        row.month_to_date_spend = Decimal(spend)
        row.nearest_expire_time = expiry and datetime(2025, 1, expiry, tzinfo=UTC)
        # Rows that are alike keep the order of their ids, which is that of their letters here.
    await session.flush()
    by_id = {row.external_id: row.id for row in rows}
    assert by_id["a"] < by_id["c"] < by_id["d"] < by_id["e"]

    assert await found(session, scope, order=f"{key}_ASC") == list(names)
    assert await found(session, scope, order=f"{key}_DESC") == list(reversed(names))


async def test_own_customers_are_listed_without_those_of_resellers(
    session: AsyncSession, tenant_id: UUID, scope: Scope
) -> None:
    reseller = await put_reseller(session, tenant_id)
    await put_customers(
        session, tenant_id, a_known("ours"), a_known("theirs", indirect_partner_id=reseller.id)
    )
    resellers = an_administrator(tenant_id, partner_id=reseller.id).scope

    assert await found(session, scope) == ["ours"]
    assert await found(session, resellers) == ["theirs"]
    assert await found(session, Scope(tenant_id=tenant_id)) == ["ours"]
    named = CustomerFilter(indirect_partner_id=reseller.id)
    assert await found(session, scope, named) == ["theirs"]


async def test_only_its_distributor_may_name_a_reseller(
    session: AsyncSession, tenant_id: UUID, scope: Scope
) -> None:
    reseller = await put_reseller(session, tenant_id)
    [row] = await put_customers(session, tenant_id, a_known("one", indirect_partner_id=reseller.id))
    itself = an_administrator(tenant_id, partner_id=reseller.id).scope
    customers = a_customers_user(tenant_id, customer_id=row.id).scope

    refusals = []
    for asking, named in (
        (scope, new_id()),
        (scope, tenant_id),
        (itself, reseller.id),
        (customers, reseller.id),
    ):
        with pytest.raises(IndirectPartnerForbidden) as refused:
            await found(session, asking, CustomerFilter(indirect_partner_id=named))
        refusals.append(refused.value.message)

    assert len(set(refusals)) == 1


async def test_managers_see_theirs_directors_their_teams_customers_themselves(
    session: AsyncSession, tenant_id: UUID
) -> None:
    li, wang = [await put_manager(session, tenant_id) for _ in range(2)]
    first, *_ = await put_customers(
        session,
        tenant_id,
        a_known("li", account_manager_id=li.id),
        a_known("wang", account_manager_id=wang.id),
        a_known("nobody"),
    )
    of_li = an_account_manager(tenant_id, account_manager_id=li.id).scope
    of_both = a_director(tenant_id, team=(li.id, wang.id)).scope
    of_none = a_director(tenant_id, team=()).scope
    itself = a_customers_user(tenant_id, customer_id=first.id).scope

    assert await found(session, of_li) == ["li"]
    assert await found(session, of_both) == ["li", "wang"]
    assert await found(session, of_none) == []
    assert await found(session, itself) == ["li"]
    nobody = CustomerFilter(account_manager_name="Li", customer_id=first.id)
    assert await found(session, of_li, nobody) == ["li"]


async def test_batch_get_keeps_the_order_and_leaves_out_what_is_not_in_scope(
    session: AsyncSession, tenant_id: UUID, scope: Scope
) -> None:
    one, two = await put_customers(session, tenant_id, a_known("one"), a_known("two"))

    ids = [two.id, new_id(), one.id]
    rows = await queries.batch_get(session, scope=scope, ids=ids, columns=["external_id"])

    assert [row[0] for row in rows] == ["two", "one"]


async def test_get_sees_the_whole_tenant_from_the_root_and_only_its_own_from_a_reseller(
    session: AsyncSession, tenant_id: UUID, scope: Scope
) -> None:
    reseller = await put_reseller(session, tenant_id)
    ours, theirs = await put_customers(
        session, tenant_id, a_known("ours"), a_known("theirs", indirect_partner_id=reseller.id)
    )
    resellers = an_administrator(tenant_id, partner_id=reseller.id).scope

    seen = await queries.get(session, scope=scope, id_=theirs.id, columns=["external_id"])
    assert seen[0] == "theirs"
    with pytest.raises(NotFound, match=r"^customer not found$"):
        await queries.get(session, scope=resellers, id_=ours.id, columns=["external_id"])
