"""Which top-ups go back which way, and of which a withdrawal is made."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_

from services.billing.top_ups.model import Channel, TopUp
from services.billing.withdrawals.model import FlowExpired, WithdrawableExceeded, WithdrawalKind
from services.billing.withdrawals.terms import FLOWS_MAX, shown
from services.kit import ids
from services.kit.config import SettingsRefused
from services.kit.money import Money

# For how many months a channel takes money back (domain.md 6.4).
MONTHS: Final[Mapping[str, int]] = {
    Channel.ALIPAY: 11,
    Channel.WECHAT: 11,
    Channel.UNIONPAY: 3,
    Channel.ONLINE_BANK: 3,
    Channel.WALLET: 6,
}
_MONTHS_OF_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Part:
    """What a withdrawal takes of a top-up."""

    top_up: TopUp
    amount: Money


@dataclass(frozen=True, slots=True)
class ChannelWindows:
    """For how long each online channel takes money back; remittances go back at any age."""

    months: Mapping[str, int]

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read "ALIPAY=3 UNIONPAY=2"; the other channels keep their windows.

        :raises SettingsRefused:
        """
        months = dict(MONTHS)
        for item in text.split():
            channel, _, number = item.partition("=")
            if channel not in MONTHS or not number.isascii() or not number.isdigit():
                raise SettingsRefused(f"BILLING_CHANNEL_WINDOWS: {item!r} is no window")
            months[channel] = int(number)
        return cls(months)

    def admit(self, top_up: TopUp, kind: str, *, now: datetime) -> bool:
        """Tell whether a top-up may be a part of a withdrawal of a kind."""
        if top_up.channel == Channel.BANK_TRANSFER:
            return kind == WithdrawalKind.ORIGINAL_ROUTE
        months = self.months.get(top_up.channel)
        if months is None:
            return False
        is_within = top_up.pay_time >= months_before(now, months)
        return kind == (WithdrawalKind.ORIGINAL_ROUTE if is_within else WithdrawalKind.BANK_CARD)

    def condition(self, kind: str, *, now: datetime) -> ColumnElement[bool]:
        """Say in SQL what `admit` tells."""
        windows: list[Any] = []
        for channel, months in self.months.items():
            since = months_before(now, months)
            is_within = TopUp.pay_time >= since
            wanted = is_within if kind == WithdrawalKind.ORIGINAL_ROUTE else TopUp.pay_time < since
            windows.append(and_(TopUp.channel == channel, wanted))
        if kind == WithdrawalKind.ORIGINAL_ROUTE:
            windows.append(TopUp.channel == Channel.BANK_TRANSFER)
        return or_(false(), *windows)


def months_before(now: datetime, months: int) -> datetime:
    """Go back by calendar months; a day that a month has not becomes its last."""
    index = now.year * _MONTHS_OF_YEAR + now.month - 1 - months
    year, month = divmod(index, _MONTHS_OF_YEAR)
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)


def choose(top_ups: Sequence[TopUp], *, amount: Money, ids_in_order: Sequence[UUID]) -> list[Part]:
    """Take parts of top-ups until the amount is reached: as named, or the last paid in first.

    :raises FlowExpired: where one is named that is not among them.
    :raises WithdrawableExceeded: where they do not suffice.
    """
    known = {top_up.id: top_up for top_up in top_ups}
    for one in ids_in_order:
        if one not in known:
            raise FlowExpired("the top-up can not go this way", top_up_id=ids.to_text("tup", one))
    wanted = [known[one] for one in ids_in_order] or list(top_ups)
    parts, rest = [], amount
    for top_up in wanted[:FLOWS_MAX]:
        part = min(rest, top_up.unreturned)
        parts.append(Part(top_up, part))
        rest -= part
        if not rest.amount:
            return parts
    raise WithdrawableExceeded(
        f"these, and never more than {FLOWS_MAX}, do not suffice",
        available=shown(amount - rest),
        required=shown(amount),
    )
