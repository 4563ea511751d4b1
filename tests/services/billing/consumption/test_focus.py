"""Lines of FOCUS files as charges."""

import csv
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.billing.consumption.charges import BillType, ChargingMode
from services.billing.consumption.focus import FocusReader
from tests.builders.consumption import (
    NOW,
    SAMPLE,
    a_charge,
    a_file,
    a_flaw,
    a_row,
    read_file,
)


def test_the_sample_is_taken_whole() -> None:
    expected: dict[str, Decimal] = defaultdict(Decimal)
    with SAMPLE.open(newline="") as file:
        for row in csv.DictReader(file):
            expected[row["SubAccountId"]] += Decimal(row["BilledCost"])

    charges, flaws = read_file(SAMPLE.read_bytes())

    assert not flaws
    found: dict[str, Decimal] = defaultdict(Decimal)
    for charge in charges:
        found[charge.sub_account_id] += charge.amounts.payable_amount
    assert found == expected
    assert len(found) == 73
    assert sum(found.values()) == Decimal("20.52022672899")
    assert Counter(charge.billing_cycle for charge in charges) == {
        date(2024, 9, 1): 999,
        date(2024, 10, 1): 1,
    }


def test_an_ordinary_line_is_understood() -> None:
    charge = a_charge(
        ResourceId="i-1",
        ResourceType="instance",
        RegionId="cn-north-4",
        SkuId="S1",
        Tags='{"team": "blue"}',
        ConsumedQuantity="2.50",
        ConsumedUnit="Hours",
    )

    assert charge.account == ("cloud", "4711")
    assert charge.service_type_code == "elastic-cloud-server"
    assert charge.resource_type_code == "instance"
    assert charge.consume_time == datetime(2024, 9, 10, 8, tzinfo=UTC)
    assert charge.usage_amount == Decimal("2.5")
    assert charge.resource_tag == '{"team": "blue"}'
    assert (charge.bill_type, charge.charging_mode) == (BillType.USAGE, ChargingMode.PAY_PER_USE)


@pytest.mark.parametrize("null", ["", "NULL", "  ", " NULL "])
def test_null_is_nothing_however_it_is_written(null: str) -> None:
    charge = a_charge(ListCost=null, ResourceId=null, SubAccountName=null, BillingPeriodStart=null)

    assert charge.amounts.list_amount == charge.amounts.payable_amount == Decimal("1.5")
    assert charge.cloud_resource_id is None
    assert charge.sub_account_name is None
    assert charge.billing_cycle == date(2024, 9, 1)


@pytest.mark.parametrize(
    ("start", "cycle"),
    [
        ("2024-09-01 00:00:00", date(2024, 9, 1)),
        ("2024-08-31T16:00:00Z", date(2024, 9, 1)),
        ("2024-10-01", date(2024, 10, 1)),
    ],
)
def test_the_cycle_is_the_month_of_the_billing_period_at_the_site(start: str, cycle: date) -> None:
    assert a_charge(BillingPeriodStart=start).billing_cycle == cycle


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"SubAccountId": ""}, "SubAccountId", "is missing"),
        ({"SubAccountId": "x" * 129}, "SubAccountId", "more than 128 characters"),
        ({"BilledCost": "NULL"}, "BilledCost", "is missing"),
        ({"BilledCost": "free"}, "BilledCost", "is no decimal"),
        ({"BillingCurrency": ""}, "BillingCurrency", "is missing"),
        ({"BillingCurrency": "dollars"}, "BillingCurrency", "is no ISO 4217 code"),
        ({"ChargePeriodStart": ""}, "ChargePeriodStart", "is missing"),
        ({"ChargePeriodEnd": "2024-09-01"}, "ChargePeriodEnd", "is before ChargePeriodStart"),
        ({"ChargeCategory": "Gift"}, "ChargeCategory", "is no category of FOCUS"),
        ({"ChargeCategory": ""}, "ChargeCategory", "is missing"),
        ({"ProviderName": ""}, "ProviderName", "is missing"),
        ({"ServiceName": ""}, "ServiceName", "is missing"),
        ({"ServiceName": "x" * 2049}, "ServiceName", "more than 2048 characters"),
        ({"BillingPeriodStart": "2099-01-01"}, "BillingPeriodStart", "is not between"),
        ({"BillingPeriodStart": "2001-01-01"}, "BillingPeriodStart", "is not between"),
        ({"x_CashAmount": "1"}, "x_CashAmount", "do not add up"),
        ({"x_AssociationType": "3"}, "x_AssociationType", "is none of ADVISORY, RESALE"),
    ],
)
def test_a_line_that_can_not_be_taken_says_where_and_why(
    cells: dict[str, str], column: str, reason: str
) -> None:
    flaw = a_flaw(**cells)

    assert (flaw.line, flaw.column) == (2, column)
    assert reason in flaw.reason


def test_a_broken_line_does_not_keep_others_out() -> None:
    good = a_file(a_row(), a_row(BilledCost="2"), a_row(BilledCost="3")).decode().splitlines()
    good[2] = good[2] + ",one,cell,too,many"

    charges, flaws = read_file("\r\n".join(good).encode())

    assert [charge.line for charge in charges] == [2, 4]
    assert [flaw.line for flaw in flaws] == [3]


def test_equal_lines_of_one_file_are_told_apart() -> None:
    charges, _ = read_file(a_file(a_row(), a_row(BilledCost="1.50"), a_row(BilledCost="2")))

    assert [charge.occurrence for charge in charges] == [0, 1, 0]
    assert charges[0].digest == charges[1].digest


def test_what_was_tolerated_is_noted() -> None:
    reader = FocusReader(now=NOW)
    data = a_file(a_row(ConsumedQuantity="0.1234567890123456", Tags="team=blue", Id="7"))

    rows = list(reader.feed(data, is_last=True))

    assert rows[0].resource_tag is None
    assert reader.notes == [
        "column Id is not known and was passed over",
        "1 quantities were rounded to 15 decimals",
        "Tags of 1 rows are no JSON object and were passed over",
    ]
