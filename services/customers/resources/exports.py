"""Customers' resources as a file."""

from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.resources.messages import to_filter
from services.customers.resources.model import Resource
from services.customers.resources.queries import resources_page
from services.kit import ids
from services.kit.exports.columns import (
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    WORD,
    Column,
    identity,
    own_identity,
)
from services.kit.exports.lists import Listed, Wanted


async def _resources(_session: AsyncSession, wanted: Wanted) -> Select[Any]:
    return resources_page(
        scope=wanted.scope,
        narrowed=wanted.narrowed,
        page=wanted.page,
        columns=wanted.columns,
    ).where(Resource.id < ids.first_of(wanted.as_of))


RESOURCES: Final = Listed(
    columns=[
        Column("Resource", "id", own_identity("res")),
        Column("Customer", "customer_id", identity("cus")),
        Column("Resource ID", "cloud_resource_id", TEXT),
        Column("Name", "resource_name", TEXT),
        Column("Charging mode", "charging_mode", WORD),
        Column("Service type code", "service_type_code", TEXT),
        Column("Service type", "service_type_name", TEXT),
        Column("Resource type code", "resource_type_code", TEXT),
        Column("Resource type", "resource_type_name", TEXT),
        Column("Specification code", "resource_spec_code", TEXT),
        Column("Product ID", "product_id", TEXT),
        Column("Specification", "product_spec_desc", TEXT),
        Column("Region code", "region_code", TEXT),
        Column("Availability zone code", "availability_zone_code", TEXT),
        Column("Project", "project_id", TEXT),
        Column("Enterprise project", "enterprise_project_name", TEXT),
        Column("Attached to", "parent_cloud_resource_id", TEXT),
        Column("Primary", "is_primary", FLAG),
        Column("State", "state", WORD),
        Column("Effective time", "effective_time", TIME),
        Column("Expire time", "expire_time", TIME),
        Column("Expire policy", "expire_policy", WORD),
        Column("Size", "spec_size", NUMBER),
        Column("Order number", "order_number", TEXT),
    ],
    read_filter=lambda message, _scope: to_filter(message),
    rows=_resources,
)
