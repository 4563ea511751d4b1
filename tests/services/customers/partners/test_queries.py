"""Reads of partners: filters, sorts and scopes."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from partner.customers.v1 import partners_pb2
from services.customers.partners import queries
from services.customers.partners.model import Partner
from services.customers.partners.queries import IndirectPartnerFilter
from services.kit.errors import InvalidArgument, NotFound
from services.kit.fields import place
from services.kit.identity import Scope
from services.kit.ids import new_id
from tests.builders.customer_rows import (
    PAGES,
    day,
    page_of,
    put_manager,
    put_partner,
    put_reseller,
)
from tests.builders.principals import an_account_manager, an_administrator


@pytest.fixture
def scope(tenant_id: UUID) -> Scope:
    return an_administrator(tenant_id).scope


@pytest.fixture(autouse=True)
async def resellers(session: AsyncSession, tenant_id: UUID) -> dict[str, Partner]:
    """Open a distributor with two resellers that differ in everything a filter looks at."""
    await put_partner(session, tenant_id)
    manager = await put_manager(session, tenant_id)
    return {
        "a": await put_reseller(
            session,
            tenant_id,
            name="小云科技",
            account_name="Cloud_a",
            mobile="13800000001",
            email="a@example.com",
            associate_time=day("2024-01-01"),
            account_manager_id=manager.id,
        ),
        "b": await put_reseller(
            session,
            tenant_id,
            name="Blue",
            account_name="cloud-b",
            associate_time=day("2024-02-01"),
        ),
    }


async def found(
    session: AsyncSession,
    scope: Scope,
    narrowed: IndirectPartnerFilter | None = None,
    *,
    order: str = "ASSOCIATE_TIME_ASC",
) -> list[str]:
    """List the last letters of account names in pages of one."""
    request = partners_pb2.ListIndirectPartnersRequest(page_size=1)
    letters: list[str] = []
    while True:
        page = page_of(request, scope)
        rows = await queries.list_indirect_partners(
            session,
            scope=scope,
            narrowed=narrowed or IndirectPartnerFilter(),
            order=order,
            page=page,
            columns=["account_name"],
        )
        cut = PAGES.cut(page, rows, key=place)
        letters += [row[0][-1] for row in cut.rows]
        request.page_token = cut.next_page_token
        if not cut.next_page_token:
            return letters


@pytest.mark.parametrize(
    ("narrowed", "letters"),
    [
        ({"account_name": "CLOUD"}, "ab"),
        ({"account_name": "_"}, "a"),
        ({"name": "云"}, "a"),
        ({"mobile": "13800000001"}, "a"),
        ({"email": "a@example.com"}, "a"),
        ({"email": "a@example"}, ""),
        ({"associate_time_from": day("2024-02-01")}, "b"),
        ({"associate_time_to": day("2024-02-01")}, "a"),
        ({"indirect_partner_id": new_id()}, ""),
    ],
)
async def test_a_filter_narrows_the_list(
    session: AsyncSession, scope: Scope, narrowed: dict[str, Any], letters: str
) -> None:
    assert await found(session, scope, IndirectPartnerFilter(**narrowed)) == list(letters)


async def test_a_filter_by_id_gives_exactly_that_reseller(
    session: AsyncSession, scope: Scope, resellers: dict[str, Partner]
) -> None:
    narrowed = IndirectPartnerFilter(indirect_partner_id=resellers["b"].id)

    assert await found(session, scope, narrowed) == ["b"]


@pytest.mark.parametrize("field", ["name", "account_name"])
async def test_search_text_with_blanks_is_refused(
    session: AsyncSession, scope: Scope, field: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await found(session, scope, IndirectPartnerFilter(**{field: "a b"}))

    assert refused.value.field == f"filter.{field}"


@pytest.mark.parametrize(("key", "letters"), [("ASSOCIATE_TIME", "ab"), ("NAME", "ba")])
async def test_each_sort_works_in_both_directions(
    session: AsyncSession, scope: Scope, key: str, letters: str
) -> None:
    assert await found(session, scope, order=f"{key}_ASC") == list(letters)
    assert await found(session, scope, order=f"{key}_DESC") == list(reversed(letters))


async def test_a_reseller_sees_itself_and_lists_nobody(
    session: AsyncSession, tenant_id: UUID, resellers: dict[str, Partner]
) -> None:
    itself = an_administrator(tenant_id, partner_id=resellers["a"].id).scope

    seen = await queries.get(session, scope=itself, id_=resellers["a"].id, columns=["name"])
    assert seen[0] == "小云科技"
    for other in (tenant_id, resellers["b"].id):
        with pytest.raises(NotFound, match=r"^partner not found$"):
            await queries.get(session, scope=itself, id_=other, columns=["name"])
    assert await found(session, itself) == []


async def test_a_manager_sees_the_own_company_and_the_resellers_in_its_care(
    session: AsyncSession, tenant_id: UUID, resellers: dict[str, Partner]
) -> None:
    manager_id = resellers["a"].account_manager_id
    assert manager_id is not None
    scope = an_account_manager(tenant_id, account_manager_id=manager_id).scope

    wanted = [resellers["b"].id, resellers["a"].id, tenant_id]
    rows = await queries.batch_get(session, scope=scope, ids=wanted, columns=["account_name"])
    assert [row[0] for row in rows] == ["Cloud_a", "northern"]
    assert await found(session, scope) == ["a"]


async def test_get_currency_code_is_that_of_the_callers_partner(
    session: AsyncSession, tenant_id: UUID, scope: Scope
) -> None:
    assert await queries.get_currency_code(session, scope=scope) == "CNY"
    assert await queries.get_currency_code(session, scope=Scope(tenant_id=new_id())) is None
