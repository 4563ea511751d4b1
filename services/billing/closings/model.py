"""The closing, its steps and their order."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NoReturn
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.tables import BillingTable
from services.kit.errors import Refusal


class ClosingState(StrEnum):
    CLOSED = "CLOSED"
    VOUCHERS_RECLAIMED = "VOUCHERS_RECLAIMED"
    BALANCES_RETURNED = "BALANCES_RETURNED"
    REOPENED = "REOPENED"


STEPS: Final[Sequence[str]] = (
    ClosingState.CLOSED,
    ClosingState.VOUCHERS_RECLAIMED,
    ClosingState.BALANCES_RETURNED,
)


class FenceOutdated(Refusal):
    pass


class ClosingOutOfOrder(Refusal):
    pass


class Closing(BillingTable):
    """How far the closing of a customer's accounts is."""

    __tablename__ = "closings"
    __table_args__ = (
        CheckConstraint(
            "state IN ('CLOSED', 'VOUCHERS_RECLAIMED', 'BALANCES_RETURNED', 'REOPENED')",
            name="state",
        ),
        CheckConstraint("fence > 0", name="fence"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID]
    # The number of the attempt.
    fence: Mapped[int]
    state: Mapped[str]
    reclaimed_voucher_count: Mapped[int]
    # The movement that returned the balances.
    transaction_id: Mapped[UUID | None]
    update_time: Mapped[datetime]

    def begin(self, *, partner_id: UUID, fence: int, now: datetime) -> None:
        """Begin an attempt; one that has begun goes on where it is.

        :raises FenceOutdated: where a later attempt is known.
        :raises ClosingOutOfOrder: where this attempt was cancelled.
        """
        if self._is_of_this_attempt(fence):
            if self.state == ClosingState.REOPENED:
                self._refuse_order()
            return
        self.partner_id, self.fence = partner_id, fence
        self.reclaimed_voucher_count, self.transaction_id = 0, None
        self._come_to(ClosingState.CLOSED, now=now)

    def is_done(self, step: ClosingState, *, fence: int) -> bool:
        """Tell whether this attempt took a step already; else it is the next one.

        :raises FenceOutdated: where a later attempt is known.
        :raises ClosingOutOfOrder: where it is not the next one.
        """
        reached = STEPS.index(self.state) if self.state in STEPS else -1
        wanted = STEPS.index(step)
        if self._is_of_this_attempt(fence) and reached >= wanted:
            return True
        if fence != self.fence or reached != wanted - 1:
            self._refuse_order()
        return False

    def note_reclaimed(self, voucher_count: int, *, now: datetime) -> None:
        self.reclaimed_voucher_count = voucher_count
        self._come_to(ClosingState.VOUCHERS_RECLAIMED, now=now)

    def note_returned(self, transaction_id: UUID | None, *, now: datetime) -> None:
        self.transaction_id = transaction_id
        self._come_to(ClosingState.BALANCES_RETURNED, now=now)

    def reopen(self, *, fence: int, now: datetime) -> None:
        """Cancel this attempt, or end an earlier one for a new association.

        :raises FenceOutdated: where a later attempt is known.
        :raises ClosingOutOfOrder: where this attempt has returned the balances.
        """
        is_same = self._is_of_this_attempt(fence)
        if is_same and self.state == ClosingState.BALANCES_RETURNED:
            self._refuse_order()
        self.fence = fence
        if self.state != ClosingState.REOPENED:
            self._come_to(ClosingState.REOPENED, now=now)

    def _is_of_this_attempt(self, fence: int) -> bool:
        if fence < self.fence:
            raise FenceOutdated("a later attempt is known", fence=str(self.fence))
        return fence == self.fence

    def _come_to(self, state: ClosingState, *, now: datetime) -> None:
        self.state, self.update_time = state, now

    def _refuse_order(self) -> NoReturn:
        raise ClosingOutOfOrder("this step does not follow on the state", state=self.state)
