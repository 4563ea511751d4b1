"""VerificationCodeService over a real socket."""

from typing import Any

import pytest
from google.protobuf.message import Message
from sqlalchemy import select

from partner.billing.v1 import verification_codes_pb2
from services.billing.tables import Reply
from services.billing.verification_codes.model import VerificationChallenge
from services.kit import ids
from services.kit.ids import new_id
from tests.builders.principals import (
    a_finance_operator,
    a_tenant,
    an_account_manager,
    an_administrator,
)
from tests.builders.running import RunningService
from tests.builders.verification import (
    EMAIL,
    a_code,
    a_switch,
    a_wrong_answer,
    an_answer,
    ask_for_code,
    codes_of,
)


async def wrong_codes(billing: RunningService, principal: Any, challenge_id: str) -> int:
    async with billing.database.transaction(principal) as session:
        statement = select(VerificationChallenge.wrong_codes).where(
            VerificationChallenge.id == ids.from_text("vch", challenge_id, field="id")
        )
        return (await session.scalars(statement)).one()


async def test_a_code_is_asked_for_and_shown_to_nobody(billing: RunningService) -> None:
    principal = an_administrator(a_tenant())
    await billing.call(a_switch(), principal=principal)

    challenge = await ask_for_code(billing, principal)

    assert challenge.recipient == "m***@orchid.example"
    assert challenge.channel == EMAIL
    assert challenge.expire_time.seconds - challenge.create_time.seconds == 300
    code = codes_of(billing).code(ids.from_text("vch", challenge.id, field="id"))
    async with billing.database.transaction(principal) as session:
        rows = list(await session.scalars(select(VerificationChallenge)))
        answers = list(await session.scalars(select(Reply.answer)))
    kept = [str(value) for row in rows for value in vars(row).values()]
    assert [text for text in kept if text == code] == []
    assert [one for one in answers if one is not None and code.encode() in one] == []


async def test_the_switch_and_its_contacts_are_shown_masked(billing: RunningService) -> None:
    principal = an_administrator(a_tenant())
    request = verification_codes_pb2.GetVerificationSettingsRequest()

    before = await billing.call(request, principal=principal)
    set_ = await billing.call(a_switch(enabled=True, mobile="13912345678"), principal=principal)
    after = await billing.call(request, principal=principal)

    assert before == verification_codes_pb2.VerificationSettings()
    assert set_ == after
    assert (after.enabled, after.email, after.mobile) == (
        True,
        "m***@orchid.example",
        "139***5678",
    )


async def test_a_contact_stays_where_none_is_given(billing: RunningService) -> None:
    principal = an_administrator(a_tenant())
    await billing.call(a_switch(), principal=principal)

    changed = await billing.call(
        verification_codes_pb2.SetVerificationRequest(request_id="r", enabled=True),
        principal=principal,
    )

    assert changed.email == "m***@orchid.example"


async def test_a_contact_is_replaced_with_a_code_sent_to_the_old_one(
    billing: RunningService,
) -> None:
    principal = an_administrator(a_tenant())
    await billing.call(a_switch(), principal=principal)
    new = {"email": "new@lotus.example"}

    refusal = await billing.refusal(a_switch(**new), principal=principal)
    code = await a_code(billing, principal, operation="SET_VERIFICATION")
    changed = await billing.call(a_switch(**new, verification=code), principal=principal)

    assert (refusal.reason, refusal.code) == ("VERIFICATION_REQUIRED", "ABORTED")
    assert changed.email == "n***@lotus.example"


async def test_switching_off_takes_the_right_code_in_the_same_request(
    billing: RunningService,
) -> None:
    principal = an_administrator(a_tenant())
    await billing.call(a_switch(enabled=True), principal=principal)
    challenge = await ask_for_code(billing, principal, operation="SET_VERIFICATION")
    off = a_switch(enabled=False)

    without = await billing.refusal(off, principal=principal)
    off.verification.CopyFrom(a_wrong_answer(billing, challenge))
    wrong = await billing.refusal(off, principal=principal)
    off.verification.CopyFrom(an_answer(billing, challenge))
    changed = await billing.call(off, principal=principal)
    again = await billing.call(off, principal=principal)

    assert without.reason == "VERIFICATION_REQUIRED"
    assert (wrong.reason, wrong.code) == ("VERIFICATION_FAILED", "ABORTED")
    assert wrong.violations[0][0] == "verification.code"
    assert not changed.enabled
    assert again == changed


