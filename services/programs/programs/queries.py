"""Reads of programs, applications and memberships, always inside a scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from services.kit.errors import NotFound
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

Row = TypeVar("Row", Program, ProgramApplication, ProgramMembership)
# What belongs to a partner, by way of a program.
Owned = TypeVar("Owned", ProgramApplication, ProgramMembership)


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
    program = await session.scalar(_programs(scope).where(Program.id == id_))
    if program is None:
        raise NotFound("program not found")
    return program


async def batch_get_programs(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID]
) -> list[Program]:
    """Get those in scope, in the order asked."""
    return _in_order(await session.scalars(_programs(scope).where(Program.id.in_(ids))), ids)


async def list_programs(
    session: AsyncSession, *, scope: Scope, narrowed: ProgramFilter, order: str, page: Page
) -> Sequence[Program]:
    """List a page of the catalogue."""
    statement = _programs(scope)
    if narrowed.name is not None:
        statement = statement.where(search(Program.name, narrowed.name, field="filter.name"))
    if narrowed.program_type is not None:
        statement = statement.where(Program.program_type == narrowed.program_type)
    if narrowed.state is not None:
        statement = statement.where(Program.state == narrowed.state)
    sort = _sort(Program, *PROGRAM_SORTS[order])
    return (await session.scalars(keyset(statement, sort=sort, page=page))).all()


async def batch_get_program_applications(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID]
) -> list[ProgramApplication]:
    """Get those in scope, in the order asked."""
    statement = _owned(ProgramApplication, scope).where(ProgramApplication.id.in_(ids))
    return _in_order(await session.scalars(statement), ids)


async def list_program_applications(
    session: AsyncSession,
    *,
    scope: Scope,
    narrowed: ProgramApplicationFilter,
    order: str,
    page: Page,
) -> Sequence[ProgramApplication]:
    """List a page of the partner's applications."""
    statement = _owned(ProgramApplication, scope).where(
        *_conditions(ProgramApplication, narrowed, times=("submit_time",))
    )
    if narrowed.kind is not None:
        statement = statement.where(ProgramApplication.kind == narrowed.kind)
    sort = _sort(ProgramApplication, *APPLICATION_SORTS[order])
    return (await session.scalars(keyset(statement, sort=sort, page=page))).all()


async def batch_get_program_memberships(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID]
) -> list[ProgramMembership]:
    """Get those in scope, in the order asked."""
    statement = _owned(ProgramMembership, scope).where(ProgramMembership.id.in_(ids))
    return _in_order(await session.scalars(statement), ids)


async def list_program_memberships(
    session: AsyncSession,
    *,
    scope: Scope,
    narrowed: ProgramMembershipFilter,
    order: str,
    page: Page,
) -> Sequence[ProgramMembership]:
    """List a page of the partner's memberships."""
    statement = _owned(ProgramMembership, scope).where(
        *_conditions(ProgramMembership, narrowed, times=("join_time", "expire_time"))
    )
    sort = _sort(ProgramMembership, *MEMBERSHIP_SORTS[order])
    return (await session.scalars(keyset(statement, sort=sort, page=page))).all()


async def is_active_member(
    session: AsyncSession, *, scope: Scope, partner_id: UUID, program_id: UUID
) -> bool:
    """Tell whether the partner belongs to the program now."""
    found = await session.scalar(
        select(ProgramMembership.id).where(
            *_own(ProgramMembership, scope),
            ProgramMembership.partner_id == partner_id,
            ProgramMembership.program_id == program_id,
            ProgramMembership.state == MembershipState.ACTIVE,
        )
    )
    return found is not None


def _conditions(table: Any, narrowed: Any, *, times: Sequence[str]) -> list[ColumnElement[bool]]:
    conditions = []
    if narrowed.program_name is not None:
        conditions.append(search(Program.name, narrowed.program_name, field="filter.program_name"))
    if narrowed.states:
        conditions.append(table.state.in_(narrowed.states))
    for name in times:
        if (begin := getattr(narrowed, f"{name}_from")) is not None:
            conditions.append(getattr(table, name) >= begin)
        if (end := getattr(narrowed, f"{name}_to")) is not None:
            conditions.append(getattr(table, name) < end)
    return conditions


def _sort(table: Any, attribute: str, direction: Direction) -> list[tuple[Any, Direction]]:
    return [(getattr(table, attribute), direction), (table.id, direction)]


def _in_order(found: Any, ids: Sequence[UUID]) -> list[Any]:
    by_id = {row.id: row for row in found}
    return [by_id[id_] for id_ in ids if id_ in by_id]


def _programs(scope: Scope) -> Select[Program]:
    return select(Program).where(*scope.covers(Program))


def _owned(table: type[Owned], scope: Scope) -> Select[Owned]:
    return (
        select(table)
        .join(table.program)
        .options(contains_eager(table.program))
        .where(*_own(table, scope))
    )


def _own(table: type[Owned], scope: Scope) -> list[ColumnElement[bool]]:
    """Keep to the own partner: not even a distributor sees its resellers' (domain.md 9.4)."""
    conditions: list[ColumnElement[bool]] = scope.covers(table)
    if scope.own_partner_id is not None:
        conditions.append(table.partner_id == scope.own_partner_id)
    return conditions
