"""The columns of FOCUS 1.0 to 1.4 and our own: which must be there, are read, or passed over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import orjson

from services.billing.consumption.csv_records import FileNotReadable, Record
from services.billing.consumption.focus_values import canonical_decimal, canonical_moment, shown

COLUMNS_MAX: Final = 1000
UNKNOWN_SHOWN_MAX: Final = 20

# One column of each line must be in the file.
MANDATORY: Final = (
    ("BilledCost",),
    ("BillingCurrency",),
    ("ChargeCategory",),
    ("ChargePeriodStart",),
    ("ProviderName", "ServiceProviderName", "HostProviderName"),
    ("ServiceName", "x_ServiceTypeCode"),
    ("SubAccountId",),
)


def _text(cell: str) -> str:
    return cell


# What makes a line the same line in another file, and the form in which it is compared. This is
# version 1 and frozen: with another list, files imported before would be taken for new.
IDENTITY: Final[Sequence[tuple[str, Callable[[str], str]]]] = (
    ("BillingAccountId", _text),
    ("SubAccountId", _text),
    ("ProviderName", str.lower),
    ("ServiceProviderName", str.lower),
    ("BillingPeriodStart", canonical_moment),
    ("ChargePeriodStart", canonical_moment),
    ("ChargePeriodEnd", canonical_moment),
    ("ChargeCategory", str.lower),
    ("ChargeClass", str.lower),
    ("ChargeFrequency", str.lower),
    ("ChargeDescription", _text),
    ("BillingCurrency", str.upper),
    ("BilledCost", canonical_decimal),
    ("ListCost", canonical_decimal),
    ("ContractedCost", canonical_decimal),
    ("EffectiveCost", canonical_decimal),
    ("ConsumedQuantity", canonical_decimal),
    ("ConsumedUnit", _text),
    ("PricingQuantity", canonical_decimal),
    ("PricingUnit", _text),
    ("PricingCategory", str.lower),
    ("CommitmentDiscountId", _text),
    ("CommitmentDiscountStatus", str.lower),
    ("ServiceName", _text),
    ("SkuId", _text),
    ("SkuPriceId", _text),
    ("ResourceId", _text),
    ("RegionId", _text),
    ("AvailabilityZone", _text),
    ("InvoiceId", _text),
    ("Tags", _text),
    ("x_BillType", str.upper),
    ("x_TradeId", _text),
    ("x_CashAmount", canonical_decimal),
    ("x_CreditAmount", canonical_decimal),
    ("x_VoucherAmount", canonical_decimal),
    ("x_CashCouponAmount", canonical_decimal),
    ("x_StoredCardAmount", canonical_decimal),
    ("x_DebtAmount", canonical_decimal),
    ("x_WriteoffAmount", canonical_decimal),
)

# Read beside those above.
READ: Final = frozenset(
    {name for name, _ in IDENTITY}
    | {name for names in MANDATORY for name in names}
    | {
        "CommitmentDiscountType",
        "RegionName",
        "ResourceName",
        "ResourceType",
        "SkuMeter",
        "SubAccountName",
        "x_AssociationType",
        "x_ChargingMode",
        "x_EnterpriseProjectId",
        "x_FreeResourceUsage",
        "x_PaymentType",
        "x_PeriodCount",
        "x_PeriodType",
        "x_ProductName",
        "x_ProductSpecDesc",
        "x_ReservedInstanceUsage",
        "x_ResourceTypeCode",
        "x_ServiceTypeCode",
        "x_TradeTime",
        "x_UsageType",
    }
)

# Columns of FOCUS that say nothing a detail holds; their presence is worth no note.
PASSED_OVER: Final = frozenset(
    {
        "AllocatedMethodDetails",
        "AllocatedMethodId",
        "AllocatedResourceId",
        "AllocatedResourceName",
        "AllocatedTags",
        "BillingAccountName",
        "BillingAccountType",
        "BillingPeriodEnd",
        "CapacityReservationId",
        "CapacityReservationStatus",
        "CommitmentDiscountCategory",
        "CommitmentDiscountName",
        "CommitmentDiscountQuantity",
        "CommitmentDiscountUnit",
        "CommitmentProgramEligibilityDetails",
        "ContractApplied",
        "ContractedUnitPrice",
        "InvoiceDetailId",
        "InvoiceIssuerName",
        "ListUnitPrice",
        "PricingCurrency",
        "PricingCurrencyContractedUnitPrice",
        "PricingCurrencyEffectiveCost",
        "PricingCurrencyListUnitPrice",
        "PublisherName",
        "ServiceCategory",
        "ServiceSubcategory",
        "SkuPriceDetails",
        "SubAccountType",
    }
)

_BY_LOWER: Final = {name.lower(): name for name in READ | PASSED_OVER}


@dataclass(frozen=True)
class Header:
    """Where the columns that are read stand in the file."""

    places: list[tuple[str, int]]
    notes: list[str]

    def values(self, cells: Sequence[str]) -> dict[str, str]:
        """Give the cells that hold something, by the names of their columns."""
        values = {}
        for name, place in self.places:
            text = cells[place].strip()
            # Some writers spell null out.
            if text and text != "NULL":
                values[name] = text
        return values


def read_header(record: Record) -> Header:
    """Understand the first record of a file.

    :raises FileNotReadable: where it is no header of FOCUS.
    """
    if record.flaw:
        raise FileNotReadable(f"line {record.line}, the header, {record.flaw}")
    if len(record.cells) > COLUMNS_MAX:
        raise FileNotReadable(f"the header has over {COLUMNS_MAX} columns")
    places: dict[str, int] = {}
    unknown: list[str] = []
    for place, cell in enumerate(record.cells):
        name = _BY_LOWER.get(cell.strip().lower())
        if name is None:
            unknown.append(cell.strip())
        elif name in places:
            raise FileNotReadable(f"column {name} is there twice")
        elif name in READ:
            places[name] = place
    missing = [" or ".join(names) for names in MANDATORY if not places.keys() & set(names)]
    if missing:
        raise FileNotReadable(f"mandatory columns are missing: {', '.join(missing)}")
    return Header(list(places.items()), list(_notes_on(unknown)))


def _notes_on(unknown: Sequence[str]) -> list[str]:
    notes = [
        f"column {shown(name)[1:-1] or '(without a name)'} is not known and was passed over"
        for name in unknown[:UNKNOWN_SHOWN_MAX]
    ]
    if len(unknown) > UNKNOWN_SHOWN_MAX:
        more = len(unknown) - UNKNOWN_SHOWN_MAX
        notes.append(f"{more} more columns are not known and were passed over")
    return notes


def digest(values: Mapping[str, str]) -> bytes:
    """Hash what makes a line the same line again: equal for 0.10 and 0.1, and for any zone."""
    compared = [
        None if (text := values.get(name)) is None else canonical(text)
        for name, canonical in IDENTITY
    ]
    return sha256(orjson.dumps(compared)).digest()
