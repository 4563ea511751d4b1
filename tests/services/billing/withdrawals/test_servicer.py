"""WithdrawalService over a real socket: what is malformed, what is listed, and who may ask."""

from typing import Any
from uuid import uuid4

import pytest

from partner.billing.v1 import withdrawals_pb2
from services.kit.ids import new_id, to_text
from tests.builders.billing import in_days, money
from tests.builders.principals import (
    a_customers_user,
    a_director,
    a_finance_operator,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService
from tests.builders.withdrawals import (
    BANK,
    NUMBER,
    a_rich_tenant,
    an_application,
    decide,
    earn_rebate,
    flow_states,
    somebody,
    state,
    submit,
    verify_payee,
    with_code,
)

KINDS = withdrawals_pb2.WithdrawalKind
STATES = withdrawals_pb2.WithdrawalState


def bank(**others: str) -> withdrawals_pb2.WithdrawalBankDetails:
    changed = withdrawals_pb2.WithdrawalBankDetails()
    changed.CopyFrom(BANK)
    for name, value in others.items():
        setattr(changed, name, value)
    return changed


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "UNSPECIFIED", "bank": None}, "kind"),
        ({"amount": "0 CNY"}, "amount.amount"),
        ({"amount": "0.001 CNY"}, "amount.amount"),
        ({"amount": "-1 CNY"}, "amount.amount"),
        ({"amount": "1 USD"}, "amount.currency_code"),
        ({"top_up_ids": ["tup_1"]}, "top_up_ids[0]"),
        ({"bank": BANK}, "bank"),
        ({"kind": "BANK_CARD", "bank": None}, "bank"),
        ({"kind": "BANK_CARD", "bank": bank(account_number="12")}, "bank.account_number"),
        ({"kind": "BANK_CARD", "bank": bank(bank_name="")}, "bank.bank_name"),
        ({"kind": "BANK_CARD", "bank": bank(branch="x" * 101)}, "bank.branch"),
        ({"remittance_branch": ""}, "remittance_branch"),
        (
            {"kind": "INCENTIVE_REBATE", "top_up_ids": [to_text("tup", new_id())]},
            "top_up_ids",
        ),
    ],
)
async def test_submit_withdrawal_names_the_field_that_is_malformed(
    billing: RunningService, said: dict[str, Any], field: str
) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "30 CNY")
    principal = somebody(tenant)
    request = await with_code(billing, principal, an_application(**said))

    refusal = await billing.refusal(request, principal=principal)

    assert (refusal.reason, refusal.violations[0][0]) == ("INVALID_ARGUMENT", field)
    assert NUMBER not in str(refusal)


async def test_record_payee_keeps_what_was_verified_last(billing: RunningService) -> None:
    tenant = a_tenant()

    first = await verify_payee(billing, tenant, name="Orchid", business=False)
    second = await verify_payee(billing, tenant, name="Lotus")
    shown = await verify_payee(billing, tenant, name="Lotus")

    assert (first.partner_id, first.verified_name) == (to_text("ptr", tenant), "Orchid")
    assert not first.business_verified
    assert (second.verified_name, second.business_verified) == ("Lotus", True)
    assert shown.verified_name == "Lotus"


async def test_record_payee_needs_a_name(billing: RunningService) -> None:
    request = withdrawals_pb2.RecordPayeeRequest(request_id="r", verified_name=" ")

    refusal = await billing.refusal(request, principal=an_operator(a_tenant()))

    assert refusal.violations[0][0] == "verified_name"


async def test_reject_withdrawal_needs_a_reason(billing: RunningService) -> None:
    request = withdrawals_pb2.RejectWithdrawalRequest(
        request_id="r", withdrawal_id=to_text("wdr", new_id()), reason=""
    )

    refusal = await billing.refusal(request, principal=an_operator(a_tenant()))

    assert refusal.violations[0][0] == "reason"


@pytest.mark.parametrize("verb", ["Cancel", "Delete", "Review", "Approve", "Reject"])
async def test_a_withdrawal_that_is_not_there_is_not_found(
    billing: RunningService, verb: str
) -> None:
    tenant = a_tenant()
    theirs = a_tenant()
    await a_rich_tenant(billing, theirs, "30 CNY")
    made = await submit(billing, theirs)
    principal = an_administrator(tenant) if verb in {"Cancel", "Delete"} else an_operator(tenant)
    refusals = []

    for id_ in (made.id, to_text("wdr", new_id())):
        request: Any = getattr(withdrawals_pb2, f"{verb}WithdrawalRequest")
        said = {"reason": "no"} if verb == "Reject" else {}
        refusals.append(
            await billing.refusal(
                request(request_id=str(uuid4()), withdrawal_id=id_, **said), principal=principal
            )
        )

    assert refusals[0] == refusals[1]
    assert refusals[0].reason == "NOT_FOUND"


async def test_list_withdrawals_takes_every_filter(billing: RunningService) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY")
    await earn_rebate(billing, tenant, "40 CNY")
    route = await submit(billing, tenant)
    rebate = await submit(billing, tenant, kind="INCENTIVE_REBATE")
    await decide(billing, route, tenant, reject="no")
    both = {route.id, rebate.id}
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({}, both),
        ({"withdrawal_ids": [route.id, to_text("wdr", new_id())]}, {route.id}),
        ({"kinds": [KINDS.WITHDRAWAL_KIND_INCENTIVE_REBATE]}, {rebate.id}),
        ({"kinds": [KINDS.WITHDRAWAL_KIND_BANK_CARD]}, set()),
        ({"states": [STATES.WITHDRAWAL_STATE_REJECTED]}, {route.id}),
        ({"apply_time_from": in_days(-1), "apply_time_to": in_days(1)}, both),
        ({"apply_time_from": in_days(1)}, set()),
        ({"apply_time_to": in_days(-1)}, set()),
    ]

    for fields, expected in cases:
        narrowed = withdrawals_pb2.WithdrawalFilter(**fields)
        listed = await billing.call(
            withdrawals_pb2.ListWithdrawalsRequest(filter=narrowed),
            principal=a_finance_operator(tenant),
        )
        assert {one.id for one in listed.withdrawals} == expected, fields


