"""Taking resources over, in a transaction that is rolled back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from google.type import decimal_pb2
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from partner.customers.v1 import customers_pb2, resources_pb2
from partner.type.v1 import terms_pb2
from services.customers.customers.messages import UNMASKED_CUSTOMER
from services.customers.customers.model import Customer
from services.customers.resources.model import Resource, StateConflict
from services.kit.errors import InvalidArgument, NotFound
from services.kit.ids import new_id, to_text
from tests.builders.customer_rows import (
    NOW,
    a_known,
    day,
    put_customers,
    put_partner,
    put_resources,
)
from tests.builders.customers import a_resource, at

PAY_PER_USE = terms_pb2.CHARGING_MODE_PAY_PER_USE


def state(name: str) -> Any:
    return resources_pb2.ResourceState.Value(f"RESOURCE_STATE_{name}")


@pytest.fixture
async def row(session: AsyncSession, tenant_id: UUID) -> Customer:
    await put_partner(session, tenant_id)
    [customer] = await put_customers(session, tenant_id, a_known("one"))
    return customer


@pytest.fixture
def customer(row: Customer) -> customers_pb2.Customer:
    return UNMASKED_CUSTOMER.everything.message_of(row, now=NOW)


async def only(session: AsyncSession) -> Resource:
    return (await session.scalars(select(Resource))).one()


async def test_ensure_resources_creates_with_all_that_is_said(
    session: AsyncSession, tenant_id: UUID, customer: customers_pb2.Customer
) -> None:
    said = a_resource(
        customer,
        cloud_resource_id="vm-1",
        resource_name="网站",
        expire_policy=resources_pb2.EXPIRE_POLICY_AUTO_RENEW,
        spec_size=decimal_pb2.Decimal(value="40.5"),
        spec_size_measure_id=17,
        effective_time=at("2024-01-01"),
        expire_time=at("2025-01-01"),
        order_number="CS1",
    )

    assert await put_resources(session, tenant_id, said) == (1, 0)

    resource = await only(session)
    assert (resource.resource_name, resource.expire_policy) == ("网站", "AUTO_RENEW")
    assert (resource.spec_size, resource.spec_size_measure_id) == (40.5, 17)
    assert (resource.partner_id, resource.update_time) == (tenant_id, NOW)


async def test_ensure_resources_brings_known_ones_up_to_date_and_counts_changes_only(
    session: AsyncSession, tenant_id: UUID, customer: customers_pb2.Customer
) -> None:
    same, other = (a_resource(customer, cloud_resource_id=name) for name in ("same", "other"))
    await put_resources(session, tenant_id, same, other)
    other.state = state("EXPIRED")

    later = datetime(2024, 10, 1, tzinfo=UTC)
    assert await put_resources(session, tenant_id, same, other, now=later) == (0, 1)

    rows = {one.cloud_resource_id: one for one in await session.scalars(select(Resource))}
    assert (rows["other"].state, rows["other"].update_time) == ("EXPIRED", later)
    assert rows["same"].update_time == NOW


async def test_ensure_resources_leaves_known_ones_as_they_are_if_asked(
    session: AsyncSession, tenant_id: UUID, customer: customers_pb2.Customer
) -> None:
    known = a_resource(customer, cloud_resource_id="vm-1", resource_name="kept")
    await put_resources(session, tenant_id, known)
    known.resource_name = "lost"
    known.state = state("FROZEN")

    twice = [a_resource(customer, cloud_resource_id="vm-2") for _ in range(2)]
    counts = await put_resources(session, tenant_id, known, *twice, keep_known=True)

    assert counts == (1, 0)
    names = await session.scalars(select(Resource.resource_name).order_by("resource_name"))
    assert names.all() == ["kept", None]


async def test_ensure_resources_refuses_one_named_twice(
    session: AsyncSession, tenant_id: UUID, customer: customers_pb2.Customer
) -> None:
    twice = [a_resource(customer, cloud_resource_id="vm-1") for _ in range(2)]

    with pytest.raises(InvalidArgument) as refused:
        await put_resources(session, tenant_id, *twice)

    assert refused.value.field == "resources[1].cloud_resource_id"


async def test_ensure_resources_refuses_a_step_that_no_machine_allows(
    session: AsyncSession, tenant_id: UUID, customer: customers_pb2.Customer
) -> None:
    resource = a_resource(customer, cloud_resource_id="vm-1")
    await put_resources(session, tenant_id, resource)
    resource.state = state("FROZEN")

    with pytest.raises(StateConflict) as refused:
        await put_resources(session, tenant_id, resource)

    assert refused.value.metadata == {
        "cloud_resource_id": "vm-1",
        "from": "ACTIVE",
        "to": "FROZEN",
    }


async def test_ensure_resources_refuses_unknown_customers(
    session: AsyncSession, tenant_id: UUID, customer: customers_pb2.Customer
) -> None:
    foreign = a_resource(customers_pb2.Customer(id=to_text("cus", new_id())))

    with pytest.raises(NotFound, match=r"^customer not found$") as refused:
        await put_resources(session, tenant_id, a_resource(customer), foreign)

    assert refused.value.field == "resources[1].customer_id"


@pytest.mark.parametrize(
    ("flaw", "field"),
    [
        ({"cloud_resource_id": ""}, "cloud_resource_id"),
        ({"service_type_code": " "}, "service_type_code"),
        ({"resource_type_code": ""}, "resource_type_code"),
        ({"charging_mode": 0}, "charging_mode"),
        ({"charging_mode": terms_pb2.CHARGING_MODE_RESERVED}, "charging_mode"),
        ({"state": 0}, "state"),
        ({"state": state("GRACE")}, "state"),
        (
            {"charging_mode": PAY_PER_USE, "expire_policy": resources_pb2.EXPIRE_POLICY_GRACE},
            "expire_policy",
        ),
        ({"effective_time": at("2024-02-01"), "expire_time": at("2024-01-01")}, "expire_time"),
        ({"spec_size": decimal_pb2.Decimal(value="1e3")}, "spec_size"),
    ],
)
async def test_ensure_resources_names_the_field_that_is_malformed(
    session: AsyncSession,
    tenant_id: UUID,
    customer: customers_pb2.Customer,
    flaw: dict[str, Any],
    field: str,
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await put_resources(session, tenant_id, a_resource(customer, **flaw))

    assert refused.value.field == f"resources[0].{field}"


async def test_the_customer_knows_when_its_next_resource_in_use_expires(
    session: AsyncSession, tenant_id: UUID, row: Customer, customer: customers_pb2.Customer
) -> None:
    first = a_resource(customer, expire_time=at("2024-10-01"))
    second = a_resource(customer, expire_time=at("2024-11-01"))
    endless = a_resource(customer, charging_mode=PAY_PER_USE)

    await put_resources(session, tenant_id, first, second, endless)
    assert row.nearest_expire_time == day("2024-10-01")

    first.state = state("EXPIRED")
    await put_resources(session, tenant_id, first)
    assert row.nearest_expire_time == day("2024-11-01")

    second.state = state("CLOSED")
    await put_resources(session, tenant_id, second)
    assert row.nearest_expire_time is None


@pytest.mark.parametrize(
    "change",
    [
        "state = 'GRACE'",
        "charging_mode = 'RESERVED'",
        "charging_mode = 'PAY_PER_USE', expire_policy = 'GRACE'",
        "effective_time = now(), expire_time = now() - interval '1 day'",
    ],
)
async def test_the_database_holds_what_the_model_says(
    session: AsyncSession, tenant_id: UUID, customer: customers_pb2.Customer, change: str
) -> None:
    await put_resources(session, tenant_id, a_resource(customer))

    with pytest.raises(IntegrityError, match="check"):
        await session.execute(text(f"UPDATE resources SET {change}"))  # noqa: S608 - from above
