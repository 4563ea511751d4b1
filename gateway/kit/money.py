"""Money as the graph shows and takes it."""

from gateway.kit.inputs import takes
from gateway.kit.scalars import Decimal
from gateway.kit.shows import shows
from partner.type.v1 import money_pb2


@shows(money_pb2.Money)
class Money:
    amount: Decimal
    currency_code: str


@takes(money_pb2.Money)
class MoneyInput:
    amount: Decimal
    currency_code: str
