"""What billing should answer to any sequence of its operations, said in the plainest way.

One step at a time, with whole numbers of cents and no database: what is done, what is refused and
why, and what is in every account then. It knows the rules of domain.md, and no code of billing.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.builders.money_books import LOTS, OWNERS, ROOT, Balances, Key, Refused
from tests.builders.money_orders import Orders

PAYOUT = Key(ROOT, "PAYOUT_CLEARING")
OPEN = ("SUBMITTED", "APPROVED", "PAYING")
STEPS = ("CLOSED", "VOUCHERS_RECLAIMED", "BALANCES_RETURNED")
DONE = "DONE"


@dataclass(slots=True)
class Flow:
    """What of a top-up goes back."""

    top_up: list[int]
    cents: int
    state: str = "HELD"
    asked_time: datetime | None = None


@dataclass(slots=True)
class Leaving:
    """How far a customer's closing is."""

    fence: int = 0
    state: str = ""


@dataclass
class MoneyOracle(Orders):
    """All of it: withdrawals, closings and time on top of what customers pay."""

    withdrawals: list[tuple[list[str], list[Flow]]] = field(default_factory=list)
    leaving: dict[str, Leaving] = field(default_factory=dict)

    def do(self, step: str, **said: object) -> tuple[str, Balances]:
        """Take a step; give what comes of it, and what everybody has then."""
        try:
            getattr(self, step)(**said)
        except Refused as refused:
            return refused.reason, self.balances
        return DONE, self.balances

    def wait(self, *, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def run_jobs(self) -> None:
        self.expire_holds()
        self.expire_credit()
        self.settle_coupons()
        self.repay()

    def withdraw(self, *, cents: int) -> None:
        """Ask for cash back the way it came, the last paid in first."""
        if any(state[0] in OPEN for state, _ in self.withdrawals):
            raise Refused("WITHDRAWAL_OPEN")
        returnable = sum(paid - returned for paid, returned in self.top_ups)
        if cents > min(returnable, self.available(self.cash(ROOT))):
            raise Refused("WITHDRAWABLE_EXCEEDED")
        flows = []
        for top_up in reversed(self.top_ups):
            part = min(cents, top_up[0] - top_up[1])
            if part:
                top_up[1] += part
                cents -= part
                flows.append(Flow(top_up, part))
                self.hold(self.cash(ROOT), PAYOUT, part)
        self.withdrawals.append((["SUBMITTED"], flows))

    def cancel_withdrawal(self, *, which: int) -> None:
        self._decide(which, "CANCELLED")

    def reject_withdrawal(self, *, which: int) -> None:
        self._decide(which, "REJECTED")

    def approve_withdrawal(self, *, which: int) -> None:
        self._decide(which, "APPROVED")

    def _decide(self, which: int, decision: str) -> None:
        state, flows = self.withdrawals[which]
        if state[0] != "SUBMITTED":
            raise Refused("WITHDRAWAL_STATE_CONFLICT")
        state[0] = decision
        if decision != "APPROVED":
            for flow in flows:
                self._end(flow, "RELEASED")

    def pay_out(self, *, seed: int) -> None:
        """Send what was approved, and hear of each part: paid, failed, or nothing yet."""
        for state, flows in self.withdrawals:
            if state[0] not in {"APPROVED", "PAYING"}:
                continue
            for flow in flows:
                if flow.state in {"HELD", "PAYING"} and flow.asked_time != self.now:
                    state[0], flow.state, flow.asked_time = "PAYING", "PAYING", self.now
                    answer = answer_about(flow.cents, seed)
                    if answer:
                        self._end(flow, answer)
            if not any(flow.state in {"HELD", "PAYING"} for flow in flows):
                state[0] = "FINISHED"

    def _end(self, flow: Flow, state: str) -> None:
        flow.state = state
        self.let_go(self.cash(ROOT), PAYOUT, flow.cents)
        if state == "PAID":
            self.move(self.cash(ROOT), PAYOUT, flow.cents)
        else:
            flow.top_up[1] -= flow.cents

    def close(self, *, customer: str, fence: int) -> None:
        """Let nothing more be given to a customer, and cancel what waits for its payment."""
        closing = self.leaving.setdefault(customer, Leaving())
        if self._is_known(closing, fence):
            if closing.state == "REOPENED":
                raise Refused("CLOSING_OUT_OF_ORDER")
        else:
            closing.fence, closing.state = fence, "CLOSED"
        self.closing.add(customer)
        for order in self.orders:
            is_theirs = (order.customer, order.payer) == (customer, "CUSTOMER")
            if is_theirs and order.state_at(self.now) == "HELD":
                self.release(order)
                order.state = "CANCELLED"

    def take_vouchers(self, *, customer: str, fence: int) -> None:
        closing = self._next(customer, fence, "VOUCHERS_RECLAIMED")
        if closing is None:
            return
        filled = [
            one
            for one in self.vouchers
            if one.customer == customer
            and not one.is_reclaimed
            and one.expire_time > self.now
            and self.account(one.key).posted
        ]
        if any(self.account(one.key).held for one in filled):
            raise Refused("ADJUSTMENT_IN_PROGRESS")
        for one in filled:
            self.take_back(one)
        closing.state = "VOUCHERS_RECLAIMED"

    def return_balances(self, *, customer: str, fence: int) -> None:
        closing = self._next(customer, fence, "BALANCES_RETURNED")
        if closing is None:
            return
        partner = OWNERS[customer]
        ways = {self.cash(customer): self.cash(partner)}
        ways |= {self.lot(customer, lot): self.lot(partner, lot) for lot in LOTS}
        if any(self.account(own).held for own in ways):
            raise Refused("ADJUSTMENT_IN_PROGRESS")
        for own, goal in ways.items():
            self.move(own, goal, self.available(own))
        closing.state = "BALANCES_RETURNED"

    def reopen(self, *, customer: str, fence: int) -> None:
        closing = self._closing(customer)
        if self._is_known(closing, fence) and closing.state == "BALANCES_RETURNED":
            raise Refused("CLOSING_OUT_OF_ORDER")
        closing.fence, closing.state = fence, "REOPENED"
        self.closing.discard(customer)

    def _closing(self, customer: str) -> Leaving:
        if customer not in self.leaving:
            raise Refused("NOT_FOUND")
        return self.leaving[customer]

    def _is_known(self, closing: Leaving, fence: int) -> bool:
        if fence < closing.fence:
            raise Refused("FENCE_OUTDATED")
        return fence == closing.fence

    def _next(self, customer: str, fence: int, step: str) -> Leaving | None:
        """Give a closing whose next step this is; None where it was taken already."""
        closing = self._closing(customer)
        reached = STEPS.index(closing.state) if closing.state in STEPS else -1
        if self._is_known(closing, fence) and reached >= STEPS.index(step):
            return None
        if fence != closing.fence or reached != STEPS.index(step) - 1:
            raise Refused("CLOSING_OUT_OF_ORDER")
        return closing


def answer_about(cents: int, seed: int) -> str:
    """Say what the provider of payments says of an amount."""
    return ("PAID", "FAILED", "")[(cents + seed) % 3]
