"""What comes back of lines that were paid for, and by which legs; pure counting (domain.md 4.2)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.billing.payments.deduction import Source
from services.billing.payments.model import Payment, RefundExceedsPayment
from services.billing.payments.orders import money_of, shares
from services.kit.errors import InvalidArgument
from services.kit.money import decimal_text


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLine:
    """What of a line is given back."""

    line_number: int
    # None: all that is left.
    units: int | None = None
    is_period_unstarted: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """What of a line comes back, by source, and what is gone for good."""

    line: dict[str, Any]
    parts: dict[str, int]
    forfeited: dict[str, int]

    @property
    def units(self) -> int:
        return sum((*self.parts.values(), *self.forfeited.values()))


def returned_lines(
    payment: Payment,
    asked: Sequence[RefundLine],
    *,
    returns_coupons: bool,
) -> list[Returned]:
    """Split what is asked back of each line over what paid it.

    :raises InvalidArgument, RefundExceedsPayment:
    """
    known = {line["line_number"]: line for line in payment.lines}
    if len({one.line_number for one in asked}) < len(asked):
        raise InvalidArgument("must each be another line", field="lines.line_number")
    found = []
    for one in asked:
        line = known.get(one.line_number)
        if line is None:
            raise InvalidArgument("names no line of the order", field="lines.line_number")
        returns_vouchers = returns_coupons or one.is_period_unstarted
        forfeited = () if returns_vouchers else (Source.VOUCHER,)
        found.append(_returned(line, one, payment.currency_code, forfeited=forfeited))
    if not any(one.units for one in found):
        raise RefundExceedsPayment("nothing is left to be refunded", available="0", required="0")
    return found


def _returned(
    line: dict[str, Any], asked: RefundLine, currency_code: str, *, forfeited: Collection[str]
) -> Returned:
    left = {
        source: units - line["refunded"].get(source, 0) for source, units in line["parts"].items()
    }
    available = sum(left.values())
    units = available if asked.units is None else asked.units
    if units > available:
        raise RefundExceedsPayment(
            "more than is left of the line",
            line_number=str(asked.line_number),
            available=decimal_text(money_of(available, currency_code).amount),
            required=decimal_text(money_of(units, currency_code).amount),
        )
    parts = dict(zip(left, shares(units, list(left.values())), strict=True))
    return Returned(
        line,
        {source: part for source, part in parts.items() if part and source not in forfeited},
        {source: part for source, part in parts.items() if part and source in forfeited},
    )


def undone_legs(payment: Payment, returned: Sequence[Returned]) -> list[dict[str, Any]]:
    """Give the order's legs that bring back what comes back, the last ones first."""
    wanted: Counter[str] = Counter()
    for one in returned:
        wanted.update(one.parts)
    undone = []
    for number, leg in reversed([*enumerate(payment.legs)]):
        units = min(wanted[leg["source"]], leg["units"] - leg.get("refunded", 0))
        if units:
            wanted[leg["source"]] -= units
            undone.append(leg | {"number": number, "units": units})
    return undone


def noted_lines(payment: Payment, returned: Sequence[Returned]) -> list[dict[str, Any]]:
    """Note on the order's lines what came back or is gone, so that it does so once."""
    by_number = {one.line["line_number"]: one for one in returned}
    lines = []
    for line in payment.lines:
        refunded = Counter(line["refunded"])
        if (one := by_number.get(line["line_number"])) is not None:
            refunded.update(one.parts)
            refunded.update(one.forfeited)
        lines.append(line | {"refunded": dict(refunded)})
    return lines


def noted_legs(payment: Payment, undone: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    refunded = {leg["number"]: leg["units"] for leg in undone}
    return [
        leg | {"refunded": leg.get("refunded", 0) + refunded.get(number, 0)}
        for number, leg in enumerate(payment.legs)
    ]
