"""Calendar days at the site: statements, expiry of credit and billing cycles go by them."""

from datetime import date, datetime, time, timedelta, timezone
from typing import Final

SITE_ZONE: Final = timezone(timedelta(hours=8), "GMT+08:00")


def day_at(moment: datetime) -> date:
    """Give the calendar day that it is at the site."""
    return moment.astimezone(SITE_ZONE).date()


def start_of_day(day: date) -> datetime:
    """Give the moment a calendar day begins at the site."""
    return datetime.combine(day, time(), tzinfo=SITE_ZONE)
