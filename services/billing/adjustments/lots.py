"""Out of which of a holder's accounts an amount is taken, the earliest to expire first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self

from services.billing.adjustments.model import CreditExpired
from services.billing.days import day_at
from services.billing.ledger.chart import Unit
from services.billing.ledger.model import Account, InsufficientBalance
from services.kit.money import Money, decimal_text


@dataclass(frozen=True, slots=True)
class Lot:
    """An account of cash or of credit, and how much can be taken out of it."""

    account: Account
    amount: Money

    @classmethod
    def of(cls, account: Account) -> Self:
        """Take all that an account holds and nothing sets aside."""
        return cls(account, account.available)

    @property
    def unit(self) -> Unit:
        return Unit.parse(self.account.unit)

    def has_expired(self, today: date) -> bool:
        last = self.unit.expire_date
        return last is not None and last < today


class Lots:
    """A holder's lots of one kind and currency, from which amounts are taken one by one."""

    def __init__(self, accounts: Iterable[Account], *, currency_code: str, now: datetime) -> None:
        today = day_at(now)
        # Days are digits, and digits stand before "NEVER".
        lots = [Lot.of(one) for one in sorted(accounts, key=lambda account: account.unit)]
        self._nothing = Unit.cash(currency_code).money(0)
        self._left = [lot for lot in lots if not lot.has_expired(today)]
        self._expired = [lot for lot in lots if lot.has_expired(today)]

    def refuse_short(self, required: Money) -> None:
        """Let an amount be there, and not have expired.

        :raises InsufficientBalance, CreditExpired:
        """
        available, expired = (
            sum((lot.amount for lot in lots), self._nothing) for lots in (self._left, self._expired)
        )
        if required <= available:
            return
        if required <= available + expired:
            last = self._expired[-1].unit.expire_date
            raise CreditExpired("the credit has expired", expire_date=str(last))
        raise InsufficientBalance(
            "the account is short",
            available=decimal_text(available.amount),
            required=decimal_text(required.amount),
        )

    def take(self, amount: Money) -> Sequence[Lot]:
        """Take an amount that is there out of the first lot that has it, or else out of several."""
        enough = next((lot for lot in self._left if amount <= lot.amount), None)
        taken = [replace(enough, amount=amount)] if enough else self._first(amount)
        by_account = {lot.account.id: lot.amount for lot in taken}
        self._left = [
            replace(lot, amount=lot.amount - by_account.get(lot.account.id, self._nothing))
            for lot in self._left
        ]
        return taken

    def _first(self, amount: Money) -> list[Lot]:
        taken = []
        for lot in self._left:
            part = min(amount, lot.amount)
            if part > self._nothing:
                taken.append(replace(lot, amount=part))
                amount -= part
        return taken
