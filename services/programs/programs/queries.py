"""Reads of programs, applications and memberships, always inside a scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.errors import NotFound
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, keyset, search
from services.programs.programs.model import (
    MembershipState,
    Program,
    ProgramApplication,
    ProgramMembership,
)

# Sort key and direction by the words of the orders in the contract.
PROGRAM_SORTS: Final[dict[str, tuple[str, Direction]]] = {
    "CREATE_TIME_DESC": ("create_time", "desc"),
    "CREATE_TIME_ASC": ("create_time", "asc"),
    "NAME_ASC": ("name", "asc"),
    "NAME_DESC": ("name", "desc"),
}
APPLICATION_SORTS: Final[dict[str, tuple[str, Direction]]] = {
    "SUBMIT_TIME_DESC": ("submit_time", "desc"),
    "SUBMIT_TIME_ASC": ("submit_time", "asc"),
}
MEMBERSHIP_SORTS: Final[dict[str, tuple[str, Direction]]] = {
    "JOIN_TIME_DESC": ("join_time", "desc"),
    "JOIN_TIME_ASC": ("join_time", "asc"),
    "EXPIRE_TIME_ASC": ("expire_time", "asc"),
    "EXPIRE_TIME_DESC": ("expire_time", "desc"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFilter:
    """What the catalogue is narrowed by; None narrows nothing."""

    name: str | None = None
    program_type: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramApplicationFilter:
    """What a list of applications is narrowed by; None and no states narrow nothing."""

    kind: str | None = None
    program_name: str | None = None
    states: Sequence[str] = ()
    submit_time_from: datetime | None = None
    submit_time_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramMembershipFilter:
    """What a list of memberships is narrowed by; None and no states narrow nothing."""

    program_name: str | None = None
    states: Sequence[str] = ()
    join_time_from: datetime | None = None
    join_time_to: datetime | None = None
    expire_time_from: datetime | None = None
    expire_time_to: datetime | None = None


async def get_program(session: AsyncSession, *, scope: Scope, id_: UUID) -> Program:
    """Get one program.

    :raises NotFound: where the tenant has no such one.
    """
    statement = select(Program).where(*_in_scope(Program, scope), Program.id == id_)
    program = await session.scalar(statement)
    if program is None:
        raise NotFound("program not found")
    return program


async def batch_get_programs(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID], columns: Sequence[str]
) -> list[Any]:
    """Get those in scope, in the order asked: each a row of the columns and the id."""
    return await _batch_get(session, Program, scope=scope, ids=ids, columns=columns)


async def list_programs(
    session: AsyncSession,
    *,
    scope: Scope,
    narrowed: ProgramFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> Sequence[Any]:
    """List a page of the catalogue: rows of the columns, the sort value and the id."""
    conditions = []
    if narrowed.name is not None:
        conditions.append(search(Program.name, narrowed.name, field="filter.name"))
    if narrowed.program_type is not None:
        conditions.append(Program.program_type == narrowed.program_type)
    if narrowed.state is not None:
        conditions.append(Program.state == narrowed.state)
    statement = _listed(Program, scope, *PROGRAM_SORTS[order], page=page, columns=columns)
    return await fetch(session, statement.where(*conditions))


async def batch_get_program_applications(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID], columns: Sequence[str]
) -> list[Any]:
    """Get those in scope, in the order asked: each a row of the columns and the id."""
    return await _batch_get(session, ProgramApplication, scope=scope, ids=ids, columns=columns)


async def list_program_applications(
    session: AsyncSession,
    *,
    scope: Scope,
    narrowed: ProgramApplicationFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> Sequence[Any]:
    """List a page of the partner's applications: rows of the columns, the sort value and the id."""
    return await fetch(
        session,
        applications(scope=scope, narrowed=narrowed, order=order, page=page, columns=columns),
    )


