"""Writes of programs, applications and memberships, as the platform has decided them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.errors import Refusal
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.programs.programs import queries
from services.programs.programs.model import (
    AlreadyApplied,
    AlreadyMember,
    ApplicationState,
    Program,
    ProgramApplication,
    ProgramCodeTaken,
    ProgramMembership,
)


async def create_program(
    session: AsyncSession, *, scope: Scope, said: dict[str, Any], now: datetime
) -> Program:
    """Offer a program to the partners of the tenant; said names columns of Program.

    :raises ProgramCodeTaken: where the tenant has a program of that code.
    """
    program = Program(tenant_id=scope.tenant_id, id=new_id(), create_time=now, **said).check()
    taken = ProgramCodeTaken("another program has the code", code=program.code)
    await _insert(session, program, unless={"programs_tenant_id_code_key": taken})
    return program


async def record_program_application(
    session: AsyncSession,
    *,
    scope: Scope,
    program_id: UUID,
    partner_id: UUID | None,
    said: dict[str, Any],
    now: datetime,
) -> ProgramApplication:
    """Take over an application of a partner; without one, of the root partner.

    :raises NotFound: where the tenant has no such program.
    :raises AlreadyApplied: where one of the same kind is open.
    :raises AlreadyMember: where it asks to join what the partner has joined.
    """
    program = await queries.get_program(session, scope=scope, id_=program_id)
    application = ProgramApplication(
        tenant_id=scope.tenant_id,
        id=new_id(),
        partner_id=partner_id or scope.tenant_id,
        program_id=program.id,
        program=program,
        create_time=now,
        **said,
    ).check(program=program)
    if application.kind == "JOIN" and ApplicationState(application.state).is_open:
        await _refuse_members(session, scope, application)
    applied = AlreadyApplied("an application of this kind for the program is open")
    await _insert(session, application, unless={"program_applications_open_key": applied})
    return application


async def record_program_membership(
    session: AsyncSession,
    *,
    scope: Scope,
    program_id: UUID,
    partner_id: UUID | None,
    said: dict[str, Any],
    now: datetime,
) -> ProgramMembership:
    """Take over a membership of a partner; without one, of the root partner.

    :raises NotFound: where the tenant has no such program.
    :raises AlreadyMember: where the partner has an active one.
    """
    program = await queries.get_program(session, scope=scope, id_=program_id)
    membership = ProgramMembership(
        tenant_id=scope.tenant_id,
        id=new_id(),
        partner_id=partner_id or scope.tenant_id,
        program_id=program.id,
        program=program,
        create_time=now,
        **said,
    ).check(program=program)
    await _insert(session, membership, unless={"program_memberships_active_key": _is_member()})
    return membership


async def _refuse_members(
    session: AsyncSession, scope: Scope, application: ProgramApplication
) -> None:
    is_member = await queries.is_active_member(
        session,
        scope=scope,
        partner_id=application.partner_id,
        program_id=application.program_id,
    )
    if is_member:
        raise _is_member()


def _is_member() -> AlreadyMember:
    return AlreadyMember("the partner is a member of the program")


async def _insert(session: AsyncSession, row: Any, *, unless: dict[str, Refusal]) -> None:
    """Insert a row; a unique key that it breaks, also in a race, is a refusal by its name."""
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        for constraint, refusal in unless.items():
            if f'"{constraint}"' in str(error.orig):
                raise refusal from error
        raise
