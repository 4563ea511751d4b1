"""How PostgreSQL reads lists of customers: in the order of an index, never by sorting them all.

The planner may not sort or scan here, so that it finds the index if there is one that serves,
however few rows there are.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from google.protobuf.message import Message
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from partner.customers.v1 import (
    account_managers_pb2,
    customers_pb2,
    partners_pb2,
    resources_pb2,
)
from services.customers.account_managers import queries as account_managers
from services.customers.customers import queries as customers
from services.customers.partners import queries as partners
from services.customers.resources import queries as resources
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.paging import Page
from services.kit.writing import WritingSession
from tests.builders.customer_rows import page_of

VALUES = {
    "associate_time": datetime(2024, 1, 1, tzinfo=UTC),
    "create_time": datetime(2024, 1, 1, tzinfo=UTC),
    "expire_time": datetime(2024, 1, 1, tzinfo=UTC),
    "name": "x",
    "month_to_date_spend": Decimal(1),
    "nearest_expire_time": datetime(2024, 1, 1, tzinfo=UTC),
}
# What goes up by a key that may be NULL has to filter, and so has what goes by a number:
# PostgreSQL does not trust comparisons of numbers before row level security has spoken.
FILTERED = {
    "customers NAME_ASC",
    "customers NEAREST_EXPIRE_TIME_ASC",
    "customers MONTH_TO_DATE_SPEND_ASC",
    "customers MONTH_TO_DATE_SPEND_DESC",
    "partners ASSOCIATE_TIME_ASC",
    "resources EXPIRE_TIME_ASC",
}

List = Callable[[AsyncSession, Scope, str, Page], Awaitable[Any]]


def list_account_managers(
    session: AsyncSession, scope: Scope, order: str, page: Page
) -> Awaitable[Any]:
    return account_managers.list_account_managers(
        session, scope=scope, name=None, order=order, page=page, columns=["id"]
    )


def list_partners(session: AsyncSession, scope: Scope, order: str, page: Page) -> Awaitable[Any]:
    return partners.list_indirect_partners(
        session,
        scope=scope,
        narrowed=partners.IndirectPartnerFilter(),
        order=order,
        page=page,
        columns=["id"],
    )


def list_customers(session: AsyncSession, scope: Scope, order: str, page: Page) -> Awaitable[Any]:
    return customers.list_customers(
        session,
        scope=scope,
        narrowed=customers.CustomerFilter(),
        order=order,
        page=page,
        columns=["id"],
    )


def list_resources(session: AsyncSession, scope: Scope, order: str, page: Page) -> Awaitable[Any]:
    return resources.batch_list_resources(
        session,
        scope=scope,
        customer_ids=[new_id()],
        narrowed=resources.ResourceFilter(),
        order=order,
        page=page,
        columns=["id"],
    )


LISTS: dict[str, tuple[List, Message, dict[str, str]]] = {
    "account_managers": (
        list_account_managers,
        account_managers_pb2.ListAccountManagersRequest(),
        {"create_time": "account_managers_create_time_idx", "name": "account_managers_name_idx"},
    ),
    "partners": (
        list_partners,
        partners_pb2.ListIndirectPartnersRequest(),
        {"associate_time": "partners_associate_time_idx", "name": "partners_name_idx"},
    ),
    "customers": (
        list_customers,
        customers_pb2.ListCustomersRequest(),
        {
            "associate_time": "customers_associate_time_idx",
            "name": "customers_name_idx",
            "month_to_date_spend": "customers_spend_idx",
            "nearest_expire_time": "customers_expire_time_idx",
        },
    ),
    "resources": (
        list_resources,
        resources_pb2.BatchListResourcesRequest(),
        {"expire_time": "resources_open_idx"},
    ),
}
SORTS = {
    f"{thing} {order}": (thing, order, attribute)
    for thing, module in (
        ("account_managers", account_managers),
        ("partners", partners),
        ("customers", customers),
        ("resources", resources),
    )
    for order, (attribute, _) in module.SORTS.items()
}


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_are_read_from_the_index_of_the_sort_key(
    session: WritingSession, sort: str
) -> None:
    thing, order, attribute = SORTS[sort]
    read, request, indexes = LISTS[thing]
    scope = Scope(tenant_id=new_id())
    first = page_of(request, scope)
    later = replace(first, after=(VALUES[attribute], new_id()))

    plans = [await plan_of(session, read(session, scope, order, page)) for page in (first, later)]

    for plan in plans:
        # What stands above the limit of each page may put the pages together.
        page_plan = plan.partition("Limit")[2]
        assert "Sort" not in page_plan
        assert indexes[attribute] in page_plan
    conditions = [line for line in plans[1].splitlines() if "Index Cond" in line]
    assert any("ROW(" in condition for condition in conditions) is (sort not in FILTERED)


async def plan_of(session: WritingSession, reading: Awaitable[Any]) -> str:
    """Give the plan of the one statement that a read runs."""
    for way in ("sort", "seqscan", "bitmapscan"):
        await session.execute(text(f"SET LOCAL enable_{way} = off"))
    connection = await session.connection()
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    def note_query(record: Any) -> None:
        # Only what goes to the driver directly; it tells of BEGIN, too.
        if record.query.startswith("SELECT"):
            asked.append((record.query, record.args))

    engine = connection.sync_connection.engine
    event.listen(engine, "before_cursor_execute", note)
    session.driver.add_query_logger(note_query)
    try:
        await reading
        # The driver tells of queries in the next turn.
        await asyncio.sleep(0)
    finally:
        event.remove(engine, "before_cursor_execute", note)
        session.driver.remove_query_logger(note_query)
    [(statement, parameters)] = asked
    plan = await session.driver.fetch(f"EXPLAIN (COSTS OFF) {statement}", *parameters)
    return "\n".join(row[0] for row in plan)
