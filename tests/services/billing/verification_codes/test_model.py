"""Codes, contacts, and when a challenge can be answered, without a database."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from partner.billing.v1 import verification_codes_pb2
from services.billing.verification_codes.model import (
    LIFE,
    Codes,
    VerificationChallenge,
    VerificationChannel,
    VerificationOperation,
    VerificationSettings,
    refuse_odd_contacts,
)
from services.kit.errors import InvalidArgument
from services.kit.ids import new_id
from tests.builders.principals import a_tenant, an_administrator

NOW = datetime.now(UTC)
WHO = an_administrator(a_tenant())


def a_challenge(**others: object) -> VerificationChallenge:
    said = {
        "id": new_id(),
        "subject": WHO.subject,
        "partner_id": WHO.partner_id,
        "expire_time": NOW + LIFE,
        "wrong_codes": 0,
    }
    return VerificationChallenge(**said | others)


def test_a_code_has_six_digits_and_follows_from_its_challenge_and_the_key() -> None:
    codes, challenge_id = Codes(b"k" * 32), new_id()

    code = codes.code(challenge_id)

    assert len(code) == 6
    assert code.isdigit()
    assert codes.is_right(challenge_id, code)
    assert not codes.is_right(challenge_id, "")
    assert not codes.is_right(challenge_id, code + "0")
    assert not codes.is_right(challenge_id, "码" * 6)
    assert Codes(b"l" * 32).code(challenge_id) != code


def test_codes_are_spread_evenly() -> None:
    codes = Codes(b"k" * 32)

    digits = Counter(digit for _ in range(2000) for digit in codes.code(new_id()))

    assert set(digits) == set("0123456789")
    assert min(digits.values()) > 1000


def test_a_challenge_is_open_to_who_asked_for_it_until_it_expires() -> None:
    challenge = a_challenge()

    assert challenge.is_open_to(WHO, NOW + LIFE - timedelta(seconds=1))
    assert not challenge.is_open_to(WHO, NOW + LIFE)
    assert not challenge.is_open_to(replace(WHO, subject="another"), NOW)
    assert not challenge.is_open_to(replace(WHO, partner_id=new_id()), NOW)


def test_a_challenge_is_closed_once_used_or_answered_wrongly_five_times() -> None:
    assert not a_challenge(use_time=NOW).is_open_to(WHO, NOW)
    assert a_challenge(wrong_codes=4).is_open_to(WHO, NOW)
    assert not a_challenge(wrong_codes=5).is_open_to(WHO, NOW)


@pytest.mark.parametrize(
    ("said", "weakens"),
    [
        ({"is_enabled": False}, True),
        ({"email": "b@orchid.example"}, True),
        ({"mobile": "13900000000"}, False),
        ({"email": "a@orchid.example"}, False),
        ({}, False),
    ],
)
def test_switching_off_and_replacing_a_contact_weaken_the_protection(
    said: dict[str, object],
    weakens: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    settings = VerificationSettings(is_enabled=True, email="a@orchid.example", mobile=None)
    wished = {"is_enabled": True, "email": None, "mobile": None} | said

    assert settings.would_weaken(**wished) == weakens  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "email", ["", "a", "a@b", "a b@c.example", "a@b.example\nBcc: c@d.example", "a@b.c" * 60]
)
def test_what_is_no_email_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidArgument):
        refuse_odd_contacts(email=email, mobile=None)


@pytest.mark.parametrize("mobile", ["", "1390", "+86 139", "1" * 16])
def test_what_is_no_mobile_number_is_refused(mobile: str) -> None:
    with pytest.raises(InvalidArgument):
        refuse_odd_contacts(email=None, mobile=mobile)


@pytest.mark.parametrize(
    ("ours", "contract", "prefix"),
    [
        (
            VerificationOperation,
            verification_codes_pb2.VerificationOperation,
            "VERIFICATION_OPERATION_",
        ),
        (VerificationChannel, verification_codes_pb2.VerificationChannel, "VERIFICATION_CHANNEL_"),
    ],
)
def test_our_words_are_the_contracts(ours: type, contract: object, prefix: str) -> None:
    names = {name.removeprefix(prefix) for name in contract.keys()}  # type: ignore[attr-defined] # noqa: SIM118

    assert {one.value for one in ours} == names - {"UNSPECIFIED"}  # type: ignore[attr-defined]
