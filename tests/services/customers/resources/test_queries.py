"""Reads of resources: filters, sorts, scopes, and the first of many customers."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from partner.customers.v1 import resources_pb2
from partner.type.v1 import terms_pb2
from services.customers.customers.messages import UNMASKED_CUSTOMER
from services.customers.customers.model import Customer
from services.customers.resources import queries
from services.customers.resources.model import Resource
from services.customers.resources.queries import ResourceFilter
from services.kit.errors import NotFound
from services.kit.fields import place
from services.kit.identity import Scope
from services.kit.ids import new_id
from tests.builders.customer_rows import (
    NOW,
    PAGES,
    a_known,
    day,
    page_of,
    put_customers,
    put_manager,
    put_partner,
    put_reseller,
    put_resources,
)
from tests.builders.customers import a_resource, at
from tests.builders.principals import (
    a_customers_user,
    an_account_manager,
    an_administrator,
)


@pytest.fixture
def scope(tenant_id: UUID) -> Scope:
    return an_administrator(tenant_id).scope


@pytest.fixture(autouse=True)
async def customers(session: AsyncSession, tenant_id: UUID) -> list[Customer]:
    """Put a customer of Li Na's, one of nobody's, and one of a reseller's."""
    await put_partner(session, tenant_id)
    reseller = await put_reseller(session, tenant_id)
    li = await put_manager(session, tenant_id, name="Li Na")
    return await put_customers(
        session,
        tenant_id,
        a_known("li", account_manager_id=li.id),
        a_known("nobody"),
        a_known("reseller", indirect_partner_id=reseller.id),
    )


async def put_various(session: AsyncSession, customer: Customer) -> None:
    """Put four resources, named a to d, that differ in everything a filter looks at."""
    message = UNMASKED_CUSTOMER.everything.message_of(customer, now=NOW)
    closed = resources_pb2.RESOURCE_STATE_CLOSED
    grace = resources_pb2.RESOURCE_STATE_GRACE
    use = terms_pb2.CHARGING_MODE_PAY_PER_USE
    expire = at("2024-10-02")
    various: list[dict[str, Any]] = [
        {"order_number": "CS1", "region_code": "cn-north-4", "expire_time": at("2024-10-01")},
        {"effective_time": at("2024-02-01"), "service_type_code": "ebs", "expire_time": expire},
        {"charging_mode": use, "state": grace, "is_primary": False},
        {"state": closed, "expire_time": at("2024-09-01")},
    ]
    resources = [
        a_resource(message, cloud_resource_id=name, **known)
        for name, known in zip("abcd", various, strict=True)
    ]
    await put_resources(session, customer.tenant_id, *resources)


async def found(
    session: AsyncSession,
    scope: Scope,
    customer_id: UUID,
    narrowed: ResourceFilter | None = None,
    *,
    order: str = "EXPIRE_TIME_ASC",
) -> list[str]:
    """List the clouds' ids in pages of one."""
    request = resources_pb2.ListResourcesRequest(page_size=1)
    names: list[str] = []
    while True:
        page = page_of(request, scope)
        rows = await queries.list_resources(
            session,
            scope=scope,
            customer_id=customer_id,
            narrowed=narrowed or ResourceFilter(),
            order=order,
            page=page,
            columns=["cloud_resource_id"],
        )
        cut = PAGES.cut(page, rows, key=place)
        names += [row[0] for row in cut.rows]
        request.page_token = cut.next_page_token
        if not cut.next_page_token:
            return names


@pytest.mark.parametrize(
    ("narrowed", "names"),
    [
        ({}, "abc"),
        ({"states": ["ACTIVE", "CLOSED"]}, "dab"),
        ({"states": ["GRACE"]}, "c"),
        ({"charging_mode": "PAY_PER_USE"}, "c"),
        ({"cloud_resource_ids": ["a", "c", "x"]}, "ac"),
        ({"order_number": "CS1"}, "a"),
        ({"only_primary": True}, "ab"),
        ({"expire_time_from": day("2024-10-02")}, "b"),
        ({"expire_time_to": day("2024-10-02")}, "a"),
        ({"effective_time_from": day("2024-02-01")}, "b"),
        ({"effective_time_to": day("2024-02-01")}, ""),
        ({"service_type_code": "ebs"}, "b"),
        ({"region_code": "cn-north-4"}, "a"),
        ({"region_code": "cn-north-4", "only_primary": True, "states": ["FROZEN"]}, ""),
    ],
)
async def test_a_filter_narrows_the_list(
    session: AsyncSession,
    scope: Scope,
    customers: list[Customer],
    narrowed: dict[str, Any],
    names: str,
) -> None:
    await put_various(session, customers[0])

    listed = await found(session, scope, customers[0].id, ResourceFilter(**narrowed))

    assert listed == list(names)


