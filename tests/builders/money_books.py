"""Books in plain Python: who has how much of what, what is set aside, and how it moves.

The first part of the oracle of money. Amounts are whole numbers of cents; nothing here knows SQL.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

ROOT, RESELLER = "distributor", "reseller"
# Whose customers they are; the platform's accounts stand under the distributor, too.
OWNERS = {"orchid": ROOT, "lotus": RESELLER, "pine": ROOT}
CUSTOMERS = tuple(OWNERS)
# Of referral sale: it pays the platform itself.
ADVISORY = "pine"
GIVERS = {**OWNERS, RESELLER: ROOT}
START = datetime(2027, 1, 1, tzinfo=UTC)
NEVER = "NEVER"
LOTS = ("2027-01-08", "2027-02-20", NEVER)


class Key(NamedTuple):
    """Names an account; accounts of the platform for vouchers are taken together."""

    holder: str
    kind: str
    lot: str = ""


@dataclass(slots=True)
class Balance:
    """What is in an account, what of it is set aside, and what is set aside for it."""

    posted: int = 0
    held: int = 0
    awaited: int = 0

    @property
    def available(self) -> int:
        return self.posted - self.held


class Refused(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Balances = dict[Key, tuple[int, int, int]]


@dataclass
class Books:
    """Accounts, the clock, and the customers that are leaving."""

    now: datetime = START
    accounts: dict[Key, Balance] = field(default_factory=dict)
    closing: set[str] = field(default_factory=set)

    @property
    def today(self) -> date:
        return (self.now + timedelta(hours=8)).date()

    @property
    def balances(self) -> Balances:
        """Give what is in each account that is not empty."""
        found = {
            key: (one.posted, one.held, one.awaited) for key, one in sorted(self.accounts.items())
        }
        return {key: balance for key, balance in found.items() if any(balance)}

    def account(self, key: Key) -> Balance:
        return self.accounts.setdefault(key, Balance())

    def available(self, key: Key) -> int:
        return self.account(key).available

    def move(self, debit: Key, credit: Key, cents: int) -> None:
        self.account(debit).posted -= cents
        self.account(credit).posted += cents

    def hold(self, debit: Key, credit: Key, cents: int) -> None:
        self.account(debit).held += cents
        self.account(credit).awaited += cents

    def let_go(self, debit: Key, credit: Key, cents: int) -> None:
        self.hold(debit, credit, -cents)

    def cash(self, holder: str) -> Key:
        return Key(holder, "CUSTOMER_CASH" if holder in OWNERS else "PARTNER_CASH")

    def lot(self, holder: str, lot: str) -> Key:
        return Key(holder, "CUSTOMER_CREDIT" if holder in OWNERS else "PARTNER_CREDIT", lot)

    def used(self, holder: str, lot: str) -> Key:
        return Key(holder, "CREDIT_USED", lot)

    def has_expired(self, lot: str) -> bool:
        return lot != NEVER and date.fromisoformat(lot) < self.today

    def good_lots(self, holder: str) -> list[Key]:
        """Give the credit that a holder can pay with, the next to expire first."""
        return [self.lot(holder, lot) for lot in LOTS if not self.has_expired(lot)]


CLEARING = Key(ROOT, "CASH_CLEARING")
REVENUE = Key(ROOT, "REVENUE")


@dataclass
class Funds(Books):
    """Top-ups, credit and adjustments (domain.md 6.1, 6.2 and 6.5)."""

    # What each top-up was, and what of it withdrawals took.
    top_ups: list[list[int]] = field(default_factory=list)

    def top_up(self, *, cents: int) -> None:
        self.move(CLEARING, self.cash(ROOT), cents)
        self.top_ups.append([cents, 0])

    def top_up_again(self, *, which: int, cents: int) -> None:
        """Tell of a channel's payment once more, perhaps another amount."""
        if self.top_ups[which][0] != cents:
            raise Refused("CHANNEL_NUMBER_REUSED")

    def grant_credit(self, *, lot: str, cents: int) -> None:
        if self.has_expired(lot):
            raise Refused("INVALID_ARGUMENT")
        self.move(Key(ROOT, "CREDIT_SOURCE", lot), self.lot(ROOT, lot), cents)

    def reduce_credit(self, *, lot: str, cents: int) -> None:
        if self.available(self.lot(ROOT, lot)) < cents:
            raise Refused("INSUFFICIENT_BALANCE")
        self.move(self.lot(ROOT, lot), Key(ROOT, "CREDIT_SOURCE", lot), cents)

    def allocate(self, *, target: str, kind: str, cents: int) -> None:
        self._refuse_advisory(target)
        if target in self.closing:
            raise Refused("ACCOUNT_CLOSING")
        self._give(GIVERS[target], target, kind, cents)

    def reclaim(self, *, target: str, kind: str, cents: int) -> None:
        self._refuse_advisory(target)
        self._give(target, GIVERS[target], kind, cents)

    def _refuse_advisory(self, target: str) -> None:
        if target == ADVISORY:
            raise Refused("ADVISORY_NOT_ADJUSTABLE")

    def _give(self, giver: str, taker: str, kind: str, cents: int) -> None:
        if kind == "CASH":
            if self.available(self.cash(giver)) < cents:
                raise Refused("INSUFFICIENT_BALANCE")
            self.move(self.cash(giver), self.cash(taker), cents)
            return
        good = self.good_lots(giver)
        self._refuse_short_credit(giver, good, cents)
        # One lot that has it all, or else the first ones.
        enough = [key for key in good if self.available(key) >= cents]
        for key in enough[:1] or good:
            part = min(cents, self.available(key))
            self.move(key, self.lot(taker, key.lot), part)
            cents -= part

    def _refuse_short_credit(self, giver: str, good: Sequence[Key], cents: int) -> None:
        available = sum(map(self.available, good))
        everything = sum(self.available(self.lot(giver, lot)) for lot in LOTS)
        if cents > available:
            raise Refused("CREDIT_EXPIRED" if cents <= everything else "INSUFFICIENT_BALANCE")

    def expire_credit(self) -> None:
        """Take what is left of lots that have expired, but for what is set aside."""
        holders = (ROOT, RESELLER, *CUSTOMERS)
        for lot in filter(self.has_expired, LOTS):
            for key in (self.lot(holder, lot) for holder in holders):
                self.move(key, Key(ROOT, "CREDIT_SOURCE", lot), self.available(key))