async def test_an_empty_code_switches_nothing_off(billing: RunningService) -> None:
    principal = an_administrator(a_tenant())
    await billing.call(a_switch(enabled=True), principal=principal)
    challenge = await ask_for_code(billing, principal, operation="SET_VERIFICATION")
    empty = verification_codes_pb2.Verification(challenge_id=challenge.id)

    refusal = await billing.refusal(a_switch(verification=empty), principal=principal)

    assert refusal.reason == "VERIFICATION_FAILED"


async def test_a_wrong_code_is_counted_though_its_request_leaves_nothing_else(
    billing: RunningService,
) -> None:
    principal = an_administrator(a_tenant())
    await billing.call(a_switch(enabled=True), principal=principal)
    challenge = await ask_for_code(billing, principal, operation="SET_VERIFICATION")
    guess = a_switch(enabled=False, verification=a_wrong_answer(billing, challenge))

    for _ in range(3):
        await billing.refusal(guess, principal=principal)

    assert await wrong_codes(billing, principal, challenge.id) == 3
    async with billing.database.transaction(principal) as session:
        kept = await session.scalars(select(Reply.request_id))
    assert guess.request_id not in list(kept)


async def test_every_write_that_takes_a_code_counts_a_wrong_one(billing: RunningService) -> None:
    """Made from the contract: a write that is added later is tested on the day it is added."""
    writes = [
        rpc.request
        for servicer in billing.servicers
        for rpc in type(servicer).rpcs.values()
        if "verification" in rpc.fields
    ]
    counts = []

    for request in writes:
        principal = an_administrator(a_tenant())
        await billing.call(a_switch(), principal=principal)
        challenge = await ask_for_code(billing, principal)
        guess: Message = request(request_id="r", verification=a_wrong_answer(billing, challenge))
        await billing.refusal(guess, principal=principal)
        counts.append(await wrong_codes(billing, principal, challenge.id))

    assert counts
    assert set(counts) == {1}


@pytest.mark.parametrize("text", ["", "vch_nonsense", "cus_01h455vb4pex5vsknk084sn02q"])
async def test_a_malformed_challenge_is_named(billing: RunningService, text: str) -> None:
    answer = verification_codes_pb2.Verification(challenge_id=text, code="123456")

    refusal = await billing.refusal(
        a_switch(verification=answer), principal=an_administrator(a_tenant())
    )

    assert refusal.violations[0][0] == "verification.challenge_id"


@pytest.mark.parametrize("field", ["operation", "channel"])
async def test_what_is_missing_is_named(billing: RunningService, field: str) -> None:
    principal = an_administrator(a_tenant())
    await billing.call(a_switch(), principal=principal)
    request = verification_codes_pb2.RequestVerificationCodeRequest(
        request_id="r",
        operation=verification_codes_pb2.VERIFICATION_OPERATION_ADJUST,
        channel=EMAIL,
    )
    request.ClearField(field)  # type: ignore[arg-type]

    refusal = await billing.refusal(request, principal=principal)

    assert refusal.violations[0][0] == field


async def test_no_code_is_sent_where_the_partner_has_no_contact(billing: RunningService) -> None:
    request = verification_codes_pb2.RequestVerificationCodeRequest(
        request_id="r",
        operation=verification_codes_pb2.VERIFICATION_OPERATION_ADJUST,
        channel=EMAIL,
    )

    refusal = await billing.refusal(request, principal=an_administrator(a_tenant()))

    assert refusal.reason == "VERIFICATION_CONTACT_MISSING"


async def test_who_asks_for_too_many_codes_is_refused(billing: RunningService) -> None:
    principal = an_administrator(a_tenant())
    await billing.call(a_switch(), principal=principal)
    for _ in range(5):
        await ask_for_code(billing, principal)
    request = verification_codes_pb2.RequestVerificationCodeRequest(
        request_id="r",
        operation=verification_codes_pb2.VERIFICATION_OPERATION_ADJUST,
        channel=EMAIL,
    )

    refusal = await billing.refusal(request, principal=principal)

    assert (refusal.reason, refusal.code) == ("RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED")


async def test_only_an_administrator_switches_and_account_managers_have_no_codes(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    manager = an_account_manager(tenant, account_manager_id=new_id())

    by_finance = await billing.refusal(a_switch(), principal=a_finance_operator(tenant))
    by_manager = await billing.refusal(
        verification_codes_pb2.GetVerificationSettingsRequest(), principal=manager
    )

    assert {by_finance.reason, by_manager.reason} == {"PERMISSION_DENIED"}
