"""What is frozen and let go, and why a withdrawal is not accepted."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from partner.billing.v1 import accounts_pb2, top_ups_pb2, withdrawals_pb2
from services.billing.accounts.model import Holder
from services.billing.ledger.chart import AccountKind
from services.billing.ledger.operations import post
from services.kit.ids import new_id, to_text
from tests.builders.billing import in_days, money
from tests.builders.funds import open_cash, open_platform, top_up
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_tenant, an_administrator, an_operator
from tests.builders.running import RunningService
from tests.builders.verification import a_switch
from tests.builders.withdrawals import (
    ALIPAY,
    BANK,
    a_rich_tenant,
    amounts,
    an_application,
    balance,
    decide,
    earn_rebate,
    flow_states,
    found,
    refused,
    somebody,
    state,
    submit,
    verify_payee,
    violations,
    with_code,
)

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def cancel(withdrawal_id: str) -> withdrawals_pb2.CancelWithdrawalRequest:
    return withdrawals_pb2.CancelWithdrawalRequest(
        request_id=str(uuid4()), withdrawal_id=withdrawal_id
    )


def delete(withdrawal_id: str) -> withdrawals_pb2.DeleteWithdrawalRequest:
    return withdrawals_pb2.DeleteWithdrawalRequest(
        request_id=str(uuid4()), withdrawal_id=withdrawal_id
    )


async def owe(billing: RunningService, tenant: Any, amount: str) -> None:
    """Let so much of the cash be invoiced and not consumed."""
    request = accounts_pb2.SetInvoiceArrearsRequest(
        request_id=str(uuid4()), partner_id=to_text("ptr", tenant), amount=money(amount)
    )
    await billing.call(request, principal=an_operator(tenant))


async def test_submit_withdrawal_freezes_the_last_paid_in_first(billing: RunningService) -> None:
    tenant = a_tenant()
    old, new = await a_rich_tenant(billing, tenant, "30 CNY", "20 CNY")

    made = await submit(billing, tenant, "25 CNY")

    assert state(made) == "SUBMITTED"
    assert [(flow.top_up_id, flow.amount.amount) for flow in made.flows] == [
        (new, "20"),
        (old, "5"),
    ]
    assert flow_states(made) == ["HELD", "HELD"]
    assert await balance(billing, tenant) == ("50", "25")
    assert (await amounts(billing, tenant)).total_amount == money("25 CNY")
    assert not await violations(billing, tenant)


async def test_submit_withdrawal_takes_the_top_ups_that_are_named(billing: RunningService) -> None:
    tenant = a_tenant()
    old, _, new = await a_rich_tenant(billing, tenant, "30 CNY", "20 CNY", "10 CNY")

    made = await submit(billing, tenant, "35 CNY", top_up_ids=[old, new])

    assert [(flow.top_up_id, flow.amount.amount) for flow in made.flows] == [
        (old, "30"),
        (new, "5"),
    ]
    assert not await violations(billing, tenant)


async def test_named_top_ups_that_do_not_suffice_are_refused(billing: RunningService) -> None:
    tenant = a_tenant()
    old, _ = await a_rich_tenant(billing, tenant, "30 CNY", "20 CNY")

    refusal = await refused(billing, tenant, "31 CNY", top_up_ids=[old])

    assert refusal.reason == "WITHDRAWABLE_EXCEEDED"
    assert refusal.metadata == {"available": "30", "required": "31"}
    assert await balance(billing, tenant) == ("50", "0")


async def test_a_top_up_past_its_window_goes_to_a_bank_and_not_back(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    await verify_payee(billing, tenant)
    old = await top_up(billing, tenant, "30 CNY", channel=ALIPAY, pay_time=in_days(-400))
    new = await top_up(billing, tenant, "20 CNY", channel=ALIPAY)
    shown = await amounts(billing, tenant)

    by_route = await refused(billing, tenant, "10 CNY", top_up_ids=[old.id])
    to_bank = await refused(billing, tenant, "10 CNY", kind="BANK_CARD", top_up_ids=[new.id])
    made = await submit(billing, tenant, "30 CNY", kind="BANK_CARD")

    assert (shown.original_route_amount, shown.bank_card_amount) == (
        money("20 CNY"),
        money("30 CNY"),
    )
    assert by_route.reason == to_bank.reason == "FLOW_EXPIRED"
    assert by_route.metadata == {"top_up_id": old.id}
    assert [flow.top_up_id for flow in made.flows] == [old.id]
    assert (made.bank.bank_name, made.bank.last_four) == ("Harbour Bank", "0127")
    assert not await violations(billing, tenant)


@pytest.mark.parametrize(
    "said", [{"earned_bonus": True}, {"channel": top_ups_pb2.CHANNEL_INTERNAL}]
)
async def test_money_that_earned_a_bonus_or_came_from_inside_is_not_withdrawn(
    billing: RunningService, said: dict[str, Any]
) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "30 CNY", **said)

    refusal = await refused(billing, tenant, "10 CNY")

    assert refusal.reason == "WITHDRAWABLE_EXCEEDED"
    assert refusal.metadata == {"available": "0", "required": "10"}


async def test_incentive_money_is_what_came_as_such_and_was_not_withdrawn(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    await earn_rebate(billing, tenant, "40 CNY")

    too_much = await refused(billing, tenant, "40.01 CNY", kind="INCENTIVE_REBATE")
    made = await submit(billing, tenant, "30 CNY", kind="INCENTIVE_REBATE")
    rest = (await amounts(billing, tenant)).incentive_rebate_amount

    assert too_much.reason == "WITHDRAWABLE_EXCEEDED"
    assert [(flow.top_up_id, flow.amount.amount) for flow in made.flows] == [("", "30")]
    assert rest == money("10 CNY")
    assert not await violations(billing, tenant)


async def test_incentive_money_needs_verified_business_information(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "1 CNY")
    await verify_payee(billing, tenant, business=False)
    await earn_rebate(billing, tenant, "40 CNY")

    refusal = await refused(billing, tenant, "10 CNY", kind="INCENTIVE_REBATE")

    assert refusal.reason == "NOT_VERIFIED"


async def test_a_partner_that_is_not_verified_withdraws_nothing(billing: RunningService) -> None:
    tenant = a_tenant()
    await top_up(billing, tenant, "30 CNY", channel=ALIPAY)

    refusal = await refused(billing, tenant)

    assert refusal.reason == "NOT_VERIFIED"


async def test_a_partner_without_money_withdraws_nothing(billing: RunningService) -> None:
    tenant = a_tenant()
    await verify_payee(billing, tenant)

    refusal = await refused(billing, tenant)

    assert refusal.reason == "WITHDRAWABLE_EXCEEDED"
    assert await amounts(billing, tenant) == withdrawals_pb2.WithdrawableAmounts()


async def test_a_bank_account_must_be_under_the_verified_name(billing: RunningService) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "30 CNY", pay_time=in_days(-400))
    other = withdrawals_pb2.WithdrawalBankDetails()
    other.CopyFrom(BANK)
    other.account_name = "Lotus Ltd"

    refusal = await refused(billing, tenant, kind="BANK_CARD", bank=other)
    other.account_name = "ORCHID  cloud ltd"
    made = await submit(billing, tenant, kind="BANK_CARD", bank=other)

    assert (refusal.reason, refusal.violations[0][0]) == ("NAME_MISMATCH", "bank.account_name")
    assert state(made) == "SUBMITTED"


async def test_invoices_come_first(billing: RunningService) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    await owe(billing, tenant, "70 CNY")

    refusal = await refused(billing, tenant, "31 CNY")
    made = await submit(billing, tenant, "30 CNY")

    assert refusal.reason == "INVOICE_ARREARS"
    assert refusal.metadata == {"arrears": "70", "available": "30"}
    assert state(made) == "SUBMITTED"
    assert (await amounts(billing, tenant)).invoice_arrears_amount == money("70 CNY")


async def test_what_is_spent_meanwhile_does_not_let_a_withdrawal_go_below_the_invoices(
    billing: RunningService,
) -> None:
    """The amounts are looked at again behind the ledger's locks."""
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    await owe(billing, tenant, "40 CNY")
    cash = await open_cash(billing, tenant, Holder.partner(tenant))
    elsewhere = await open_platform(billing, tenant, AccountKind.REVENUE)
    ledger = TenantLedger(billing.database, tenant)

    async with ledger.transaction() as session:
        await post(session, posting=ledger.posting(cash, elsewhere, 5000))
        waiting = asyncio.create_task(refused(billing, tenant, "30 CNY"))
        while not await session.scalar(text(WAITING)):
            assert not waiting.done(), "it did not wait for the account"
            await asyncio.sleep(0.01)
    refusal = await waiting

    assert (refusal.reason, refusal.metadata) == (
        "INVOICE_ARREARS",
        {"arrears": "40", "available": "20"},
    )
    assert await balance(billing, tenant) == ("50", "0")


