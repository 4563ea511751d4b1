"""Programs, applications and memberships as messages: how they are read, and written with masks."""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from partner.programs.v1 import programs_pb2
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.fields import Field, Fields
from services.kit.masking import mask_email, mask_mobile, mask_name
from services.kit.wire import Words, time_parts, to_text, to_time, to_time_range, to_timestamp
from services.programs.programs.documents import Agreement, Contact
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


def to_agreement(
    name: str | None, version: str | None, url: str | None
) -> programs_pb2.Agreement | None:
    """Write the agreement of a program, which nobody has signed, or None where it has none."""
    if name is None or version is None:
        return None
    return programs_pb2.Agreement(name=name, version=version, url=url)


def to_agreements(agreements: Iterable[Agreement]) -> list[programs_pb2.Agreement]:
    return [
        programs_pb2.Agreement(
            name=agreement.name,
            version=agreement.version,
            url=agreement.url,
            sign_time=to_timestamp(agreement.sign_time),
        )
        for agreement in agreements
    ]


def to_contacts(contacts: Iterable[Contact]) -> list[programs_pb2.ProgramApplication.Contact]:
    """Write contacts masked."""
    return [
        programs_pb2.ProgramApplication.Contact(
            name=mask_name(contact.name),
            email=mask_email(contact.email),
            mobile=mask_mobile(contact.mobile),
        )
        for contact in contacts
    ]


PROGRAM: Final = Fields(
    programs_pb2.Program,
    id=Field(partial(ids.to_text, "prg")),
    code=Field(),
    program_type=Field(PROGRAM_TYPES.number),
    name=Field(),
    description=Field(),
    tiers=Field(),
    requirements=Field(),
    agreement=Field(to_agreement, "agreement_name", "agreement_version", "agreement_url"),
    requires_review=Field(),
    invite_only=Field(),
    state=Field(PROGRAM_STATES.number),
    create_time=Field(time_parts),
)

APPLICATION: Final = Fields(
    programs_pb2.ProgramApplication,
    id=Field(partial(ids.to_text, "app")),
    program_id=Field(partial(ids.to_text, "prg")),
    partner_id=Field(partial(ids.to_text, "ptr")),
    program_name=Field(),
    kind=Field(KINDS.number),
    applied_tier=Field(),
    state=Field(APPLICATION_STATES.number),
    contacts=Field(to_contacts),
    agreements=Field(to_agreements),
    submit_time=Field(time_parts),
    decide_time=Field(time_parts),
    reject_reason=Field(),
    create_time=Field(time_parts),
)

MEMBERSHIP: Final = Fields(
    programs_pb2.ProgramMembership,
    id=Field(partial(ids.to_text, "mem")),
    program_id=Field(partial(ids.to_text, "prg")),
    partner_id=Field(partial(ids.to_text, "ptr")),
    program_name=Field(),
    tier=Field(),
    join_time=Field(time_parts),
    expire_time=Field(time_parts),
    state=Field(MEMBERSHIP_STATES.number),
    certificate_number=Field(),
    create_time=Field(time_parts),
)


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
