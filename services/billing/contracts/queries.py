"""Reads contracts, inside the scope of who asks: a partner sees its own alone (domain.md 9.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.contracts.model import Contract, ContractDocument, ContractParty
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, keyset

TimeRange = tuple[datetime | None, datetime | None]
DateRange = tuple[date | None, date | None]


class ContractOrder(StrEnum):
    CREATE_TIME_DESC = "CREATE_TIME_DESC"
    CREATE_TIME_ASC = "CREATE_TIME_ASC"


_DIRECTIONS: Final[Mapping[str, Direction]] = {
    ContractOrder.CREATE_TIME_DESC: "desc",
    ContractOrder.CREATE_TIME_ASC: "asc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFilter:
    """What a list is narrowed by; None and empty narrow nothing."""

    number: str | None = None
    kind: str | None = None
    states: Sequence[str] = ()
    partner_id: UUID | None = None
    create_time: TimeRange = (None, None)
    promised_payment_date: DateRange = (None, None)
    effective_time: TimeRange = (None, None)
    expire_time: TimeRange = (None, None)


@dataclass(frozen=True, slots=True)
class Document:
    """A contract's PDF and the number that names it."""

    number: str
    data: bytes


async def get_party(
    session: AsyncSession, *, scope: Scope, partner_id: UUID | None
) -> ContractParty:
    """Give who a partner is, by default the caller's own, or the tenant's root partner.

    Nobody has said anything of a partner that is unknown, or not the caller's: it is not verified.
    """
    wanted = partner_id or scope.own_partner_id or scope.tenant_id
    statement = select(ContractParty).where(
        *_covers(scope, ContractParty), ContractParty.partner_id == wanted
    )
    found = (await session.scalars(statement)).one_or_none()
    return found or ContractParty(tenant_id=scope.tenant_id, partner_id=wanted, is_verified=False)


async def get_for_update(
    session: AsyncSession, *, scope: Scope, contract_id: UUID
) -> Contract | None:
    """Give a contract; others who change it wait."""
    mine = (*_covers(scope, Contract), Contract.id == contract_id)
    statement = select(Contract).where(*mine).with_for_update(key_share=True)
    return (await session.scalars(statement)).one_or_none()


async def get_document(
    session: AsyncSession, *, scope: Scope, contract_id: UUID
) -> Document | None:
    """Give a contract's document.

    :raises ValueError: where it is not the one that was made.
    """
    columns: list[Any] = [Contract.number, Contract.document_sha256, ContractDocument.data]
    statement = (
        select(*columns)
        .join(
            ContractDocument,
            (ContractDocument.tenant_id == Contract.tenant_id)
            & (ContractDocument.contract_id == Contract.id),
        )
        .where(*_covers(scope, Contract), Contract.id == contract_id)
    )
    rows = await fetch(session, statement)
    if not rows:
        return None
    ((number, expected, data),) = rows
    if sha256(data).digest() != expected:
        message = f"the document of contract {number} is not the one that was made"
        raise ValueError(message)
    return Document(number, bytes(data))


async def batch_get(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    ids: Sequence[UUID],
    now: datetime,
) -> list[Sequence[Any]]:
    """Give those in scope in the order of the ids; behind its columns, a row has its id."""
    statement = _shown(scope, columns, now=now).add_columns(Contract.id.label("row_id"))
    rows = await fetch(session, statement.where(Contract.id.in_(ids)))
    found = {row[-1]: row for row in rows}
    return [found[one] for one in ids if one in found]


async def list_page(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: ContractFilter,
    order_by: str,
    page: Page,
    now: datetime,
) -> Sequence[Sequence[Any]]:
    """Give one row more than the page has, if there are any; rows end with their place."""
    direction = _DIRECTIONS[order_by]
    statement = _shown(scope, columns, now=now).add_columns(
        Contract.create_time.label("sort_value"), Contract.id.label("row_id")
    )
    statement = keyset(
        _narrow(statement, narrowed, now=now),
        sort=[(Contract.create_time, direction), (Contract.id, direction)],
        page=page,
    )
    return await fetch(session, statement)


def _covers(scope: Scope, table: Any) -> list[ColumnElement[bool]]:
    """Keep to one's own: what a reseller signs is not its distributor's to see."""
    clauses = scope.covers(table)
    if scope.own_partner_id is not None:
        clauses.append(table.partner_id == scope.own_partner_id)
    return clauses


def _shown(scope: Scope, columns: Sequence[str], *, now: datetime) -> Select[Any]:
    expressions = selected(Contract, columns, state=Contract.state_at(now))
    return select(*expressions).select_from(Contract).where(*_covers(scope, Contract))


def _narrow(statement: Select[Any], narrowed: ContractFilter, *, now: datetime) -> Select[Any]:
    if narrowed.states:
        statement = statement.where(Contract.state_at(now).in_(narrowed.states))
    for column, value in (
        (Contract.number, narrowed.number),
        (Contract.kind, narrowed.kind),
        (Contract.partner_id, narrowed.partner_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    ranges: Sequence[tuple[Any, TimeRange | DateRange]] = (
        (Contract.create_time, narrowed.create_time),
        (Contract.promised_payment_date, narrowed.promised_payment_date),
        (Contract.effective_time, narrowed.effective_time),
        (Contract.expire_time, narrowed.expire_time),
    )
    for column, (begin, end) in ranges:
        if begin is not None:
            statement = statement.where(column >= begin)
        if end is not None:
            statement = statement.where(column < end)
    return statement
