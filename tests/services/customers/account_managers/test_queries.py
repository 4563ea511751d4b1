"""Reads of account managers: filter, sorts and scopes."""

from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from partner.customers.v1 import account_managers_pb2
from services.customers.account_managers import queries
from services.customers.account_managers.model import AccountManager, AccountManagerUnknown
from services.kit.errors import InvalidArgument
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
from tests.builders.principals import a_director, an_account_manager, an_administrator


@pytest.fixture(autouse=True)
async def managers(session: AsyncSession, tenant_id: UUID) -> list[AccountManager]:
    """Open a distributor with three account managers, the last one a reseller's."""
    await put_partner(session, tenant_id)
    reseller = await put_reseller(session, tenant_id)
    return [
        await put_manager(session, tenant_id, name="Wang", now=day("2024-01-01")),
        await put_manager(session, tenant_id, name="Li", now=day("2024-01-02")),
        await put_manager(
            session, tenant_id, name="赵", partner_id=reseller.id, now=day("2024-01-03")
        ),
    ]


async def found(
    session: AsyncSession,
    scope: Scope,
    *,
    name: str | None = None,
    order: str = "CREATE_TIME_ASC",
) -> list[str]:
    """List names in pages of one."""
    request = account_managers_pb2.ListAccountManagersRequest(page_size=1)
    names: list[str] = []
    while True:
        page = page_of(request, scope)
        rows = await queries.list_account_managers(
            session, scope=scope, name=name, order=order, page=page, columns=["name"]
        )
        cut = PAGES.cut(page, rows, key=place)
        names += [row[0] for row in cut.rows]
        request.page_token = cut.next_page_token
        if not cut.next_page_token:
            return names


@pytest.mark.parametrize(
    ("key", "names"),
    [("CREATE_TIME", ["Wang", "Li", "赵"]), ("NAME", ["Li", "Wang", "赵"])],
)
async def test_each_sort_works_in_both_directions(
    session: AsyncSession, tenant_id: UUID, key: str, names: list[str]
) -> None:
    scope = an_administrator(tenant_id).scope

    assert await found(session, scope, order=f"{key}_ASC") == names
    assert await found(session, scope, order=f"{key}_DESC") == names[::-1]


async def test_the_name_is_searched_in_upper_and_lower_case(
    session: AsyncSession, tenant_id: UUID
) -> None:
    scope = an_administrator(tenant_id).scope

    assert await found(session, scope, name="AN") == ["Wang"]
    with pytest.raises(InvalidArgument) as refused:
        await found(session, scope, name=" ")
    assert refused.value.field == "filter.name"


async def test_resellers_see_their_own_managers_themselves_and_directors_their_team(
    session: AsyncSession, tenant_id: UUID, managers: list[AccountManager]
) -> None:
    wang, li, zhao = managers
    reseller = an_administrator(tenant_id, partner_id=zhao.partner_id).scope
    itself = an_account_manager(tenant_id, account_manager_id=li.id).scope
    director = a_director(tenant_id, team=(wang.id, li.id)).scope

    assert await found(session, reseller) == ["赵"]
    assert await found(session, itself) == ["Li"]
    assert await found(session, director) == ["Wang", "Li"]


async def test_batch_get_keeps_the_order_and_leaves_out_what_is_not_in_scope(
    session: AsyncSession, tenant_id: UUID, managers: list[AccountManager]
) -> None:
    wang, li, zhao = managers
    reseller = an_administrator(tenant_id, partner_id=zhao.partner_id).scope

    async def names(scope: Scope) -> list[str]:
        ids = [li.id, new_id(), wang.id]
        rows = await queries.batch_get(session, scope=scope, ids=ids, columns=["name"])
        return [row[0] for row in rows]

    assert await names(an_administrator(tenant_id).scope) == ["Li", "Wang"]
    assert await names(reseller) == []


async def test_check_known_refuses_a_manager_with_another_partner(
    session: AsyncSession, tenant_id: UUID, managers: list[AccountManager]
) -> None:
    wang, _li, zhao = managers
    scope = Scope(tenant_id=tenant_id)

    await queries.check_known(session, scope=scope, pairs=[])
    known = [(tenant_id, wang.id), (zhao.partner_id, zhao.id)]
    await queries.check_known(session, scope=scope, pairs=known)
    with pytest.raises(AccountManagerUnknown):
        await queries.check_known(session, scope=scope, pairs=[(tenant_id, zhao.id)])
