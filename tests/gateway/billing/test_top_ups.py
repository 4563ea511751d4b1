"""Top-ups as clients see them, over fake rpcs."""

from partner.billing.v1 import top_ups_pb2
from services.billing.top_ups.model import ChannelNumberReused
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask, refusing

RECORD = """mutation ($input: RecordTopUpInput!) { recordTopUp(input: $input) {
  topUp { channel amount { amount } unreturnedAmount { amount } earnedBonus memo }
  userErrors { field ... on BillingUserError { code } }
} }"""
INPUT = {
    "requestId": "1",
    "channel": "BANK_TRANSFER",
    "channelNumber": "7",
    "amount": {"amount": "80", "currencyCode": "USD"},
    "designatedAmount": {"amount": "5", "currencyCode": "USD"},
    "earnedBonus": True,
    "payTime": "2026-01-01T00:00:00Z",
    "memo": "for the fair",
}


async def test_top_ups_take_every_filter() -> None:
    rpcs = Rpcs(ListTopUps=top_ups_pb2.ListTopUpsResponse(top_ups=[messages.a_top_up()]))
    asked = {
        "channels": ["ALIPAY", "WALLET"],
        "channelNumber": "7",
        "payTimeFrom": "2026-01-01T00:00:00Z",
        "payTimeTo": "2026-02-01T00:00:00Z",
    }

    shown = await ask(
        "query ($filter: TopUpFilter) { topUps(filter: $filter) { nodes { channelNumber } } }",
        rpcs=rpcs,
        filter=asked,
    )

    assert shown.data["topUps"]["nodes"] == [{"channelNumber": "2026112800001"}]
    filters = rpcs.request("ListTopUps").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(asked)


async def test_a_top_up_is_recorded_with_all_that_is_said_of_it() -> None:
    rpcs = Rpcs(RecordTopUp=messages.a_top_up(memo="for the fair"))

    shown = await ask(RECORD, rpcs=rpcs, input=INPUT)

    assert shown.data["recordTopUp"] == {
        "topUp": {
            "channel": "ALIPAY",
            "amount": {"amount": "80"},
            "unreturnedAmount": {"amount": "80"},
            "earnedBonus": False,
            "memo": "for the fair",
        },
        "userErrors": [],
    }
    request = rpcs.request("RecordTopUp")
    assert {field.json_name for field, _ in request.ListFields()} == set(INPUT)


async def test_a_number_that_stands_for_another_payment_is_a_user_error() -> None:
    refusal = ChannelNumberReused("it stands for another", field="channel_number")
    rpcs = Rpcs(RecordTopUp=refusing(refusal, service="billing"))

    shown = await ask(RECORD, rpcs=rpcs, input=INPUT)

    assert shown.data["recordTopUp"] == {
        "topUp": None,
        "userErrors": [{"field": "input.channelNumber", "code": "CHANNEL_NUMBER_REUSED"}],
    }
