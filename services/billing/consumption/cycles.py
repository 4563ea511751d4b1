"""Billing cycles: calendar months in the site's zone, as first days inside and YYYY-MM outside."""

import re
from datetime import date, datetime
from typing import Final

from services.billing.days import day_at
from services.kit.errors import InvalidArgument

# Consumption before the first public cloud is a mistake in the file.
CYCLE_MIN: Final = date(2006, 1, 1)
# Behind this one nothing will be found, and months counted from it are still in the calendar.
CYCLE_MAX: Final = date(2100, 12, 1)
# Reservations are billed ahead, but not further than this.
MONTHS_AHEAD_MAX: Final = 12
_TEXT: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_MONTHS_OF_YEAR: Final = 12


def cycle_at(moment: datetime) -> date:
    """Give the first day of the cycle that the moment lies in."""
    return day_at(moment).replace(day=1)


def cycle_from_text(text: str, *, field: str) -> date:
    """Read a cycle as it is written outside.

    :raises InvalidArgument: where the text is no month, or one without cloud consumption.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise InvalidArgument("must be a month like 2024-09", field=field)
    year, month = int(match[1]), int(match[2])
    if not CYCLE_MIN.year <= year <= CYCLE_MAX.year:
        first, last = cycle_text(CYCLE_MIN), cycle_text(CYCLE_MAX)
        raise InvalidArgument(f"must be from {first} to {last}", field=field)
    return date(year, month, 1)


def cycle_text(cycle: date) -> str:
    return f"{cycle.year:04d}-{cycle.month:02d}"


def months_later(cycle: date, count: int) -> date:
    """Give the cycle so many months later; earlier where the count is negative."""
    number = month_number(cycle) + count
    return date(number // _MONTHS_OF_YEAR, number % _MONTHS_OF_YEAR + 1, 1)


def month_number(cycle: date) -> int:
    return cycle.year * _MONTHS_OF_YEAR + cycle.month - 1


def newest_cycle(now: datetime) -> date:
    """Give the last cycle that consumption can be billed in."""
    return months_later(cycle_at(now), MONTHS_AHEAD_MAX)


def check_days(cycle: date, first: date | None, end: date | None, *, field: str) -> None:
    """Accept a range of days inside a cycle; the end is not included.

    :raises InvalidArgument: where a day lies outside the cycle, or the range is reversed.
    """
    following = months_later(cycle, 1)
    if first is not None and not cycle <= first < following:
        raise InvalidArgument("must lie in the billing cycle", field=f"{field}.consume_date_from")
    if end is not None and not cycle < end <= following:
        raise InvalidArgument("must lie in the billing cycle", field=f"{field}.consume_date_to")
    if first is not None and end is not None and end <= first:
        raise InvalidArgument("must be after consume_date_from", field=f"{field}.consume_date_to")
