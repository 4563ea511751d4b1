"""Programs, applications and memberships as messages: how they are read, and written with masks."""

from typing import Any, Final

from partner.programs.v1 import programs_pb2
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.masking import mask_email, mask_mobile, mask_name
from services.kit.wire import Words, to_text, to_time, to_time_range, to_timestamp
from services.programs.programs.documents import Agreement, Contact
from services.programs.programs.model import Program, ProgramApplication, ProgramMembership
from services.programs.programs.queries import (
    ProgramApplicationFilter,
    ProgramFilter,
    ProgramMembershipFilter,
)

PROGRAM_TYPES: Final = Words(programs_pb2.ProgramType, prefix="PROGRAM_TYPE_")
PROGRAM_STATES: Final = Words(programs_pb2.ProgramState, prefix="PROGRAM_STATE_")
KINDS: Final = Words(programs_pb2.ApplicationKind, prefix="APPLICATION_KIND_")
APPLICATION_STATES: Final = Words(programs_pb2.ApplicationState, prefix="APPLICATION_STATE_")
MEMBERSHIP_STATES: Final = Words(programs_pb2.MembershipState, prefix="MEMBERSHIP_STATE_")


def to_program_filter(message: programs_pb2.ProgramFilter) -> ProgramFilter:
    return ProgramFilter(
        name=to_text(message, "name"),
        program_type=PROGRAM_TYPES.word(message.program_type),
        state=PROGRAM_STATES.word(message.state),
    )


def to_application_filter(
    message: programs_pb2.ProgramApplicationFilter,
) -> ProgramApplicationFilter:
    begin, end = to_time_range(message, "submit_time")
    return ProgramApplicationFilter(
        kind=KINDS.word(message.kind),
        program_name=to_text(message, "program_name"),
        states=APPLICATION_STATES.required_words(message.states, field="filter.states"),
        submit_time_from=begin,
        submit_time_to=end,
    )


def to_membership_filter(message: programs_pb2.ProgramMembershipFilter) -> ProgramMembershipFilter:
    join_from, join_to = to_time_range(message, "join_time")
    expire_from, expire_to = to_time_range(message, "expire_time")
    return ProgramMembershipFilter(
        program_name=to_text(message, "program_name"),
        states=MEMBERSHIP_STATES.required_words(message.states, field="filter.states"),
        join_time_from=join_from,
        join_time_to=join_to,
        expire_time_from=expire_from,
        expire_time_to=expire_to,
    )


def from_program(message: programs_pb2.Program) -> dict[str, Any]:
    """Read a program as columns of its row; id and times are not the caller's to say."""
    agreement = message.agreement if message.HasField("agreement") else None
    return {
        "code": message.code,
        "program_type": PROGRAM_TYPES.required_word(
            message.program_type, field="program.program_type"
        ),
        "name": message.name,
        "description": message.description,
        "tiers": list(message.tiers),
        "requirements": list(message.requirements),
        "agreement_name": None if agreement is None else agreement.name,
        "agreement_version": None if agreement is None else agreement.version,
        "agreement_url": None if agreement is None else to_text(agreement, "url"),
        "requires_review": message.requires_review,
        "invite_only": message.invite_only,
        "state": PROGRAM_STATES.required_word(message.state, field="program.state"),
    }


def from_application(message: programs_pb2.ProgramApplication) -> dict[str, Any]:
    """Read an application as columns of its row, but for program and partner."""
    return {
        "kind": KINDS.required_word(message.kind, field="application.kind"),
        "applied_tier": to_text(message, "applied_tier"),
        "state": APPLICATION_STATES.required_word(message.state, field="application.state"),
        "contacts": [
            Contact(
                name=contact.name,
                email=to_text(contact, "email"),
                mobile=to_text(contact, "mobile"),
            )
            for contact in message.contacts
        ],
        "agreements": [
            Agreement(
                name=agreement.name,
                version=agreement.version,
                url=to_text(agreement, "url"),
                sign_time=to_time(agreement, "sign_time"),
            )
            for agreement in message.agreements
        ],
        "submit_time": to_time(message, "submit_time"),
        "decide_time": to_time(message, "decide_time"),
        "reject_reason": to_text(message, "reject_reason"),
    }


def from_membership(message: programs_pb2.ProgramMembership) -> dict[str, Any]:
    """Read a membership as columns of its row, but for program and partner."""
    join_time = to_time(message, "join_time")
    if join_time is None:
        raise InvalidArgument("must be given", field="membership.join_time")
    return {
        "tier": to_text(message, "tier"),
        "join_time": join_time,
        "expire_time": to_time(message, "expire_time"),
        "state": MEMBERSHIP_STATES.required_word(message.state, field="membership.state"),
        "certificate_number": to_text(message, "certificate_number"),
    }


def to_program(program: Program) -> programs_pb2.Program:
    agreement = program.agreement
    return programs_pb2.Program(
        id=ids.to_text("prg", program.id),
        code=program.code,
        program_type=PROGRAM_TYPES.number(program.program_type),
        name=program.name,
        description=program.description,
        tiers=program.tiers,
        requirements=program.requirements,
        agreement=None if agreement is None else _to_agreement(agreement),
        requires_review=program.requires_review,
        invite_only=program.invite_only,
        state=PROGRAM_STATES.number(program.state),
        create_time=to_timestamp(program.create_time),
    )


def to_application(application: ProgramApplication) -> programs_pb2.ProgramApplication:
    """Write an application; its contacts are masked."""
    return programs_pb2.ProgramApplication(
        id=ids.to_text("app", application.id),
        program_id=ids.to_text("prg", application.program_id),
        partner_id=ids.to_text("ptr", application.partner_id),
        program_name=application.program.name,
        kind=KINDS.number(application.kind),
        applied_tier=application.applied_tier,
        state=APPLICATION_STATES.number(application.state),
        contacts=[
            programs_pb2.ProgramApplication.Contact(
                name=mask_name(contact.name),
                email=mask_email(contact.email),
                mobile=mask_mobile(contact.mobile),
            )
            for contact in application.contacts
        ],
        agreements=map(_to_agreement, application.agreements),
        submit_time=to_timestamp(application.submit_time),
        decide_time=to_timestamp(application.decide_time),
        reject_reason=application.reject_reason,
        create_time=to_timestamp(application.create_time),
    )


def to_membership(membership: ProgramMembership) -> programs_pb2.ProgramMembership:
    return programs_pb2.ProgramMembership(
        id=ids.to_text("mem", membership.id),
        program_id=ids.to_text("prg", membership.program_id),
        partner_id=ids.to_text("ptr", membership.partner_id),
        program_name=membership.program.name,
        tier=membership.tier,
        join_time=to_timestamp(membership.join_time),
        expire_time=to_timestamp(membership.expire_time),
        state=MEMBERSHIP_STATES.number(membership.state),
        certificate_number=membership.certificate_number,
        create_time=to_timestamp(membership.create_time),
    )


def _to_agreement(agreement: Agreement) -> programs_pb2.Agreement:
    return programs_pb2.Agreement(
        name=agreement.name,
        version=agreement.version,
        url=agreement.url,
        sign_time=to_timestamp(agreement.sign_time),
    )
