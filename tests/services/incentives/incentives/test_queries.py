"""Reading incentive lines: who sees which, and how a list is narrowed, against a real database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from partner.incentives.v1 import incentives_pb2
from services.incentives.incentives import operations, queries
from services.incentives.incentives.queries import IncentiveFilter
from services.kit.errors import InvalidArgument
from services.kit.identity import Principal
from services.kit.ids import new_id
from services.kit.money import Money
from services.kit.paging import PageTokens
from tests.builders.incentives import a_line
from tests.builders.principals import (
    a_director,
    a_finance_operator,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.conftest import OpenDatabase

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
Lines = Sequence[dict[str, Any]]


async def recorded(database: OpenDatabase, tenant_id: UUID, lines: Lines) -> list[UUID]:
    """Record lines one second apart, so that each has its place in the order of time."""
    principal = an_operator(tenant_id)
    ids = []
    async with (await database("incentives")).transaction(principal) as session:
        for seconds, line in enumerate(lines):
            [row] = await operations.record_incentives(
                session,
                scope=principal.scope,
                lines=[line],
                now=NOW + timedelta(seconds=seconds),
            )
            ids.append(row.id)
    return ids


async def listed(
    database: OpenDatabase,
    pages: PageTokens,
    principal: Principal,
    *,
    order: str = "CREATE_TIME_ASC",
    **narrowed: Any,
) -> list[UUID]:
    page = pages.page(incentives_pb2.ListIncentivesRequest(), scope=principal.scope)
    async with (await database("incentives")).reading(principal) as session:
        rows = await queries.list_incentives(
            session,
            scope=principal.scope,
            narrowed=IncentiveFilter(**narrowed),
            order=order,
            page=page,
            columns=["state"],
        )
    return [row[-1] for row in rows]


async def test_each_role_sees_its_own_lines(database: OpenDatabase, pages: PageTokens) -> None:
    tenant_id, mine, colleague, stranger = a_tenant(), new_id(), new_id(), new_id()
    [one, two, three, unassigned] = await recorded(
        database,
        tenant_id,
        [
            a_line(tenant_id=tenant_id, account_manager_id=mine),
            a_line(tenant_id=tenant_id, account_manager_id=colleague),
            a_line(tenant_id=tenant_id, account_manager_id=stranger),
            a_line(tenant_id=tenant_id),
        ],
    )
    everything = [one, two, three, unassigned]

    async def seen_by(principal: Principal) -> list[UUID]:
        return await listed(database, pages, principal)

    assert await seen_by(an_administrator(tenant_id)) == everything
    assert await seen_by(a_finance_operator(tenant_id)) == everything
    assert await seen_by(an_operator(tenant_id)) == everything
    assert await seen_by(a_director(tenant_id, team=(mine, colleague))) == [one, two]
    assert await seen_by(an_account_manager(tenant_id, account_manager_id=mine)) == [one]
    assert await seen_by(an_administrator(a_tenant())) == []


async def test_a_reseller_has_none_for_its_distributor_pays_it(
    database: OpenDatabase, pages: PageTokens
) -> None:
    tenant_id, reseller_id = a_tenant(), new_id()
    [line] = await recorded(
        database, tenant_id, [a_line(tenant_id=tenant_id, indirect_partner_id=reseller_id)]
    )

    distributor = await listed(database, pages, an_administrator(tenant_id))
    reseller = await listed(database, pages, an_administrator(tenant_id, partner_id=reseller_id))

    assert (distributor, reseller) == ([line], [])


@pytest.mark.parametrize(
    ("column", "values", "term"),
    [
        ("period", ("2026-08", "2026-Q3"), "2026-08"),
        ("plan_name", ("Cloud-Growth", "Other"), "d-GROW"),
        ("order_number", ("CS1", "CS11"), "CS1"),
        ("customer_name", ("杭州云杉", "Acme"), "云"),
        ("customer_account_name", ("acme_01", "acmeX01"), "e_0"),
        ("account_manager_name", ("Chen-Yu", None), "chen"),
        ("service_type_code", ("oss", "ecs"), "oss"),
        ("association_type", ("ADVISORY", "RESALE"), "ADVISORY"),
        ("charging_mode", ("PERIOD", "RESERVED"), "PERIOD"),
        ("indirect_partner_name", ("Reseller-One", "Two"), "one"),
    ],
)
async def test_a_filter_keeps_what_fits(
    database: OpenDatabase, pages: PageTokens, column: str, values: tuple[Any, Any], term: str
) -> None:
    tenant_id = a_tenant()
    [fits, _] = await recorded(
        database, tenant_id, [a_line(tenant_id=tenant_id, **{column: value}) for value in values]
    )

    found = await listed(database, pages, an_administrator(tenant_id), **{column: term})

    assert found == [fits]


async def test_filters_by_id_year_and_state_hold_together(
    database: OpenDatabase, pages: PageTokens
) -> None:
    tenant_id, customer_id, bill_id = a_tenant(), new_id(), new_id()
    [old, new, other] = await recorded(
        database,
        tenant_id,
        [
            a_line(tenant_id=tenant_id, customer_id=customer_id, year=2025, period="2025-Q4"),
            a_line(tenant_id=tenant_id, customer_id=customer_id, incentive_bill_id=bill_id),
            a_line(tenant_id=tenant_id, state="PAID"),
        ],
    )
    administrator = an_administrator(tenant_id)

    assert await listed(database, pages, administrator, year=2025) == [old]
    assert await listed(database, pages, administrator, customer_id=customer_id) == [old, new]
    assert await listed(database, pages, administrator, customer_id=customer_id, year=2026) == [new]
    assert await listed(database, pages, administrator, incentive_bill_id=bill_id) == [new]
    assert await listed(database, pages, administrator, incentive_id=other) == [other]
    assert await listed(database, pages, administrator, states=["PAID", "OFFSET"]) == [other]


@pytest.mark.parametrize("name", ["plan_name", "customer_name", "indirect_partner_name"])
async def test_a_blank_in_a_search_is_refused(
    database: OpenDatabase, pages: PageTokens, name: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await listed(database, pages, an_administrator(a_tenant()), **{name: "a b"})

    assert refused.value.field == f"filter.{name}"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("CREATE_TIME_ASC", [0, 1, 2]),
        ("CREATE_TIME_DESC", [2, 1, 0]),
        ("AMOUNT_ASC", [1, 2, 0]),
        ("AMOUNT_DESC", [0, 2, 1]),
    ],
)
async def test_each_order_sorts(
    database: OpenDatabase, pages: PageTokens, order: str, expected: list[int]
) -> None:
    tenant_id = a_tenant()
    amounts = [Decimal(100), Decimal("-3.5"), Decimal(20)]
    ids = await recorded(
        database, tenant_id, [a_line(tenant_id=tenant_id, amount=amount) for amount in amounts]
    )

    found = await listed(database, pages, an_administrator(tenant_id), order=order)

    assert found == [ids[index] for index in expected]


async def test_sum_incentives_adds_each_currency_exactly(database: OpenDatabase) -> None:
    tenant_id = a_tenant()
    amounts = [("0.10", "CNY"), ("0.20", "CNY"), ("-5.00", "USD")]
    await recorded(
        database,
        tenant_id,
        [
            a_line(tenant_id=tenant_id, amount=Decimal(amount), currency_code=code)
            for amount, code in amounts
        ],
    )
    scope = an_administrator(tenant_id).scope

    async with (await database("incentives")).transaction(an_administrator(tenant_id)) as session:
        count, sums = await queries.sum_incentives(session, scope=scope, narrowed=IncentiveFilter())

    assert count == 3
    assert sums == [Money(Decimal("0.30"), "CNY"), Money(Decimal("-5.00"), "USD")]


async def test_batch_list_gives_each_customer_its_first_lines(
    database: OpenDatabase, pages: PageTokens
) -> None:
    tenant_id, busy, quiet, unknown = a_tenant(), new_id(), new_id(), new_id()
    ids = await recorded(
        database,
        tenant_id,
        [a_line(tenant_id=tenant_id, customer_id=busy) for _ in range(4)]
        + [a_line(tenant_id=tenant_id, customer_id=quiet)],
    )
    principal = an_administrator(tenant_id)
    page = pages.page(incentives_pb2.BatchListIncentivesRequest(page_size=2), scope=principal.scope)

    async with (await database("incentives")).reading(principal) as session:
        groups = await queries.batch_list_by_customer(
            session,
            scope=principal.scope,
            customer_ids=[quiet, unknown, busy],
            narrowed=IncentiveFilter(),
            order="CREATE_TIME_DESC",
            page=page,
            columns=["state"],
        )

    assert list(groups) == [quiet, unknown, busy]
    # One row more than the page tells that there is a next one.
    assert [row[-1] for row in groups[busy]] == [ids[3], ids[2], ids[1]]
    assert [row[-1] for row in groups[quiet]] == [ids[4]]
    assert groups[unknown] == []
