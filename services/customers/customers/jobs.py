"""What happens to customers by itself: billing learns of changes, a new month begins at zero."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.account_managers.model import AccountManager
from services.customers.customers.model import Customer, cycle_of
from services.customers.partners.model import Partner
from services.kit.database import Database
from services.kit.identity import Principal
from services.kit.jobs import Job, over_tenants, step_id, system_principal

BATCH: Final = 500
BACK_OFF_MAX: Final = timedelta(seconds=60)
ERROR_LENGTH_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How a customer is linked to its partner, as billing is told."""

    customer_id: UUID
    version: int
    partner_id: UUID
    partner_name: str
    association_type: str
    account_manager_id: UUID | None
    account_manager_name: str | None
    customer_name: str | None
    account_name: str


# Tells billing of a tenant's links: (principal, request_id, links).
PutLinks = Callable[[Principal, str, Sequence[Link]], Awaitable[None]]


def customer_jobs(put_links: PutLinks) -> list[Job]:
    return [
        Job(
            name="push customer links",
            every=timedelta(seconds=0.5),
            run=partial(push_links, put_links=put_links),
        ),
        Job(name="begin a new month of spend", every=timedelta(seconds=20), run=begin_month),
    ]


async def push_links(database: Database, now: datetime, *, put_links: PutLinks) -> int:
    """Tell billing of one tenant's changed customers; give how many it took.

    The rows say what is due. They are not locked while billing is asked: it passes over versions
    older than it knows, so that asking twice is harmless.
    """
    tenant_id = await _tenant_due(database, now)
    if tenant_id is None:
        return 0
    principal = system_principal("customers", tenant_id=tenant_id)
    async with database.transaction(principal) as session:
        links = await _due_links(session, tenant_id=tenant_id, now=now)
    if not links:
        return 0
    request_id = step_id(tenant_id, *[f"{one.customer_id}:{one.version}" for one in links])
    try:
        await put_links(principal, request_id, links)
    except Exception as error:
        async with database.transaction(principal) as session:
            await _put_off(session, links, tenant_id=tenant_id, error=error, now=now)
        raise
    async with database.transaction(principal) as session:
        await _note_pushed(session, links, tenant_id=tenant_id)
    return len(links)


async def _tenant_due(database: Database, now: datetime) -> UUID | None:
    async with over_tenants(database) as session:
        tenant_id: UUID | None = await session.scalar(
            select(Customer.tenant_id)
            .where(Customer.link_pushed_version < Customer.link_version)
            .where(Customer.link_due_time <= now)
            .order_by(Customer.link_due_time)
            .limit(1)
        )
        return tenant_id


async def _due_links(session: AsyncSession, *, tenant_id: UUID, now: datetime) -> list[Link]:
    rows = await session.execute(
        select(
            Customer.id,
            Customer.link_version,
            Customer.partner_id,
            Partner.name,
            Customer.association_type,
            Customer.account_manager_id,
            AccountManager.name,
            Customer.name,
            Customer.account_name,
        )
        .join(
            Partner,
            (Partner.tenant_id == Customer.tenant_id) & (Partner.id == Customer.partner_id),
        )
        .outerjoin(
            AccountManager,
            (AccountManager.tenant_id == Customer.tenant_id)
            & (AccountManager.id == Customer.account_manager_id),
        )
        .where(Customer.tenant_id == tenant_id)
        .where(Customer.link_pushed_version < Customer.link_version)
        .where(Customer.link_due_time <= now)
        .order_by(Customer.link_due_time, Customer.id)
        .limit(BATCH)
        # What others are changing right now is due again when they are done.
        .with_for_update(of=Customer, skip_locked=True, key_share=True)
    )
    return [
        Link(
            customer_id=row[0],
            version=row[1],
            partner_id=row[2],
            partner_name=row[3],
            association_type=row[4],
            account_manager_id=row[5],
            account_manager_name=row[6],
            customer_name=row[7],
            account_name=row[8],
        )
        for row in rows
    ]


_NOTE_PUSHED: Final = text(
    "UPDATE customers SET link_pushed_version = pushed.version, link_attempts = 0,"
    " link_error = NULL"
    " FROM (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS bigint[]))"
    " AS told (id, version)) AS pushed"
    " WHERE customers.tenant_id = :tenant_id AND customers.id = pushed.id"
    " AND customers.link_pushed_version < pushed.version"
)


async def _note_pushed(session: AsyncSession, links: Sequence[Link], *, tenant_id: UUID) -> None:
    values = {
        "tenant_id": tenant_id,
        "ids": [one.customer_id for one in links],
        "versions": [one.version for one in links],
    }
    await session.execute(_NOTE_PUSHED, values)


_PUT_OFF: Final = text(
    "UPDATE customers SET link_attempts = link_attempts + 1, link_error = :error,"
    " link_due_time = CAST(:now AS timestamptz) + least("
    "interval '1 second' * 2 ^ least(link_attempts, 6), CAST(:at_most AS interval))"
    " WHERE tenant_id = :tenant_id AND id = ANY(CAST(:ids AS uuid[]))"
)


async def _put_off(
    session: AsyncSession,
    links: Sequence[Link],
    *,
    tenant_id: UUID,
    error: Exception,
    now: datetime,
) -> None:
    """Try these again later, a second at first and at most a minute, and keep what went wrong."""
    values = {
        "tenant_id": tenant_id,
        "ids": [one.customer_id for one in links],
        "error": repr(error)[:ERROR_LENGTH_MAX],
        "now": now,
        "at_most": BACK_OFF_MAX,
    }
    await session.execute(_PUT_OFF, values)


_BEGIN_MONTH: Final = text(
    "UPDATE customers SET month_to_date_spend = 0, spend_cycle = :cycle"
    " WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM customers"
    " WHERE month_to_date_spend <> 0 AND spend_cycle < :cycle"
    " LIMIT :at_most FOR UPDATE SKIP LOCKED) RETURNING id"
)


async def begin_month(database: Database, now: datetime) -> int:
    """Set the spend of an earlier billing cycle to zero; give of how many customers."""
    async with over_tenants(database) as session:
        values = {"cycle": cycle_of(now), "at_most": BATCH}
        return len((await session.execute(_BEGIN_MONTH, values)).all())
