"""The same things as rows: made by the operations inside a test's own transaction."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.account_managers.model import AccountManager
from services.customers.account_managers.operations import create_account_manager
from services.customers.customers.model import Customer
from services.customers.customers.operations import NewCustomer, ensure_customers
from services.customers.partners.model import Partner
from services.customers.partners.operations import create_indirect_partner, create_partner
from services.customers.resources.messages import to_values
from services.customers.resources.operations import ensure_resources
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.paging import Page, PageTokens
from tests.builders.customers import PLATFORM

NOW = datetime(2024, 9, 1, tzinfo=UTC)
PAGES = PageTokens(b"a key for pages of tests, 32 bytes and more")


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def page_of(request: Message, scope: Scope) -> Page:
    return PAGES.page(request, scope=scope)


async def put_partner(
    session: AsyncSession, tenant_id: UUID, *, kind: str = "DISTRIBUTOR"
) -> Partner:
    return await create_partner(
        session,
        scope=Scope(tenant_id=tenant_id),
        kind=kind,
        name="Northern Cloud",
        account_name="northern",
        mobile=None,
        email=None,
        currency_code="CNY",
        now=NOW,
    )


async def put_reseller(session: AsyncSession, tenant_id: UUID, **known: Any) -> Partner:
    values = {
        "name": "Small Reseller",
        "account_name": new_id().hex,
        "mobile": None,
        "email": None,
        "associate_time": None,
        "account_manager_id": None,
    }
    scope = Scope(tenant_id=tenant_id)
    return await create_indirect_partner(session, scope=scope, **values | known, now=NOW)


async def put_manager(
    session: AsyncSession,
    tenant_id: UUID,
    *,
    name: str = "Li Na",
    partner_id: UUID | None = None,
    now: datetime = NOW,
) -> AccountManager:
    scope = Scope(tenant_id=tenant_id, own_partner_id=partner_id)
    return await create_account_manager(
        session, scope=scope, account_name=new_id().hex, name=name, now=now
    )


def a_known(external_id: str, **known: Any) -> NewCustomer:
    """Give what is known of a customer, as a plain value."""
    values: dict[str, Any] = {"external_platform": PLATFORM, "tags": []}
    return NewCustomer(external_id=external_id, **values | known)


async def put_customers(
    session: AsyncSession, tenant_id: UUID, *customers: NewCustomer, now: datetime = NOW
) -> list[Customer]:
    rows, _created = await ensure_customers(
        session, scope=Scope(tenant_id=tenant_id), customers=customers, now=now
    )
    return rows


async def put_resources(
    session: AsyncSession,
    tenant_id: UUID,
    *resources: Any,
    keep_known: bool = False,
    now: datetime = NOW,
) -> tuple[int, int]:
    """Take resources over, given as messages; give how many are new and how many changed."""
    return await ensure_resources(
        session,
        scope=Scope(tenant_id=tenant_id),
        resources=[to_values(one, path=f"resources[{i}]") for i, one in enumerate(resources)],
        keep_known=keep_known,
        now=now,
    )
