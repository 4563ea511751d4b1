"""Consumption details and summaries as files."""

from typing import Any, Final

from sqlalchemy import Select, literal
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.consumption.conditions import refuse_without_manager
from services.billing.consumption.cycles import cycle_at
from services.billing.consumption.messages import to_detail_filter, to_sum_filter
from services.billing.consumption.model import AMOUNTS, ConsumptionDetail
from services.billing.consumption.queries import details, refuse_old
from services.billing.consumption.sums import sums
from services.kit.exports.columns import (
    MONTH,
    NUMBER,
    TEXT,
    TIME,
    WORD,
    Column,
    identity,
    own_identity,
)
from services.kit.exports.lists import Listed, Wanted


async def _details(session: AsyncSession, wanted: Wanted) -> Select[Any]:
    narrowed, now = wanted.narrowed, wanted.as_of
    refuse_without_manager(wanted.scope, narrowed.customers)
    await refuse_old(session, scope=wanted.scope, cycle=narrowed.billing_cycle, now=now)
    return details(
        wanted.scope,
        wanted.columns,
        narrowed,
        order="CONSUME_TIME_DESC",
        page=wanted.page,
        running=literal(cycle_at(now)),
    ).where(ConsumptionDetail.ingest_time <= now)


async def _sums(session: AsyncSession, wanted: Wanted) -> Select[Any]:
    narrowed, now = wanted.narrowed, wanted.as_of
    refuse_without_manager(wanted.scope, narrowed.customers)
    await refuse_old(session, scope=wanted.scope, cycle=narrowed.billing_cycle_from, now=now)
    return sums(wanted.scope, wanted.columns, narrowed, page=wanted.page, now=now)


def _amounts() -> list[Column]:
    return [
        Column(name.replace("_", " ").replace("writeoff", "write-off").capitalize(), name, NUMBER)
        for name in AMOUNTS
    ]


CONSUMPTION_DETAILS: Final = Listed(
    columns=[
        Column("Consumption detail", "id", own_identity("con")),
        Column("Billing cycle", "billing_cycle", MONTH),
        Column("Customer", "customer_id", identity("cus")),
        Column("Partner", "partner_id", identity("ptr")),
        Column("Association type", "association_type", WORD),
        Column("Account manager", "account_manager_id", identity("mgr")),
        Column("Service type code", "service_type_code", TEXT),
        Column("Service type", "service_type_name", TEXT),
        Column("Resource type code", "resource_type_code", TEXT),
        Column("Resource type", "resource_type_name", TEXT),
        Column("Resource ID", "cloud_resource_id", TEXT),
        Column("Resource name", "resource_name", TEXT),
        Column("Resource tag", "resource_tag", TEXT),
        Column("Product ID", "product_id", TEXT),
        Column("Product", "product_name", TEXT),
        Column("Specification", "product_spec_desc", TEXT),
        Column("Region code", "region_code", TEXT),
        Column("Region", "region_name", TEXT),
        Column("Enterprise project", "enterprise_project_id", TEXT),
        Column("Charging mode", "charging_mode", WORD),
        Column("Bill type", "bill_type", WORD),
        Column("Trade number", "trade_number", TEXT),
        Column("Trade time", "trade_time", TIME),
        Column("Consume time", "consume_time", TIME),
        Column("Consume end time", "consume_end_time", TIME),
        Column("Period type", "period_type", WORD),
        Column("Period count", "period_count", NUMBER),
        Column("Payment type", "payment_type", WORD),
        Column("Usage type", "usage_type", TEXT),
        Column("Usage amount", "usage_amount", NUMBER),
        Column("Usage unit", "usage_unit", TEXT),
        Column("Free resource usage", "free_resource_usage", NUMBER),
        Column("Reserved instance usage", "reserved_instance_usage", NUMBER),
        Column("Currency", "currency_code", WORD),
        *_amounts(),
    ],
    read_filter=lambda message, _scope: to_detail_filter(message),
    rows=_details,
)
CONSUMPTION_SUMMARIES: Final = Listed(
    columns=[
        Column("Billing cycle", "billing_cycle", MONTH),
        Column("Customer", "customer_id", identity("cus")),
        Column("Service type code", "service_type_code", TEXT),
        Column("Service type", "service_type_name", TEXT),
        Column("Charging mode", "charging_mode", WORD),
        Column("Bill type", "bill_type", WORD),
        Column("Currency", "currency_code", WORD),
        *_amounts(),
        Column("Consumption details", "detail_count", NUMBER),
    ],
    read_filter=lambda message, _scope: to_sum_filter(message),
    rows=_sums,
)