async def test_list_withdrawals_goes_on_page_by_page_in_both_directions(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "100 CNY", pay_time=in_days(-400))
    await earn_rebate(billing, tenant, "40 CNY")
    made = [
        (await submit(billing, tenant, kind=kind)).id for kind in ("BANK_CARD", "INCENTIVE_REBATE")
    ]
    pages = []

    for order in ("DESC", "ASC"):
        request = withdrawals_pb2.ListWithdrawalsRequest(
            page_size=1,
            order_by=withdrawals_pb2.WithdrawalOrder.Value(f"WITHDRAWAL_ORDER_APPLY_TIME_{order}"),
            with_item_tokens=True,
        )
        first = await billing.call(request, principal=an_administrator(tenant))
        request.page_token = first.next_page_token
        rest = await billing.call(request, principal=an_administrator(tenant))
        assert first.item_tokens == [first.next_page_token]
        pages.append([one.id for one in (*first.withdrawals, *rest.withdrawals)])

    assert pages == [made[::-1], made]


async def test_a_withdrawal_shows_where_it_goes_but_for_most_of_the_number(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "30 CNY", pay_time=in_days(-400))

    made = await submit(billing, tenant, "10 CNY", kind="BANK_CARD")

    assert made.bank == withdrawals_pb2.WithdrawalBank(
        bank_name="Harbour Bank",
        branch="North",
        account_name="Orchid Cloud Ltd",
        last_four=NUMBER[-4:],
    )
    assert made.partner_id == to_text("ptr", tenant)
    assert made.applicant.startswith("admin-")
    assert made.flows[0].transaction_id.startswith("txn_")
    assert made.expect_date.year >= 2026
    assert (state(made), flow_states(made)) == ("SUBMITTED", ["HELD"])


@pytest.mark.parametrize("who", ["director", "manager", "customer"])
async def test_others_see_none_of_the_partners_money(billing: RunningService, who: str) -> None:
    tenant = a_tenant()
    people = {
        "director": a_director(tenant, team=(new_id(),)),
        "manager": an_account_manager(tenant, account_manager_id=new_id()),
        "customer": a_customers_user(tenant, customer_id=new_id()),
    }
    requests = [
        withdrawals_pb2.ListWithdrawalsRequest(),
        withdrawals_pb2.GetWithdrawableAmountsRequest(),
        withdrawals_pb2.BatchGetWithdrawalsRequest(ids=[to_text("wdr", new_id())]),
        an_application(),
        withdrawals_pb2.CancelWithdrawalRequest(
            request_id="r", withdrawal_id=to_text("wdr", new_id())
        ),
    ]

    reasons = {
        (await billing.refusal(request, principal=people[who])).reason for request in requests
    }

    assert reasons == {"PERMISSION_DENIED"}


async def test_a_partner_decides_nothing_and_the_platform_asks_for_nothing(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    named = {"request_id": "r", "withdrawal_id": to_text("wdr", new_id())}
    by_partner = [
        withdrawals_pb2.ReviewWithdrawalRequest(**named),
        withdrawals_pb2.ApproveWithdrawalRequest(**named),
        withdrawals_pb2.RejectWithdrawalRequest(**named, reason="no"),
        withdrawals_pb2.RecordPayeeRequest(request_id="r", verified_name="Orchid"),
    ]

    reasons = {
        (await billing.refusal(request, principal=an_administrator(tenant))).reason
        for request in by_partner
    }
    reasons.add((await billing.refusal(an_application(), principal=an_operator(tenant))).reason)

    assert reasons == {"PERMISSION_DENIED"}


async def test_a_reseller_sees_nothing_of_its_distributors_withdrawals(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "30 CNY")
    made = await submit(billing, tenant)
    reseller = an_administrator(tenant, partner_id=new_id())

    listed = await billing.call(withdrawals_pb2.ListWithdrawalsRequest(), principal=reseller)
    got = await billing.call(
        withdrawals_pb2.BatchGetWithdrawalsRequest(ids=[made.id]), principal=reseller
    )
    shown = await billing.call(withdrawals_pb2.GetWithdrawableAmountsRequest(), principal=reseller)

    assert (list(listed.withdrawals), list(got.withdrawals)) == ([], [])
    assert shown == withdrawals_pb2.WithdrawableAmounts()


async def test_the_amounts_tell_the_verified_name(billing: RunningService) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "30 CNY")

    shown = await billing.call(
        withdrawals_pb2.GetWithdrawableAmountsRequest(), principal=an_operator(tenant)
    )

    assert shown == withdrawals_pb2.WithdrawableAmounts(
        total_amount=money("30 CNY"),
        original_route_amount=money("30 CNY"),
        bank_card_amount=money("0 CNY"),
        incentive_rebate_amount=money("0 CNY"),
        invoice_arrears_amount=money("0 CNY"),
        verified_name="Orchid Cloud Ltd",
    )
