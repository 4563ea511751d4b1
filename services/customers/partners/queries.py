"""Reads of partners, always inside a scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.partners.model import IndirectPartnerForbidden, Partner, PartnerKind
from services.kit.errors import NotFound
from services.kit.fields import fetch, selected
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


async def get(
    session: AsyncSession, *, scope: Scope, id_: UUID, columns: Sequence[str]
) -> Sequence[Any]:
    """Get columns of one partner.

    :raises NotFound: where there is none in scope.
    """
    rows = await batch_get(session, scope=scope, ids=[id_], columns=columns)
    if not rows:
        raise NotFound("partner not found")
    row: Sequence[Any] = rows[0]
    return row


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


async def batch_get(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID], columns: Sequence[str]
) -> list[Any]:
    """Get columns of those in scope, in the order asked; a row ends with the id."""
    statement = select(*selected(Partner, columns), Partner.id.label("sort_id"))
    found = await fetch(session, statement.where(*_in_scope(scope), Partner.id.in_(ids)))
    by_id = {row[-1]: row for row in found}
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
    session: AsyncSession,
    *,
    scope: Scope,
    narrowed: IndirectPartnerFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> Sequence[Any]:
    """List columns of a page of the calling distributor's resellers; a reseller has none.

    A row ends with the sort value and the id.
    """
    attribute, direction = SORTS[order]
    column: Any = getattr(Partner, attribute)
    statement = select(
        *selected(Partner, columns), column.label("sort_value"), Partner.id.label("sort_id")
    ).where(*_in_scope(scope), Partner.kind == PartnerKind.INDIRECT_PARTNER, *_conditions(narrowed))
    if scope.partner_id is not None:
        statement = statement.where(false())
    sort = [(column, direction), (Partner.id, direction)]
    return await fetch(session, keyset(statement, sort=sort, page=page))


def _conditions(narrowed: IndirectPartnerFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        getattr(Partner, attribute) == value
        for attribute in ("mobile", "email")
        if (value := getattr(narrowed, attribute)) is not None
    ]
    for attribute in ("account_name", "name"):
        if (text := getattr(narrowed, attribute)) is not None:
            column = getattr(Partner, attribute)
            conditions.append(search(column, text, field=f"filter.{attribute}"))
    if narrowed.indirect_partner_id is not None:
        conditions.append(Partner.id == narrowed.indirect_partner_id)
    if narrowed.associate_time_from is not None:
        conditions.append(Partner.associate_time >= narrowed.associate_time_from)
    if narrowed.associate_time_to is not None:
        conditions.append(Partner.associate_time < narrowed.associate_time_to)
    return conditions


def _in_scope(scope: Scope) -> list[ColumnElement[bool]]:
    # Everybody sees the own company; managers and directors only those resellers they look after.
    return [
        Partner.tenant_id == scope.tenant_id,
        or_(Partner.id == scope.own_partner_id, and_(*scope.covers(Partner))),
    ]