async def test_a_partner_has_one_unfinished_withdrawal_of_a_kind(billing: RunningService) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    await earn_rebate(billing, tenant, "40 CNY")
    first = await submit(billing, tenant)

    refusal = await refused(billing, tenant)
    other_kind = await submit(billing, tenant, kind="INCENTIVE_REBATE")
    await billing.call(cancel(first.id), principal=an_administrator(tenant))
    again = await submit(billing, tenant)

    assert refusal.reason == "WITHDRAWAL_OPEN"
    assert state(other_kind) == state(again) == "SUBMITTED"
    assert not await violations(billing, tenant)


async def test_the_first_return_by_remittance_asks_for_the_branch(billing: RunningService) -> None:
    tenant = a_tenant()
    remittance = top_ups_pb2.CHANNEL_BANK_TRANSFER
    await a_rich_tenant(billing, tenant, "100 CNY", channel=remittance, pay_time=in_days(-2000))

    refusal = await refused(billing, tenant)
    first = await submit(billing, tenant, remittance_branch="North")
    await billing.call(cancel(first.id), principal=an_administrator(tenant))
    second = await submit(billing, tenant)

    assert refusal.violations[0][0] == "remittance_branch"
    assert state(second) == "SUBMITTED"


async def test_a_withdrawal_needs_a_code_whatever_the_switch_says(billing: RunningService) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    principal = somebody(tenant)
    await billing.call(a_switch(enabled=False), principal=principal)

    refusal = await billing.refusal(an_application(), principal=principal)

    assert refusal.reason == "VERIFICATION_REQUIRED"
    assert await balance(billing, tenant) == ("100", "0")


