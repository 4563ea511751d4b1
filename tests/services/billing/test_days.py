"""Calendar days at the site, eight hours ahead of UTC."""

from datetime import UTC, date, datetime

from services.billing.days import day_at, start_of_day


def test_a_day_begins_at_the_site_and_not_in_greenwich() -> None:
    assert day_at(datetime(2026, 11, 28, 15, 59, 59, tzinfo=UTC)) == date(2026, 11, 28)
    assert day_at(datetime(2026, 11, 28, 16, tzinfo=UTC)) == date(2026, 11, 29)
    assert start_of_day(date(2026, 11, 29)) == datetime(2026, 11, 28, 16, tzinfo=UTC)
