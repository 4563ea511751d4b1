"""Billing cycles in the site's zone."""

from datetime import UTC, date, datetime

import pytest

from services.billing.consumption.cycles import (
    check_days,
    cycle_at,
    cycle_from_text,
    cycle_text,
    months_later,
)
from services.kit.errors import InvalidArgument


@pytest.mark.parametrize(
    ("moment", "cycle"),
    [
        (datetime(2024, 9, 1, tzinfo=UTC), date(2024, 9, 1)),
        (datetime(2024, 8, 31, 16, tzinfo=UTC), date(2024, 9, 1)),
        (datetime(2024, 8, 31, 15, 59, tzinfo=UTC), date(2024, 8, 1)),
        (datetime(2024, 12, 31, 16, tzinfo=UTC), date(2025, 1, 1)),
    ],
)
def test_a_moment_lies_in_the_month_it_is_at_the_site(moment: datetime, cycle: date) -> None:
    assert cycle_at(moment) == cycle


def test_a_cycle_is_written_as_it_is_read() -> None:
    assert cycle_text(cycle_from_text("2024-09", field="billing_cycle")) == "2024-09"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024",
        "2024-9",
        "2024-13",
        "2024-00",
        "2024-09-01",
        "24-09",
        "\uff12024-09",
        "1999-01",
        "0000-01",
        "9999-12",
    ],
)
def test_a_text_that_is_no_month_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        cycle_from_text(text, field="filter.billing_cycle")

    assert refusal.value.field == "filter.billing_cycle"


@pytest.mark.parametrize("text", ["2006-01", "2100-12"])
def test_days_and_months_can_be_counted_from_each_cycle_that_is_read(text: str) -> None:
    cycle = cycle_from_text(text, field="billing_cycle")

    check_days(cycle, cycle, None, field="filter")
    assert months_later(months_later(cycle, 18), -18) == cycle


def test_months_are_counted_over_the_turn_of_the_year() -> None:
    assert months_later(date(2024, 11, 1), 3) == date(2025, 2, 1)
    assert months_later(date(2024, 2, 1), -3) == date(2023, 11, 1)


@pytest.mark.parametrize(
    ("first", "end", "field"),
    [
        (date(2024, 8, 31), None, "filter.consume_date_from"),
        (date(2024, 10, 1), None, "filter.consume_date_from"),
        (None, date(2024, 9, 1), "filter.consume_date_to"),
        (None, date(2024, 10, 2), "filter.consume_date_to"),
        (date(2024, 9, 10), date(2024, 9, 10), "filter.consume_date_to"),
        (date(2024, 9, 10), date(2024, 9, 9), "filter.consume_date_to"),
    ],
)
def test_days_outside_the_cycle_or_reversed_are_refused(
    first: date | None, end: date | None, field: str
) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        check_days(date(2024, 9, 1), first, end, field="filter")

    assert refusal.value.field == field


def test_the_whole_cycle_is_a_range_of_its_days() -> None:
    check_days(date(2024, 9, 1), date(2024, 9, 1), date(2024, 10, 1), field="filter")
