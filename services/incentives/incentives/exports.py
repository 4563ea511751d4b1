"""Incentive lines as a file; the names of customers are masked."""

from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from services.incentives.incentives.messages import to_filter
from services.incentives.incentives.model import Incentive
from services.incentives.incentives.queries import listed
from services.kit.exports.columns import (
    FLAG,
    NAME,
    NUMBER,
    TEXT,
    TIME,
    WORD,
    Column,
    identity,
    own_identity,
)
from services.kit.exports.lists import Listed, Wanted


async def _incentives(_session: AsyncSession, wanted: Wanted) -> Select[Any]:
    return listed(
        wanted.scope,
        wanted.narrowed,
        order="CREATE_TIME_DESC",
        page=wanted.page,
        columns=wanted.columns,
    ).where(Incentive.create_time <= wanted.as_of)


INCENTIVES: Final = Listed(
    columns=[
        Column("Incentive", "id", own_identity("inc")),
        Column("Year", "year", NUMBER),
        Column("Period", "period", TEXT),
        Column("Plan", "plan_name", TEXT),
        Column("Order number", "order_number", TEXT),
        Column("Customer", "customer_id", identity("cus")),
        Column("Customer name", "customer_name", NAME),
        Column("Customer account name", "customer_account_name", NAME),
        Column("Reseller", "indirect_partner_id", identity("ptr")),
        Column("Reseller name", "indirect_partner_name", TEXT),
        Column("Account manager", "account_manager_id", identity("mgr")),
        Column("Account manager name", "account_manager_name", TEXT),
        Column("Service type code", "service_type_code", TEXT),
        Column("Service type", "service_type_name", TEXT),
        Column("Association type", "association_type", WORD),
        Column("Charging mode", "charging_mode", WORD),
        Column("Currency", "currency_code", WORD),
        Column("Consumption", "consumption_amount", NUMBER),
        Column("Performance", "performance_amount", NUMBER),
        Column("Rate", "rate", NUMBER),
        Column("Amount", "amount", NUMBER),
        Column("State", "state", WORD),
        Column("Frozen", "frozen", FLAG),
        Column("Freeze reason", "freeze_reason", TEXT),
        Column("Create time", "create_time", TIME),
    ],
    read_filter=lambda message, _scope: to_filter(message),
    rows=_incentives,
)
