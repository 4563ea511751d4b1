"""Partner programs, applications and memberships (伙伴计划)."""

from enum import Enum

import strawberry

from gateway.customers.partners import Partner
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.nodes import Node, one
from gateway.kit.pages import Connection
from gateway.kit.scalars import DateTime
from gateway.kit.shows import shows
from gateway.kit.words import words
from partner.programs.v1 import programs_pb2

PROGRAMS = rpcs(programs_pb2.DESCRIPTOR, "ProgramService")


@words(programs_pb2.ProgramType)
class ProgramType(Enum):
    """Filled from the contract."""


@words(programs_pb2.ProgramState)
class ProgramState(Enum):
    """Filled from the contract."""


@words(programs_pb2.ApplicationKind)
class ApplicationKind(Enum):
    """Filled from the contract."""


@words(programs_pb2.ApplicationState)
class ApplicationState(Enum):
    """Filled from the contract."""


@words(programs_pb2.MembershipState)
class MembershipState(Enum):
    """Filled from the contract."""


@words(programs_pb2.ProgramOrder)
class ProgramOrder(Enum):
    """Filled from the contract."""


@words(programs_pb2.ProgramApplicationOrder)
class ProgramApplicationOrder(Enum):
    """Filled from the contract."""


@words(programs_pb2.ProgramMembershipOrder)
class ProgramMembershipOrder(Enum):
    """Filled from the contract."""


@shows(programs_pb2.Agreement)
class Agreement:
    name: str
    version: str
    url: str | None
    sign_time: DateTime | None


@shows(programs_pb2.ProgramApplication.Contact)
class Contact:
    name: str
    email: str | None
    mobile: str | None


@shows(programs_pb2.Program, get=PROGRAMS["BatchGetPrograms"])
class Program(Node):
    code: str
    program_type: ProgramType
    name: str
    description: str
    tiers: list[str]
    requirements: list[str]
    agreement: Agreement | None
    requires_review: bool
    invite_only: bool
    state: ProgramState
    create_time: DateTime


@shows(programs_pb2.ProgramApplication, get=PROGRAMS["BatchGetProgramApplications"])
class ProgramApplication(Node):
    program_name: str
    kind: ApplicationKind
    applied_tier: str | None
    state: ApplicationState
    contacts: list[Contact]
    agreements: list[Agreement]
    submit_time: DateTime | None
    decide_time: DateTime | None
    reject_reason: str | None
    create_time: DateTime
    program: Program | None = one("program_id")
    partner: Partner | None = one("partner_id")


@shows(programs_pb2.ProgramMembership, get=PROGRAMS["BatchGetProgramMemberships"])
class ProgramMembership(Node):
    program_name: str
    tier: str | None
    join_time: DateTime
    expire_time: DateTime | None
    state: MembershipState
    certificate_number: str | None
    create_time: DateTime
    program: Program | None = one("program_id")
    partner: Partner | None = one("partner_id")


@takes(programs_pb2.ProgramFilter)
class ProgramFilter:
    name: str | None
    program_type: ProgramType | None
    state: ProgramState | None


@takes(programs_pb2.ProgramApplicationFilter)
class ProgramApplicationFilter:
    kind: ApplicationKind | None
    program_name: str | None
    states: list[ApplicationState] | None
    submit_time_from: DateTime | None
    submit_time_to: DateTime | None


@takes(programs_pb2.ProgramMembershipFilter)
class ProgramMembershipFilter:
    program_name: str | None
    states: list[MembershipState] | None
    join_time_from: DateTime | None
    join_time_to: DateTime | None
    expire_time_from: DateTime | None
    expire_time_to: DateTime | None


@strawberry.type
class ProgramQuery:
    programs: Connection[Program] | None = listing(PROGRAMS["ListPrograms"])
    program_applications: Connection[ProgramApplication] | None = listing(
        PROGRAMS["ListProgramApplications"]
    )
    program_memberships: Connection[ProgramMembership] | None = listing(
        PROGRAMS["ListProgramMemberships"]
    )