async def test_a_code_is_good_for_one_withdrawal_and_its_repetition(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    principal = somebody(tenant)
    request = await with_code(billing, principal, an_application())

    made = await billing.call(request, principal=principal)
    again = await billing.call(request, principal=principal)
    await billing.call(cancel(made.id), principal=principal)
    request.request_id = str(uuid4())
    refusal = await billing.refusal(request, principal=principal)

    assert again == made
    assert refusal.reason == "VERIFICATION_FAILED"
    assert not await violations(billing, tenant)


async def test_resellers_withdraw_nothing(billing: RunningService) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    reseller = somebody(tenant, partner_id=new_id())
    request = await with_code(billing, reseller, an_application())

    refusal = await billing.refusal(request, principal=reseller)

    assert refusal.reason == "PERMISSION_DENIED"


@pytest.mark.parametrize("known", [False, True])
async def test_a_top_up_of_nobody_and_of_another_tenant_are_not_found(
    billing: RunningService,
    known: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    tenant, other = a_tenant(), a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    (theirs,) = await a_rich_tenant(billing, other, "100 CNY")

    named = theirs if known else to_text("tup", new_id())
    refusal = await refused(billing, tenant, top_up_ids=[named])

    assert (refusal.reason, refusal.violations[0][0]) == ("NOT_FOUND", "top_up_ids")


async def test_cancel_withdrawal_lets_everything_go(billing: RunningService) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "30 CNY", "20 CNY")
    before = await amounts(billing, tenant)
    made = await submit(billing, tenant, "45 CNY")

    cancelled = await billing.call(cancel(made.id), principal=an_administrator(tenant))
    again = await billing.refusal(cancel(made.id), principal=an_administrator(tenant))

    assert state(cancelled) == "CANCELLED"
    assert flow_states(cancelled) == ["RELEASED", "RELEASED"]
    assert (again.reason, again.metadata) == ("WITHDRAWAL_STATE_CONFLICT", {"state": "CANCELLED"})
    assert await amounts(billing, tenant) == before
    assert not await violations(billing, tenant)


async def test_a_withdrawal_under_review_can_be_taken_back_and_an_approved_one_not(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    under_review = await submit(billing, tenant)
    review = withdrawals_pb2.ReviewWithdrawalRequest(request_id="r", withdrawal_id=under_review.id)
    await billing.call(review, principal=an_operator(tenant))

    taken_back = await billing.call(cancel(under_review.id), principal=an_administrator(tenant))
    approved = await submit(billing, tenant)
    await decide(billing, approved, tenant)
    refusal = await billing.refusal(cancel(approved.id), principal=an_administrator(tenant))

    assert state(taken_back) == "CANCELLED"
    assert refusal.metadata == {"state": "APPROVED"}


async def test_reject_withdrawal_lets_everything_go_and_says_why(billing: RunningService) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    made = await submit(billing, tenant)

    rejected = await decide(billing, made, tenant, reject="an invoice is missing")

    assert (state(rejected), rejected.reject_reason) == ("REJECTED", "an invoice is missing")
    assert flow_states(rejected) == ["RELEASED"]
    assert await balance(billing, tenant) == ("100", "0")
    assert not await violations(billing, tenant)


async def test_delete_withdrawal_removes_a_rejected_one_from_lists(
    billing: RunningService,
) -> None:
    tenant, listing = a_tenant(), withdrawals_pb2.ListWithdrawalsRequest()
    administrator = an_administrator(tenant)
    await a_rich_tenant(billing, tenant, "100 CNY")
    made = await submit(billing, tenant)

    early = await billing.refusal(delete(made.id), principal=administrator)
    await decide(billing, made, tenant, reject="no")
    await billing.call(delete(made.id), principal=administrator)
    again = await billing.refusal(delete(made.id), principal=administrator)
    listed = await billing.call(listing, principal=administrator)

    assert early.reason == "WITHDRAWAL_STATE_CONFLICT"
    assert again.reason == "NOT_FOUND"
    assert list(listed.withdrawals) == []
    # Who kept its id still sees what became of it.
    assert state(await found(billing, tenant, made.id)) == "REJECTED"


async def test_nobody_decides_on_their_own_request(billing: RunningService) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    made = await submit(billing, tenant)
    twin = replace(an_operator(tenant), subject=made.applicant)
    review = withdrawals_pb2.ReviewWithdrawalRequest(request_id="r", withdrawal_id=made.id)
    await billing.call(review, principal=twin)

    refusal = await billing.refusal(
        withdrawals_pb2.ApproveWithdrawalRequest(request_id="a", withdrawal_id=made.id),
        principal=twin,
    )

    assert refusal.reason == "PERMISSION_DENIED"


async def test_of_many_withdrawals_at_once_one_is_made(billing: RunningService) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    people = [somebody(tenant) for _ in range(6)]
    requests = [await with_code(billing, one, an_application("80 CNY")) for one in people]

    answers = await asyncio.gather(
        *(
            billing.answer(request, principal=one)
            for request, one in zip(requests, people, strict=True)
        )
    )

    reasons = [answer.refusal.reason for answer in answers if answer.refusal is not None]
    assert reasons == ["WITHDRAWAL_OPEN"] * 5
    assert await balance(billing, tenant) == ("100", "80")
    assert not await violations(billing, tenant)


async def test_of_cancel_and_approve_at_once_one_wins(billing: RunningService) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    for _ in range(5):
        made = await submit(billing, tenant)
        review = withdrawals_pb2.ReviewWithdrawalRequest(request_id=made.id, withdrawal_id=made.id)
        await billing.call(review, principal=an_operator(tenant))
        approve = withdrawals_pb2.ApproveWithdrawalRequest(
            request_id=made.id, withdrawal_id=made.id
        )
        reject = withdrawals_pb2.RejectWithdrawalRequest(
            request_id=made.id, withdrawal_id=made.id, reason="no"
        )

        answers = await asyncio.gather(
            billing.answer(cancel(made.id), principal=an_administrator(tenant)),
            billing.answer(approve, principal=an_operator(tenant)),
            billing.answer(reject, principal=an_operator(tenant)),
        )

        assert [answer.refusal is None for answer in answers].count(True) == 1
        assert not await violations(billing, tenant)
        if answers[1].refusal is None:
            break
