"""Withdrawals as partners ask for them and operators decide on them."""

from typing import Any

import pytest

from partner.billing.v1 import top_ups_pb2, withdrawals_pb2
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask

FILTER = {
    "withdrawalIds": [messages.an_id("wdr")],
    "kinds": ["BANK_CARD"],
    "states": ["SUBMITTED"],
    "applyTimeFrom": "2026-01-01T00:00:00Z",
    "applyTimeTo": "2026-02-01T00:00:00Z",
}


def a_withdrawal(**others: Any) -> withdrawals_pb2.Withdrawal:
    said: dict[str, Any] = {
        "id": messages.an_id("wdr"),
        "kind": withdrawals_pb2.WITHDRAWAL_KIND_ORIGINAL_ROUTE,
        "amount": messages.money("10 CNY"),
        "paid_amount": messages.money("0 CNY"),
        "state": withdrawals_pb2.WITHDRAWAL_STATE_SUBMITTED,
        "apply_time": messages.TIME,
        "applicant": "li",
        "expect_date": {"year": 2026, "month": 12, "day": 1},
    }
    return withdrawals_pb2.Withdrawal(**said | others)


async def test_withdrawals_are_listed_with_their_flows_and_take_every_filter() -> None:
    top_up = top_ups_pb2.TopUp(
        id=messages.an_id("tup"),
        channel=top_ups_pb2.CHANNEL_ALIPAY,
        channel_number="A-1",
    )
    flow = {
        "top_up_id": top_up.id,
        "channel": top_ups_pb2.CHANNEL_ALIPAY,
        "amount": messages.money("10 CNY"),
        "state": withdrawals_pb2.WITHDRAWAL_FLOW_STATE_HELD,
        "transaction_id": messages.an_id("txn"),
    }
    bank = {"bank_name": "Harbour Bank", "account_name": "Orchid", "last_four": "0127"}
    rpcs = Rpcs(
        ListWithdrawals=withdrawals_pb2.ListWithdrawalsResponse(
            withdrawals=[a_withdrawal(flows=[flow], bank=bank)]
        ),
        BatchGetTopUps=messages.found(top_ups_pb2.BatchGetTopUpsResponse, "top_ups", [top_up]),
    )

    shown = await ask(
        """query ($filter: WithdrawalFilter) { withdrawals(filter: $filter) { nodes {
          kind state expectDate bank { bankName branch lastFour }
          flows { state amount { amount } topUp { channelNumber } }
        } } }""",
        rpcs=rpcs,
        filter=FILTER,
    )

    assert shown.errors == []
    assert shown.data["withdrawals"]["nodes"] == [
        {
            "kind": "ORIGINAL_ROUTE",
            "state": "SUBMITTED",
            "expectDate": "2026-12-01",
            "bank": {"bankName": "Harbour Bank", "branch": None, "lastFour": "0127"},
            "flows": [
                {"state": "HELD", "amount": {"amount": "10"}, "topUp": {"channelNumber": "A-1"}}
            ],
        }
    ]
    filters = rpcs.request("ListWithdrawals").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(FILTER)


async def test_a_withdrawal_is_asked_for() -> None:
    rpcs = Rpcs(SubmitWithdrawal=a_withdrawal())
    challenge_id = messages.an_id("vch")

    shown = await ask(
        """mutation ($input: SubmitWithdrawalInput!) {
          submitWithdrawal(input: $input) { withdrawal { state } userErrors { message } }
        }""",
        rpcs=rpcs,
        input={
            "requestId": "r",
            "kind": "BANK_CARD",
            "amount": {"amount": "10", "currencyCode": "CNY"},
            "bank": {
                "bankName": "Harbour Bank",
                "accountName": "Orchid",
                "accountNumber": "6222021234567890127",
            },
            "verification": {"challengeId": challenge_id, "code": "012345"},
        },
    )

    assert shown.data["submitWithdrawal"] == {
        "withdrawal": {"state": "SUBMITTED"},
        "userErrors": [],
    }
    request = rpcs.request("SubmitWithdrawal")
    assert request.bank.account_number == "6222021234567890127"
    assert request.verification.challenge_id == challenge_id


def test_no_field_of_the_graph_gives_a_number_of_a_bank_account() -> None:
    shown = {
        field.name
        for message in withdrawals_pb2.DESCRIPTOR.message_types_by_name.values()
        if not message.name.endswith(("Request", "Details"))
        for field in message.fields
    }

    assert "account_number" not in shown
    assert "last_four" in shown


@pytest.mark.parametrize(
    ("verb", "given"),
    [
        ("cancel", {}),
        ("delete", {}),
        ("review", {}),
        ("approve", {}),
        ("reject", {"reason": "an invoice is missing"}),
    ],
)
async def test_a_withdrawal_is_moved(verb: str, given: dict[str, str]) -> None:
    rpc, id_ = f"{verb.capitalize()}Withdrawal", messages.an_id("wdr")
    rpcs = Rpcs(**{rpc: a_withdrawal(id=id_)})

    shown = await ask(
        f"""mutation ($input: {rpc}Input!) {{
          {verb}Withdrawal(input: $input) {{ withdrawal {{ id }} userErrors {{ message }} }}
        }}""",
        rpcs=rpcs,
        input={"requestId": "r", "withdrawalId": id_, **given},
    )

    assert shown.data[f"{verb}Withdrawal"] == {"withdrawal": {"id": id_}, "userErrors": []}
    assert rpcs.request(rpc).withdrawal_id == id_


async def test_an_operator_records_a_payee() -> None:
    payee = withdrawals_pb2.Payee(
        verified_name="Orchid", business_verified=True, update_time=messages.TIME
    )
    rpcs = Rpcs(RecordPayee=payee)

    shown = await ask(
        """mutation ($input: RecordPayeeInput!) {
          recordPayee(input: $input) { payee { verifiedName businessVerified } }
        }""",
        rpcs=rpcs,
        input={"requestId": "r", "verifiedName": "Orchid", "businessVerified": True},
    )

    assert shown.data["recordPayee"]["payee"] == {
        "verifiedName": "Orchid",
        "businessVerified": True,
    }


async def test_the_withdrawable_amounts_are_shown() -> None:
    amounts = withdrawals_pb2.WithdrawableAmounts(
        total_amount=messages.money("30 CNY"), bank_card_amount=messages.money("10 CNY")
    )
    rpcs = Rpcs(GetWithdrawableAmounts=amounts)

    shown = await ask(
        "{ withdrawableAmounts { totalAmount { amount } incentiveRebateAmount { amount } } }",
        rpcs=rpcs,
    )

    assert shown.data["withdrawableAmounts"] == {
        "totalAmount": {"amount": "30"},
        "incentiveRebateAmount": None,
    }
