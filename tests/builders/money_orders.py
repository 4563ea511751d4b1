"""Orders, refunds, usage and debts in plain Python (domain.md 4.2), for the oracle of money."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.builders.money_books import ADVISORY, CUSTOMERS, OWNERS, REVENUE, Key, Refused
from tests.builders.money_coupons import Coupons, Issued

USED = Key("distributor", "VQ_USED")
RETURN_PERIOD = timedelta(days=5)
RETURNS_A_YEAR = 10
# In this turn a cent that is left over is given back.
SOURCES = ("CASH", "CREDIT", "VOUCHER")


@dataclass(slots=True)
class Part:
    """An amount that goes from one account to another."""

    source: str
    debit: Key
    credit: Key
    cents: int
    refunded: int = 0
    voucher: Issued | None = None


@dataclass(slots=True)
class Paid:
    """An order that is held or paid."""

    customer: str
    payer: str
    number: str
    parts: list[Part]
    state: str
    # Of a hold.
    expire_time: datetime
    pay_time: datetime
    # By source, with what is gone for good.
    refunded: Counter[str] = field(default_factory=Counter)
    # Whether what was set aside went back.
    is_released: bool = False

    def state_at(self, now: datetime) -> str:
        return "EXPIRED" if self.state == "HELD" and self.expire_time <= now else self.state

    @property
    def left(self) -> list[int]:
        """Give what may still be given back, by source."""
        paid: Counter[str] = Counter()
        for part in self.parts:
            paid[part.source] += part.cents
        return [paid[source] - self.refunded[source] for source in SOURCES]


@dataclass
class Orders(Coupons):
    """Payments of orders in the order in which they came, and what usage came to."""

    orders: list[Paid] = field(default_factory=list)
    # By customer and month: what was rated, in hundredths of cents, and what was charged.
    usage: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    returns: list[tuple[str, int]] = field(default_factory=list)

    def pay(self, **said: Any) -> None:
        order = self._order(**said)
        self._take(order.parts)
        order.state = "PAID"
        self.orders.append(order)

    def hold_order(self, *, hours: int, **said: Any) -> None:
        order = self._order(**said)
        if order.payer == "CUSTOMER" and order.customer in self.closing:
            raise Refused("ACCOUNT_CLOSING")
        order.expire_time = self.now + timedelta(hours=hours)
        for part in order.parts:
            self.hold(part.debit, part.credit, part.cents)
        self.orders.append(order)

    def pay_held(self, *, which: int) -> None:
        order = self._held(which)
        self.release(order)
        self._take(order.parts)
        order.state, order.pay_time = "PAID", self.now

    def cancel(self, *, which: int) -> None:
        order = self._held(which)
        self.release(order)
        order.state = "CANCELLED"

    def release(self, order: Paid) -> None:
        for part in order.parts:
            self.let_go(part.debit, part.credit, part.cents)
        order.is_released = True

    def expire_holds(self) -> None:
        for order in self.orders:
            if order.state_at(self.now) == "EXPIRED" and not order.is_released:
                self.release(order)

    def refund(self, *, which: int, cents: int | None) -> None:
        """Give back a part of an order, or all that is left of it."""
        order = self.orders[which]
        if order.state_at(self.now) != "PAID":
            raise Refused("PAYMENT_STATE_CONFLICT")
        returns_coupons = cents is None and self._returns_coupons(order)
        asked = sum(order.left) if cents is None else cents
        if not asked or asked > sum(order.left):
            raise Refused("REFUND_EXCEEDS_PAYMENT")
        wanted = dict(zip(SOURCES, split(asked, order.left), strict=True))
        back = wanted if returns_coupons else wanted | {"VOUCHER": 0}
        is_theirs = order.payer == "CUSTOMER" and order.customer in self.closing
        if is_theirs and any(back.values()):
            raise Refused("ACCOUNT_CLOSING")
        order.refunded.update(wanted)
        if returns_coupons:
            self.returns.append((order.customer, self.today.year))
        for part in reversed(order.parts):
            self._give_back(part, min(back[part.source], part.cents - part.refunded), back)

    def use(self, *, customer: str, rated: int) -> None:
        """Charge usage, rated in hundredths of cents, after what is owed was repaid."""
        if customer == ADVISORY:
            raise Refused("ADVISORY_PAYS_ITSELF")
        self.repay()
        month = customer, f"{self.today:%Y-%m}"
        before, charged = self.usage.get(month, (0, 0))
        left = (before + rated) // 100 - charged
        self.usage[month] = before + rated, charged + left
        parts = [self._coupon_part(one) for one in self.usable(customer)]
        parts = self._up_to([*parts, *self._money(customer)], left)
        self._take(parts)
        self.move(Key(customer, "RECEIVABLE"), REVENUE, left - sum(part.cents for part in parts))

    def repay(self) -> None:
        """Let customers who owe something and have something pay it."""
        for customer in CUSTOMERS:
            owed = Key(customer, "RECEIVABLE")
            for part in self._up_to(self._money(customer), -self.account(owed).posted):
                if part.source == "CASH":
                    self.move(part.debit, owed, part.cents)
                else:
                    self.move(part.debit, part.credit, part.cents)
                    self.move(REVENUE, owed, part.cents)

    def _order(
        self, *, customer: str, payer: str, number: str, cents: int, voucher: int | None
    ) -> Paid:
        is_own = payer == "CUSTOMER"
        if voucher is not None and not is_own:
            raise Refused("INVALID_ARGUMENT")
        if is_own and customer == ADVISORY:
            raise Refused("ADVISORY_PAYS_ITSELF")
        chosen = [] if voucher is None else [self.vouchers[voucher]]
        if chosen and chosen[0] not in self.usable(customer):
            raise Refused("COUPON_NOT_USABLE")
        money = self._money(customer if is_own else OWNERS[customer])
        parts = self._up_to([*map(self._coupon_part, chosen), *money], cents)
        if sum(part.cents for part in parts) < cents:
            raise Refused("INSUFFICIENT_BALANCE")
        for known in self.orders:
            is_same = (known.customer, known.number) == (customer, number)
            if is_same and known.state_at(self.now) in {"HELD", "PAID"}:
                raise Refused("ORDER_ALREADY_PAID")
        return Paid(customer, payer, number, parts, "HELD", self.now, self.now)

    def _coupon_part(self, voucher: Issued) -> Part:
        left = self.available(voucher.key)
        return Part("VOUCHER", voucher.key, USED, left, voucher=voucher)

    def _money(self, holder: str) -> list[Part]:
        """Give what a holder can pay with besides coupons: cash, then credit."""
        cash = self.cash(holder)
        return [
            Part("CASH", cash, REVENUE, self.available(cash)),
            *(
                Part("CREDIT", key, self.used(holder, key.lot), self.available(key))
                for key in self.good_lots(holder)
            ),
        ]

    def _up_to(self, parts: list[Part], cents: int) -> list[Part]:
        """Take an amount out of these, the first ones first."""
        taken = []
        for part in parts:
            part.cents = min(part.cents, cents)
            cents -= part.cents
            if part.cents:
                taken.append(part)
        return taken

    def _take(self, parts: list[Part]) -> None:
        for part in parts:
            self.move(part.debit, part.credit, part.cents)

    def _held(self, which: int) -> Paid:
        order = self.orders[which]
        if order.state_at(self.now) != "HELD":
            raise Refused("PAYMENT_STATE_CONFLICT")
        return order

    def _returns_coupons(self, order: Paid) -> bool:
        is_early = self.now - order.pay_time <= RETURN_PERIOD
        returned = self.returns.count((order.customer, self.today.year))
        return not order.refunded.total() and is_early and returned < RETURNS_A_YEAR

    def _give_back(self, part: Part, cents: int, wanted: dict[str, int]) -> None:
        wanted[part.source] -= cents
        part.refunded += cents
        self.move(part.credit, part.debit, cents)
        if part.voucher is not None and cents:
            part.voucher.due_time = part.voucher.due_time or self.now


def split(cents: int, weights: list[int]) -> list[int]:
    """Split an amount by weights; the largest remainders get the cents that are left over."""
    whole = sum(weights)
    shares = [cents * weight // whole for weight in weights]
    by_rest = sorted(range(len(weights)), key=lambda one: -(cents * weights[one] % whole))
    for one in by_rest[: cents - sum(shares)]:
        shares[one] += 1
    return shares
