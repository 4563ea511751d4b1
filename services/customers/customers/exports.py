"""Customers as a file; whoever has it sees them as masked as in lists."""

from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.customers.messages import to_filter
from services.customers.customers.model import Customer
from services.customers.customers.queries import customers_page
from services.kit.exports.columns import (
    EMAIL,
    MOBILE,
    NAME,
    NUMBER,
    SEVERAL,
    TEXT,
    TIME,
    WORD,
    Column,
    identity,
    own_identity,
)
from services.kit.exports.lists import Listed, Wanted
from services.kit.identity import Role


async def _customers(session: AsyncSession, wanted: Wanted) -> Select[Any]:
    listed = await customers_page(
        session,
        scope=wanted.scope,
        narrowed=wanted.narrowed,
        order="ASSOCIATE_TIME_DESC",
        page=wanted.page,
        columns=wanted.columns,
    )
    return listed.where(Customer.create_time <= wanted.as_of)


CUSTOMERS: Final = Listed(
    columns=[
        Column("Customer", "id", own_identity("cus")),
        Column("Account name", "account_name", NAME),
        Column("Name", "name", NAME),
        Column("Type", "customer_type", WORD),
        Column("Verification", "verification_status", WORD),
        Column("Association type", "association_type", WORD),
        Column("Associate time", "associate_time", TIME),
        Column("Partner", "partner_id", identity("ptr")),
        Column("Account manager", "account_manager_id", identity("mgr")),
        Column("Tags", "tags", SEVERAL),
        Column("E-mail", "email", EMAIL),
        Column("Mobile", "mobile", MOBILE),
        Column("Country code", "country_code", TEXT),
        Column("Freeze state", "freeze_state", WORD),
        Column("Level", "level", WORD),
        Column("External ID", "external_id", TEXT),
        Column("External platform", "external_platform", TEXT),
        Column("Currency", "currency_code", WORD),
        Column("Month-to-date spend", "month_to_date_spend", NUMBER),
        Column("Nearest expire time", "nearest_expire_time", TIME),
        Column("Enterprise role", "enterprise_role", WORD),
        Column("Create time", "create_time", TIME),
    ],
    read_filter=lambda message, _scope: to_filter(message),
    rows=_customers,
    # domain.md 2.2: the list as a whole is the administrator's.
    roles=frozenset({Role.ADMINISTRATOR, Role.OPERATOR}),
)
