"""A partner's applications and memberships as files."""

from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.exports.columns import (
    TEXT,
    TIME,
    WORD,
    Column,
    identity,
    own_identity,
)
from services.kit.exports.lists import Listed, Wanted
from services.programs.programs.messages import to_application_filter, to_membership_filter
from services.programs.programs.model import ProgramApplication, ProgramMembership
from services.programs.programs.queries import applications, memberships


async def _applications(_session: AsyncSession, wanted: Wanted) -> Select[Any]:
    return applications(
        scope=wanted.scope,
        narrowed=wanted.narrowed,
        order="SUBMIT_TIME_DESC",
        page=wanted.page,
        columns=wanted.columns,
    ).where(ProgramApplication.create_time <= wanted.as_of)


async def _memberships(_session: AsyncSession, wanted: Wanted) -> Select[Any]:
    return memberships(
        scope=wanted.scope,
        narrowed=wanted.narrowed,
        order="JOIN_TIME_DESC",
        page=wanted.page,
        columns=wanted.columns,
    ).where(ProgramMembership.create_time <= wanted.as_of)


PROGRAM_APPLICATIONS: Final = Listed(
    columns=[
        Column("Application", "id", own_identity("app")),
        Column("Program", "program_id", identity("prg")),
        Column("Program name", "program_name", TEXT),
        Column("Partner", "partner_id", identity("ptr")),
        Column("Kind", "kind", WORD),
        Column("Applied tier", "applied_tier", TEXT),
        Column("State", "state", WORD),
        Column("Submit time", "submit_time", TIME),
        Column("Decide time", "decide_time", TIME),
        Column("Reject reason", "reject_reason", TEXT),
    ],
    read_filter=lambda message, _scope: to_application_filter(message),
    rows=_applications,
)
PROGRAM_MEMBERSHIPS: Final = Listed(
    columns=[
        Column("Membership", "id", own_identity("mem")),
        Column("Program", "program_id", identity("prg")),
        Column("Program name", "program_name", TEXT),
        Column("Partner", "partner_id", identity("ptr")),
        Column("Tier", "tier", TEXT),
        Column("Join time", "join_time", TIME),
        Column("Expire time", "expire_time", TIME),
        Column("State", "state", WORD),
        Column("Certificate number", "certificate_number", TEXT),
    ],
    read_filter=lambda message, _scope: to_membership_filter(message),
    rows=_memberships,
)
