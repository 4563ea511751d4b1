"""The port to whoever pays out, and a bank that only pretends to."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from services.kit.money import Money

# The demo's bank does not know accounts that are to get such cents.
UNKNOWN_CENTS: Final = ".13"


class PayoutState(StrEnum):
    # The provider never heard of it.
    UNKNOWN = "UNKNOWN"
    PENDING = "PENDING"
    PAID = "PAID"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class BankTarget:
    """A bank account to be paid to."""

    bank_name: str
    branch: str | None
    account_name: str
    # In no text that is made of this.
    account_number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RouteTarget:
    """A payment that is to go back to where it came from."""

    channel: str
    channel_number: str
    branch: str | None


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """One payment; the same id again is the same payment."""

    id: UUID
    amount: Money
    target: BankTarget | RouteTarget


@dataclass(frozen=True, slots=True)
class PayoutAnswer:
    """What the provider says of a payment; why, where it failed for good."""

    state: PayoutState
    reason: str | None = None


class PayoutProvider(Protocol):
    """Pays out. Where nobody knows what became of a call, it raises OSError."""

    async def send(self, order: PayoutOrder) -> None:
        """Ask for a payment, once for each id however often it is said."""

    async def ask(self, order_id: UUID) -> PayoutAnswer:
        """Say what became of a payment."""


class SimulatedBank:
    """Pays whatever it is told with money that is not there; for demos."""

    def __init__(self) -> None:
        self._answers: dict[UUID, PayoutAnswer] = {}

    async def send(self, order: PayoutOrder) -> None:
        amount = order.amount.to_message().amount
        answer = (
            PayoutAnswer(PayoutState.FAILED, "the account does not exist")
            if amount.endswith(UNKNOWN_CENTS)
            else PayoutAnswer(PayoutState.PAID)
        )
        self._answers.setdefault(order.id, answer)

    async def ask(self, order_id: UUID) -> PayoutAnswer:
        return self._answers.get(order_id, PayoutAnswer(PayoutState.UNKNOWN))
