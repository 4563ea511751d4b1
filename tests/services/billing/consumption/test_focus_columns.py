"""Headers of FOCUS files: what must be there, what is passed over, what makes a line the same."""

import pytest

from services.billing.consumption.csv_records import FileNotReadable
from services.billing.consumption.focus import FocusReader
from services.billing.consumption.focus_columns import digest
from tests.builders.consumption import NOW, ORDINARY, a_file, a_row, read_file


@pytest.mark.parametrize(
    "column",
    [
        "BilledCost",
        "BillingCurrency",
        "ChargeCategory",
        "ChargePeriodStart",
        "ProviderName",
        "ServiceName",
        "SubAccountId",
    ],
)
def test_a_mandatory_column_that_is_missing_is_named(column: str) -> None:
    row = {name: text for name, text in ORDINARY.items() if name != column}

    with pytest.raises(FileNotReadable) as refusal:
        read_file(a_file(row))

    assert column in refusal.value.metadata["cause"]


def test_names_of_columns_are_known_in_any_case() -> None:
    row = {name.upper(): text for name, text in ORDINARY.items()}

    charges, flaws = read_file(a_file(row))

    assert len(charges) == 1
    assert not flaws


def test_the_provider_is_also_known_by_its_name_of_focus_1_3() -> None:
    row = {name: text for name, text in ORDINARY.items() if name != "ProviderName"}

    charges, _ = read_file(a_file(row | {"ServiceProviderName": "Huawei Cloud"}))

    assert charges[0].provider == "huawei cloud"


def test_columns_of_later_versions_are_passed_over_without_a_word() -> None:
    reader = FocusReader(now=NOW)
    newer = {"ServiceSubcategory": "x", "BillingAccountType": "y", "PricingCurrency": "USD"}

    assert len(list(reader.feed(a_file(a_row(**newer)), is_last=True))) == 1
    assert reader.notes == []


def test_two_hundred_columns_are_read_and_the_unknown_ones_noted() -> None:
    reader = FocusReader(now=NOW)
    unknown = {f"extra{number}": "x" for number in range(200 - len(ORDINARY))}

    rows = list(reader.feed(a_file(a_row(**unknown)), is_last=True))

    assert len(rows) == 1
    assert reader.notes[0] == "column extra0 is not known and was passed over"
    assert len(reader.notes) == 21
    assert "more columns" in reader.notes[-1]


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"BilledCost,BilledCost\n", "twice"),
        (b"hello world\n", "mandatory columns are missing"),
        (b"x," * 1000 + b"x\n", "over 1000 columns"),
        (b'"BilledCost\n', "header"),
        (b"%PDF-1.7 \0\n", "NUL"),
    ],
)
def test_a_file_without_a_header_is_not_readable_and_says_why(data: bytes, cause: str) -> None:
    with pytest.raises(FileNotReadable) as refusal:
        read_file(data)

    assert cause in refusal.value.metadata["cause"]


def test_the_digest_of_a_line_never_changes() -> None:
    """Files imported by an earlier version must be known to a later one."""
    expected = "640c971344c2a30720b10aecbe0a20d621349456106b96220a3fb2ff92874d82"

    assert digest(ORDINARY).hex() == expected


def test_the_digest_does_not_depend_on_the_form_of_cells() -> None:
    other = a_row(
        BilledCost="1.50",
        ListCost="2.0E0",
        BillingPeriodStart="2024-09-01T08:00:00+08:00",
        ChargeCategory="usage",
        ProviderName="CLOUD",
    )

    assert digest(other) == digest(ORDINARY)


@pytest.mark.parametrize("column", ["BilledCost", "SubAccountId", "ResourceId", "x_TradeId"])
def test_the_digest_tells_lines_apart(column: str) -> None:
    assert digest(a_row(**{column: "9"})) != digest(ORDINARY)
