"""What makes programs, applications and memberships right, without a database."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.kit.errors import InvalidArgument
from services.programs.programs.documents import Agreement, Contact
from services.programs.programs.model import (
    ApplicationState,
    Program,
    ProgramApplication,
    ProgramMembership,
)

EARLY = datetime(2026, 8, 1, tzinfo=UTC)
LATE = datetime(2026, 9, 1, tzinfo=UTC)


def a_program(**others: Any) -> Program:
    values: dict[str, Any] = {
        "code": "SP",
        "name": "Solution Provider Program",
        "description": "",
        "tiers": ["Registered", "Advanced"],
        "requirements": [],
    }
    return Program(**values | others)


def an_application(**others: Any) -> ProgramApplication:
    values: dict[str, Any] = {
        "kind": "JOIN",
        "state": "UNDER_REVIEW",
        "contacts": [],
        "agreements": [],
        "submit_time": EARLY,
    }
    return ProgramApplication(**values | others)


@pytest.mark.parametrize(
    ("others", "field"),
    [
        ({"code": ""}, "program.code"),
        ({"code": "-SP"}, "program.code"),
        ({"code": "S" * 33}, "program.code"),
        ({"name": " "}, "program.name"),
        ({"description": "x" * 4001}, "program.description"),
        ({"tiers": ["Gold", "Gold"]}, "program.tiers"),
        ({"tiers": ["Gold", ""]}, "program.tiers[1]"),
        ({"tiers": [f"T{number}" for number in range(51)]}, "program.tiers"),
        ({"requirements": ["x" * 4001]}, "program.requirements[0]"),
        ({"agreement_name": "A", "agreement_version": ""}, "program.agreement.version"),
    ],
)
def test_a_program_that_is_wrong_is_refused(others: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        a_program(**others).check()

    assert refused.value.field == field


def test_a_program_may_have_no_agreement() -> None:
    assert a_program().check().agreement is None


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"applied_tier": "Advanced"},
        {"state": "DRAFT", "submit_time": None},
        {"state": "WITHDRAWN", "submit_time": None},
        {"state": "WITHDRAWN"},
        {"state": "APPROVED", "decide_time": LATE},
        {"state": "REJECTED", "decide_time": EARLY, "reject_reason": "Too few engineers."},
        {"contacts": [Contact(name="Chen Yu", email="chen@partner.example")]},
    ],
)
def test_an_application_in_each_of_its_states_is_accepted(others: dict[str, Any]) -> None:
    application = an_application(**others)

    assert application.check(program=a_program()) is application


@pytest.mark.parametrize(
    ("others", "field"),
    [
        ({"applied_tier": "Gold"}, "application.applied_tier"),
        ({"submit_time": None}, "application.submit_time"),
        ({"state": "DRAFT"}, "application.submit_time"),
        ({"state": "APPROVED"}, "application.decide_time"),
        ({"decide_time": LATE}, "application.decide_time"),
        (
            {"state": "APPROVED", "submit_time": LATE, "decide_time": EARLY},
            "application.decide_time",
        ),
        ({"reject_reason": "No."}, "application.reject_reason"),
        ({"contacts": [Contact(name="")]}, "application.contacts[0].name"),
        ({"contacts": [Contact(name="C", mobile=" ")]}, "application.contacts[0].mobile"),
        ({"contacts": [Contact(name="C")] * 51}, "application.contacts"),
        (
            {"agreements": [Agreement(name="A", version="")]},
            "application.agreements[0].version",
        ),
    ],
)
def test_an_application_that_contradicts_itself_is_refused(
    others: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        an_application(**others).check(program=a_program())

    assert refused.value.field == field


def test_an_application_is_open_until_it_is_decided_or_withdrawn() -> None:
    assert [state.value for state in ApplicationState if state.is_open] == [
        "DRAFT",
        "UNDER_REVIEW",
        "DISTRIBUTOR_REVIEW",
    ]


def test_a_membership_ends_after_it_begins_and_has_a_tier_of_its_program() -> None:
    backwards = ProgramMembership(join_time=LATE, expire_time=EARLY)
    elsewhere = ProgramMembership(tier="Gold", join_time=EARLY)

    with pytest.raises(InvalidArgument, match="after join_time"):
        backwards.check(program=a_program())
    with pytest.raises(InvalidArgument, match="tier of the program"):
        elsewhere.check(program=a_program())


def test_agreements_keep_the_time_they_were_signed_through_json() -> None:
    signed = Agreement(name="A", version="1", url="https://a.example", sign_time=EARLY)
    unsigned = Agreement(name="A", version="1")

    assert Agreement.from_json(signed.to_json()) == signed
    assert Agreement.from_json(unsigned.to_json()) == unsigned