def applications(
    *,
    scope: Scope,
    narrowed: ProgramApplicationFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> Select[Any]:
    """Give the statement of a page of applications."""
    conditions = _conditions(ProgramApplication, narrowed, times=("submit_time",))
    if narrowed.kind is not None:
        conditions.append(ProgramApplication.kind == narrowed.kind)
    statement = _listed(
        ProgramApplication, scope, *APPLICATION_SORTS[order], page=page, columns=columns
    )
    return statement.where(*conditions)


async def batch_get_program_memberships(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID], columns: Sequence[str]
) -> list[Any]:
    """Get those in scope, in the order asked: each a row of the columns and the id."""
    return await _batch_get(session, ProgramMembership, scope=scope, ids=ids, columns=columns)


async def list_program_memberships(
    session: AsyncSession,
    *,
    scope: Scope,
    narrowed: ProgramMembershipFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> Sequence[Any]:
    """List a page of the partner's memberships: rows of the columns, the sort value and the id."""
    return await fetch(
        session,
        memberships(scope=scope, narrowed=narrowed, order=order, page=page, columns=columns),
    )


def memberships(
    *,
    scope: Scope,
    narrowed: ProgramMembershipFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> Select[Any]:
    """Give the statement of a page of memberships."""
    conditions = _conditions(ProgramMembership, narrowed, times=("join_time", "expire_time"))
    statement = _listed(
        ProgramMembership, scope, *MEMBERSHIP_SORTS[order], page=page, columns=columns
    )
    return statement.where(*conditions)


async def is_active_member(
    session: AsyncSession, *, scope: Scope, partner_id: UUID, program_id: UUID
) -> bool:
    """Tell whether the partner belongs to the program now."""
    found = await session.scalar(
        select(ProgramMembership.id).where(
            *_in_scope(ProgramMembership, scope),
            ProgramMembership.partner_id == partner_id,
            ProgramMembership.program_id == program_id,
            ProgramMembership.state == MembershipState.ACTIVE,
        )
    )
    return found is not None


async def _batch_get(
    session: AsyncSession, table: Any, *, scope: Scope, ids: Sequence[UUID], columns: Sequence[str]
) -> list[Any]:
    statement = _selected(table, columns).where(*_in_scope(table, scope), table.id.in_(ids))
    by_id = {row[-1]: row for row in await fetch(session, statement)}
    return [by_id[id_] for id_ in ids if id_ in by_id]


def _conditions(table: Any, narrowed: Any, *, times: Sequence[str]) -> list[ColumnElement[bool]]:
    conditions = []
    if narrowed.program_name is not None:
        named = search(Program.name, narrowed.program_name, field="filter.program_name")
        conditions.append(table.program.has(named))
    if narrowed.states:
        conditions.append(table.state.in_(narrowed.states))
    for name in times:
        if (begin := getattr(narrowed, f"{name}_from")) is not None:
            conditions.append(getattr(table, name) >= begin)
        if (end := getattr(narrowed, f"{name}_to")) is not None:
            conditions.append(getattr(table, name) < end)
    return conditions


def _listed(
    table: Any,
    scope: Scope,
    attribute: str,
    direction: Direction,
    *,
    page: Page,
    columns: Sequence[str],
) -> Select[Any]:
    key = getattr(table, attribute)
    statement = _selected(table, columns, key.label("sort_value")).where(*_in_scope(table, scope))
    return keyset(statement, sort=[(key, direction), (table.id, direction)], page=page)


def _selected(table: Any, columns: Sequence[str], *more: Any) -> Select[Any]:
    """Select the columns, more behind them, and the id; the program only where it is shown."""
    chosen = selected(table, columns, program_name=Program.name)
    statement = select(*chosen, *more, table.id.label("sort_id"))
    return statement.join(table.program) if "program_name" in columns else statement


def _in_scope(table: Any, scope: Scope) -> list[ColumnElement[bool]]:
    """Keep to the tenant's catalogue, and of what partners own to the own partner's.

    Not even a distributor sees its resellers' (domain.md 9.4).
    """
    conditions: list[ColumnElement[bool]] = scope.covers(table)
    if scope.own_partner_id is not None and table is not Program:
        conditions.append(table.partner_id == scope.own_partner_id)
    return conditions
