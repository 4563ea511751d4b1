"""Programs, applications and memberships, as the platform sends them and as rows."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from partner.programs.v1 import programs_pb2
from services.kit.ids import new_id
from services.programs.programs.model import Program, ProgramApplication, ProgramMembership


def create(*, request_id: str = "", **others: Any) -> programs_pb2.CreateProgramRequest:
    """Ask for a program with tiers Registered, Advanced and Premier."""
    said: dict[str, Any] = {
        "code": "SP",
        "program_type": programs_pb2.PROGRAM_TYPE_SOLUTION_PROVIDER,
        "name": "Solution Provider Program",
        "description": "Benefits, training and funds for members.",
        "tiers": ["Registered", "Advanced", "Premier"],
        "requirements": ["A verified company"],
        "agreement": programs_pb2.Agreement(name="Partner agreement", version="2026-01"),
        "requires_review": True,
        "state": programs_pb2.PROGRAM_STATE_OPEN,
    } | others
    program = programs_pb2.Program(**said)
    return programs_pb2.CreateProgramRequest(request_id=request_id or new_id().hex, program=program)


def apply(
    program: programs_pb2.Program, *, request_id: str = "", **others: Any
) -> programs_pb2.RecordProgramApplicationRequest:
    """Ask to take over an application to join that is under review."""
    said: dict[str, Any] = {
        "program_id": program.id,
        "kind": programs_pb2.APPLICATION_KIND_JOIN,
        "applied_tier": "Advanced",
        "state": programs_pb2.APPLICATION_STATE_UNDER_REVIEW,
        "submit_time": at("2026-08-01"),
    } | others
    application = programs_pb2.ProgramApplication(**said)
    return programs_pb2.RecordProgramApplicationRequest(
        request_id=request_id or new_id().hex, application=application
    )


def join(
    program: programs_pb2.Program, *, request_id: str = "", **others: Any
) -> programs_pb2.RecordProgramMembershipRequest:
    """Ask to take over an active membership of two years."""
    said: dict[str, Any] = {
        "program_id": program.id,
        "tier": "Advanced",
        "join_time": at("2025-08-01"),
        "expire_time": at("2027-08-01"),
        "state": programs_pb2.MEMBERSHIP_STATE_ACTIVE,
    } | others
    membership = programs_pb2.ProgramMembership(**said)
    return programs_pb2.RecordProgramMembershipRequest(
        request_id=request_id or new_id().hex, membership=membership
    )


def at(day: str) -> Timestamp:
    """Give the midnight of a day like 2026-08-01."""
    return Timestamp(seconds=int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()))


def day(number: int) -> datetime:
    return datetime(2026, 8, number, tzinfo=UTC)


def a_program(tenant_id: UUID, **others: Any) -> Program:
    values: dict[str, Any] = {
        "id": new_id(),
        "code": "SP",
        "program_type": "COMPETENCY",
        "name": "Competency",
        "description": "",
        "tiers": [],
        "requirements": [],
        "requires_review": True,
        "invite_only": False,
        "state": "OPEN",
    }
    return Program(tenant_id=tenant_id, **values | others)


def an_application(program: Program, **others: Any) -> ProgramApplication:
    values: dict[str, Any] = {
        "id": new_id(),
        "partner_id": program.tenant_id,
        "program_id": program.id,
        "kind": "JOIN",
        "state": "WITHDRAWN",
        "contacts": [],
        "agreements": [],
        "submit_time": day(1),
    }
    return ProgramApplication(tenant_id=program.tenant_id, **values | others)


def a_membership(program: Program, **others: Any) -> ProgramMembership:
    values: dict[str, Any] = {
        "id": new_id(),
        "partner_id": program.tenant_id,
        "program_id": program.id,
        "state": "EXITED",
        "join_time": day(1),
    }
    return ProgramMembership(tenant_id=program.tenant_id, **values | others)
