"""Lists of incentive lines walk along an index in the order of the page, among 50,000 lines."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession

from partner.incentives.v1 import incentives_pb2
from partner_center.postgres import EmbeddedPostgres
from services.incentives.incentives import queries
from services.incentives.incentives.queries import IncentiveFilter
from services.kit.identity import Principal
from services.kit.ids import new_id
from services.kit.paging import PageTokens
from tests.builders.explained import explained, filled
from tests.builders.principals import an_account_manager, an_administrator
from tests.conftest import OpenDatabase, owner_url

TENANT: Final = new_id()
# A hundred lines of each of 500 customers, who are cared for by seven people.
FILL: Final = """
    INSERT INTO incentives (tenant_id, id, partner_id, year, period, plan_name, customer_id,
        account_manager_id, service_type_code, association_type, charging_mode, currency_code,
        consumption_amount, performance_amount, rate, amount, state, frozen, create_time)
    SELECT :tenant, gen_random_uuid(), :tenant, 2026, '2026-08', 'Growth',
        lpad((number % 500)::text, 32, '0')::uuid, lpad((number % 7)::text, 32, '0')::uuid,
        'oss', 'RESALE', 'PERIOD', 'CNY', 100, 100, 0.15, number % 997, 'PAID', false,
        timestamptz '2026-01-01 00:00Z' + number * interval '1 minute'
    FROM generate_series(1, 50000) AS number
"""
MIDDLES: Final = {"create_time": datetime(2026, 1, 20, tzinfo=UTC), "amount": Decimal(500)}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def session(
    postgres: EmbeddedPostgres, database: OpenDatabase
) -> AsyncIterator[AsyncSession]:
    await database("incentives")
    url = owner_url(postgres, "incentives")
    async with filled(url, tenant_id=TENANT, incentives=FILL) as session:
        yield session


async def plan(
    session: AsyncSession,
    pages: PageTokens,
    order: str,
    *,
    principal: Principal,
    after: tuple[object, UUID] | None = None,
) -> str:
    page = pages.page(incentives_pb2.ListIncentivesRequest(), scope=principal.scope)
    return await explained(
        session,
        queries.list_incentives(
            session,
            scope=principal.scope,
            narrowed=IncentiveFilter(),
            order=order,
            page=replace(page, after=after),
            columns=["state", "amount"],
        ),
    )


@pytest.mark.parametrize("order", queries.SORTS)
async def test_first_and_later_pages_follow_the_index_of_their_order(
    session: AsyncSession, pages: PageTokens, order: str
) -> None:
    key, _ = queries.SORTS[order]
    root = an_administrator(TENANT)

    for after in (None, (MIDDLES[key], UUID(int=0))):
        found = await plan(session, pages, order, principal=root, after=after)
        assert f"incentives_{key}_idx" in found
        assert "Sort" not in found


async def test_a_later_page_starts_where_the_earlier_one_ended(
    session: AsyncSession, pages: PageTokens
) -> None:
    here = (MIDDLES["create_time"], UUID(int=0))

    found = await plan(
        session, pages, "CREATE_TIME_DESC", principal=an_administrator(TENANT), after=here
    )

    [condition] = [line for line in found.splitlines() if "Index Cond" in line]
    assert "ROW(create_time, id) <" in condition


async def test_an_account_manager_finds_own_lines_by_an_index_of_their_own(
    session: AsyncSession, pages: PageTokens
) -> None:
    manager = an_account_manager(TENANT, account_manager_id=UUID(int=2))

    found = await plan(session, pages, "CREATE_TIME_DESC", principal=manager)

    assert "incentives_manager_idx" in found
    assert "Sort" not in found


async def test_for_a_reseller_who_earns_none_nothing_is_read(
    session: AsyncSession, pages: PageTokens
) -> None:
    reseller = an_administrator(TENANT, partner_id=new_id())

    found = await plan(session, pages, "AMOUNT_DESC", principal=reseller)

    assert "One-Time Filter: false" in found


@pytest.mark.parametrize("order", queries.SORTS)
async def test_a_batch_follows_an_index_for_each_customer(
    session: AsyncSession, pages: PageTokens, order: str
) -> None:
    scope = an_administrator(TENANT).scope
    page = pages.page(incentives_pb2.BatchListIncentivesRequest(page_size=3), scope=scope)
    index = "customer_amount" if "AMOUNT" in order else "customer"

    found = await explained(
        session,
        queries.batch_list_by_customer(
            session,
            scope=scope,
            customer_ids=[UUID(int=number) for number in range(100)],
            narrowed=IncentiveFilter(),
            order=order,
            page=page,
            columns=["state", "amount"],
        ),
    )

    # Only what all pages show is brought into order.
    assert found.count("Sort Key") == 1
    assert found.index("Nested Loop") > found.index("Sort Key")
    assert f"incentives_{index}_idx" in found
