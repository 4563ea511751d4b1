"""Money that partners pay in (充值)."""

from enum import Enum

import strawberry

from gateway.billing.accounts import Account
from gateway.customers.partners import Partner
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.money import Money, MoneyInput
from gateway.kit.nodes import Node, one
from gateway.kit.pages import Connection
from gateway.kit.scalars import DateTime
from gateway.kit.shows import shows
from gateway.kit.words import words
from gateway.kit.writes import Payload, answers, writing
from partner.billing.v1 import top_ups_pb2

TOP_UPS = rpcs(top_ups_pb2.DESCRIPTOR, "TopUpService")


@words(top_ups_pb2.Channel)
class Channel(Enum):
    """Filled from the contract."""


@shows(top_ups_pb2.TopUp, get=TOP_UPS["BatchGetTopUps"])
class TopUp(Node):
    channel: Channel
    channel_number: str
    amount: Money
    designated_amount: Money
    unreturned_amount: Money
    earned_bonus: bool
    pay_time: DateTime
    create_time: DateTime
    memo: str | None
    partner: Partner | None = one("partner_id")
    account: Account | None = one("account_id")


@takes(top_ups_pb2.TopUpFilter)
class TopUpFilter:
    channels: list[Channel] | None
    channel_number: str | None
    pay_time_from: DateTime | None
    pay_time_to: DateTime | None


@takes(top_ups_pb2.RecordTopUpRequest)
class RecordTopUpInput:
    request_id: strawberry.ID
    channel: Channel
    channel_number: str
    amount: MoneyInput
    designated_amount: MoneyInput | None
    earned_bonus: bool | None
    pay_time: DateTime | None
    memo: str | None


@answers(TOP_UPS["RecordTopUp"])
class RecordTopUpPayload(Payload):
    top_up: TopUp | None


@strawberry.type
class TopUpQuery:
    top_ups: Connection[TopUp] | None = listing(TOP_UPS["ListTopUps"])


@strawberry.type
class TopUpMutation:
    record_top_up: RecordTopUpPayload | None = writing(TOP_UPS["RecordTopUp"], RecordTopUpInput)