async def test_the_sort_works_in_both_directions_with_endless_ones_as_the_latest(
    session: AsyncSession, scope: Scope, customers: list[Customer]
) -> None:
    await put_various(session, customers[0])

    assert await found(session, scope, customers[0].id) == ["a", "b", "c"]
    descending = await found(session, scope, customers[0].id, order="EXPIRE_TIME_DESC")
    assert descending == ["c", "b", "a"]


async def test_list_resources_does_not_know_customers_out_of_scope(
    session: AsyncSession, tenant_id: UUID, customers: list[Customer]
) -> None:
    li, nobody, resellers = customers
    manager_id = li.account_manager_id
    assert manager_id is not None
    of_li = an_account_manager(tenant_id, account_manager_id=manager_id).scope
    itself = a_customers_user(tenant_id, customer_id=li.id).scope
    reseller = an_administrator(tenant_id, partner_id=resellers.partner_id).scope

    for scope, customer_id in (
        (of_li, nobody.id),
        (itself, nobody.id),
        (reseller, li.id),
        (of_li, new_id()),
    ):
        with pytest.raises(NotFound, match=r"^customer not found$"):
            await found(session, scope, customer_id)
    for scope, customer_id in ((of_li, li.id), (itself, li.id), (reseller, resellers.id)):
        assert await found(session, scope, customer_id) == []


async def test_batch_list_resources_gives_the_first_of_each_customer_in_scope(
    session: AsyncSession, tenant_id: UUID, customers: list[Customer]
) -> None:
    li, nobody, resellers = customers
    for customer in customers:
        await put_various(session, customer)
    manager_id = li.account_manager_id
    assert manager_id is not None
    of_li = an_account_manager(tenant_id, account_manager_id=manager_id).scope
    ids = [resellers.id, li.id, new_id(), nobody.id]

    async def groups(scope: Scope, order: str = "EXPIRE_TIME_ASC") -> dict[UUID, list[str]]:
        request = resources_pb2.BatchListResourcesRequest(page_size=1)
        rows = await queries.batch_list_resources(
            session,
            scope=scope,
            customer_ids=ids,
            narrowed=ResourceFilter(charging_mode="PERIOD"),
            order=order,
            page=page_of(request, scope),
            columns=["cloud_resource_id"],
        )
        return {id_: [row[0] for row in group] for id_, group in rows.items()}

    # One more than the page, so that it is known whether there is another.
    assert await groups(an_administrator(tenant_id).scope) == {
        resellers.id: ["a", "b"],
        li.id: ["a", "b"],
        nobody.id: ["a", "b"],
    }
    assert await groups(of_li, "EXPIRE_TIME_DESC") == {li.id: ["b", "a"]}


async def test_batch_list_resources_knows_customers_in_scope_that_have_none(
    session: AsyncSession, tenant_id: UUID, customers: list[Customer]
) -> None:
    li, nobody, _ = customers
    itself = a_customers_user(tenant_id, customer_id=li.id).scope

    groups = await queries.batch_list_resources(
        session,
        scope=itself,
        customer_ids=[li.id, nobody.id],
        narrowed=ResourceFilter(),
        order="EXPIRE_TIME_ASC",
        page=page_of(resources_pb2.BatchListResourcesRequest(), itself),
        columns=[],
    )

    assert groups == {li.id: []}


async def test_batch_get_keeps_the_order_and_leaves_out_what_is_not_in_scope(
    session: AsyncSession, tenant_id: UUID, scope: Scope, customers: list[Customer]
) -> None:
    li, nobody, _ = customers
    await put_various(session, li)
    ids = list(await session.scalars(select(Resource.id).order_by(Resource.id.desc())))
    other = a_customers_user(tenant_id, customer_id=nobody.id).scope

    async def names(scope: Scope) -> list[str]:
        rows = await queries.batch_get(
            session, scope=scope, ids=[new_id(), *ids], columns=["cloud_resource_id"]
        )
        return [row[0] for row in rows]

    assert await names(scope) == ["d", "c", "b", "a"]
    assert await names(other) == []
