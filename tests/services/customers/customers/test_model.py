"""The rules about customers that need no database."""

from datetime import UTC, datetime

import pytest

from services.customers.customers.model import (
    TAG_LENGTH_MAX,
    TAGS_MAX,
    Customer,
    check_cycle,
    check_tags,
    cycle_of,
    new_customer_value_at,
)
from services.kit.errors import InvalidArgument


@pytest.mark.parametrize(
    ("verification_status", "value", "expire_cycle", "shown"),
    [
        ("VERIFIED", "YES", "2024-12", "YES"),
        ("VERIFIED", "YES", None, "YES"),
        ("VERIFIED", "UNDETERMINED", "2025-01", "UNDETERMINED"),
        # Its last month is over at the site, though not yet in UTC.
        ("VERIFIED", "YES", "2024-11", "NO"),
        ("VERIFIED", None, "2024-11", None),
        ("IN_REVIEW", "YES", "2024-12", None),
        (None, "YES", "2024-12", None),
    ],
)
def test_a_new_customer_is_verified_and_new_for_its_months_only(
    verification_status: str | None, value: str | None, expire_cycle: str | None, shown: str | None
) -> None:
    now = datetime(2024, 11, 30, 16, tzinfo=UTC)

    at_that_time = new_customer_value_at(
        now, value=value, verification_status=verification_status, expire_cycle=expire_cycle
    )

    assert at_that_time == shown


def test_put_tags_keeps_each_once_and_in_order() -> None:
    customer = Customer(tags=["old"])

    customer.put_tags(["重点", "Gold", "重点"], field="customer.tags")

    assert customer.tags == ["重点", "Gold"]


@pytest.mark.parametrize(
    ("tags", "field"),
    [
        ([str(number) for number in range(TAGS_MAX + 1)], "tags"),
        (["good", ""], "tags[1]"),
        ([" blank"], "tags[0]"),
        (["x" * (TAG_LENGTH_MAX + 1)], "tags[0]"),
    ],
)
def test_check_tags_refuses_what_is_beyond_the_limits(tags: list[str], field: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_tags(tags, field="tags")

    assert refused.value.field == field


@pytest.mark.parametrize(
    "cycle",
    ["", "2024", "2024-13", "2024-00", "24-01", "2024-01-01", "２０２４-01"],  # noqa: RUF001 - digits that only look right
)
def test_check_cycle_refuses_what_is_no_month(cycle: str) -> None:
    with pytest.raises(InvalidArgument):
        check_cycle(cycle, field="billing_cycle")


@pytest.mark.parametrize(
    ("time", "cycle"),
    [
        (datetime(2024, 8, 31, 15, 59, 59, tzinfo=UTC), "2024-08"),
        (datetime(2024, 8, 31, 16, 0, 0, tzinfo=UTC), "2024-09"),
        (datetime(2024, 12, 31, 16, 0, 0, tzinfo=UTC), "2025-01"),
    ],
)
def test_a_billing_cycle_begins_at_midnight_in_the_sites_zone(time: datetime, cycle: str) -> None:
    assert cycle_of(time) == cycle
