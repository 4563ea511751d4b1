"""Reads of partners, always inside a scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Select, and_, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.partners.model import IndirectPartnerForbidden, Partner, PartnerKind
from services.kit.errors import NotFound
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, keyset, search

# Sort key and direction by the word of IndirectPartnerOrder; the first is the default.
SORTS: Final[dict[str, tuple[str, Direction]]] = {
    "ASSOCIATE_TIME_DESC": ("associate_time", "desc"),
    "ASSOCIATE_TIME_ASC": ("associate_time", "asc"),
    "NAME_ASC": ("name", "asc"),
    "NAME_DESC": ("name", "desc"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndirectPartnerFilter:
    """What a list of resellers is narrowed by; None narrows nothing."""

    account_name: str | None = None
    associate_time_from: datetime | None = None
    associate_time_to: datetime | None = None
    indirect_partner_id: UUID | None = None
    name: str | None = None
    mobile: str | None = None
    email: str | None = None


async def get(session: AsyncSession, *, scope: Scope, id_: UUID) -> Partner:
    """Get one partner.

    :raises NotFound: where there is none in scope.
    """
    partner = await session.scalar(_in_scope(scope).where(Partner.id == id_))
    if partner is None:
        raise NotFound("partner not found")
    return partner


async def get_root(session: AsyncSession, *, scope: Scope) -> Partner:
    """Get the partner that the tenant is; for callers whom row level security lets see it.

    :raises NotFound: where the tenant is not open.
    """
    partner = await session.scalar(
        select(Partner).where(Partner.tenant_id == scope.tenant_id, Partner.id == scope.tenant_id)
    )
    if partner is None:
        raise NotFound("partner not found")
    return partner


async def get_currency_code(session: AsyncSession, *, scope: Scope) -> str | None:
    """Give the one currency of the caller's partner; None where the tenant is not open."""
    code: str | None = await session.scalar(
        select(Partner.currency_code).where(
            Partner.tenant_id == scope.tenant_id,
            Partner.id == (scope.own_partner_id or scope.tenant_id),
        )
    )
    return code


async def batch_get(session: AsyncSession, *, scope: Scope, ids: Sequence[UUID]) -> list[Partner]:
    """Get those in scope, in the order asked."""
    found = await session.scalars(_in_scope(scope).where(Partner.id.in_(ids)))
    by_id = {partner.id: partner for partner in found}
    return [by_id[id_] for id_ in ids if id_ in by_id]


async def check_resellers(
    session: AsyncSession, *, scope: Scope, ids: set[UUID], field: str | None = None
) -> None:
    """Make sure that the caller is the distributor of all these resellers.

    :raises IndirectPartnerForbidden: where it is not; foreign, unknown and own ones are all alike.
    """
    if scope.partner_id is not None or scope.customer_id is not None:
        raise IndirectPartnerForbidden(field=field)
    statement = select(Partner.id).where(
        Partner.tenant_id == scope.tenant_id,
        Partner.kind == PartnerKind.INDIRECT_PARTNER,
        Partner.id.in_(ids),
    )
    if set(await session.scalars(statement)) != ids:
        raise IndirectPartnerForbidden(field=field)


async def list_indirect_partners(
    session: AsyncSession, *, scope: Scope, narrowed: IndirectPartnerFilter, order: str, page: Page
) -> Sequence[Partner]:
    """List a page of the calling distributor's resellers; a reseller has none."""
    statement = _narrow(_in_scope(scope), narrowed).where(
        Partner.kind == PartnerKind.INDIRECT_PARTNER
    )
    if scope.partner_id is not None:
        statement = statement.where(false())
    attribute, direction = SORTS[order]
    sort = [(getattr(Partner, attribute), direction), (Partner.id, direction)]
    return (await session.scalars(keyset(statement, sort=sort, page=page))).all()


def _narrow(statement: Select[Partner], narrowed: IndirectPartnerFilter) -> Select[Partner]:
    for attribute in ("account_name", "name"):
        if (text := getattr(narrowed, attribute)) is not None:
            column = getattr(Partner, attribute)
            statement = statement.where(search(column, text, field=f"filter.{attribute}"))
    for attribute in ("mobile", "email"):
        if (value := getattr(narrowed, attribute)) is not None:
            statement = statement.where(getattr(Partner, attribute) == value)
    if narrowed.indirect_partner_id is not None:
        statement = statement.where(Partner.id == narrowed.indirect_partner_id)
    if narrowed.associate_time_from is not None:
        statement = statement.where(Partner.associate_time >= narrowed.associate_time_from)
    if narrowed.associate_time_to is not None:
        statement = statement.where(Partner.associate_time < narrowed.associate_time_to)
    return statement


def _in_scope(scope: Scope) -> Select[Partner]:
    # Everybody sees the own company; managers and directors only those resellers they look after.
    return select(Partner).where(
        Partner.tenant_id == scope.tenant_id,
        or_(Partner.id == scope.own_partner_id, and_(*scope.covers(Partner))),
    )
