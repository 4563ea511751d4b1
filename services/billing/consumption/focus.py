"""Reads a FOCUS file into charges: each line understood, or reported with the reason why not.

How a line becomes a charge (domain.md 10.2 in reverse):

    BilledCost                         payable amount
    ListCost                           list amount; where there is none, the payable amount
    list - payable                     discount amount, negative where the list is below
    x_CashAmount, x_CreditAmount, …    how it was paid; the rest of the payable amount is cash
    BillingPeriodStart                 billing cycle: its month at the site (GMT+8);
                                       where there is none, ChargePeriodStart's
    ChargePeriodStart, …End            when it was consumed; without a zone, UTC
    ProviderName, SubAccountId         the customer's external platform, in lower case, and id
    ResourceId, ServiceName, SkuId     resource, service type, product
    x_BillType                         bill type by name or number; else see focus_kinds
    x_ChargingMode                     charging mode by name or number; else see focus_kinds
    x_AssociationType, x_TradeId, …    what FOCUS has no word for
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from services.billing.consumption import focus_kinds
from services.billing.consumption import focus_values as read
from services.billing.consumption.charges import Charge, Occurrences, PaymentType, PeriodType
from services.billing.consumption.csv_records import CsvRecords, FileNotReadable, Record
from services.billing.consumption.cycles import CYCLE_MIN, cycle_at, cycle_text, newest_cycle
from services.billing.consumption.focus_cells import Cells
from services.billing.consumption.focus_columns import Header, digest, read_header
from services.billing.consumption.focus_values import RowFlaw
from services.billing.links.model import AssociationType

# What customers keeps of an id.
ACCOUNT_LENGTH_MAX: Final = 128
TAGS_LENGTH_MAX: Final = 65_536


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A line that could not be taken."""

    line: int
    reason: str
    column: str | None = None


class FocusReader:
    """Takes a file's bytes as they come and gives its charges and its flaws."""

    def __init__(self, *, now: datetime) -> None:
        self.row_count = 0
        self._records = CsvRecords()
        self._header: Header | None = None
        self._occurrences = Occurrences()
        self._newest_cycle = newest_cycle(now)
        self._rounded_count = 0
        self._tags_count = 0

    def feed(self, data: bytes, *, is_last: bool = False) -> Iterator[Charge | SkippedRow]:
        """Give what these bytes complete.

        :raises FileNotReadable: where they can not be read on.
        """
        for record in self._records.feed(data, is_last=is_last):
            if self._header is None:
                self._header = read_header(record)
            else:
                self.row_count += 1
                yield self._row(record, self._header)
        if is_last and self._header is None:
            raise FileNotReadable("it is empty")

    @property
    def notes(self) -> list[str]:
        """Say what was tolerated so far."""
        notes = [] if self._header is None else list(self._header.notes)
        if self._rounded_count:
            decimals = read.DECIMALS_MAX
            notes.append(f"{self._rounded_count} quantities were rounded to {decimals} decimals")
        if self._tags_count:
            notes.append(f"Tags of {self._tags_count} rows are no JSON object and were passed over")
        return notes

    def _row(self, record: Record, header: Header) -> Charge | SkippedRow:
        if record.flaw:
            return SkippedRow(record.line, record.flaw)
        try:
            charge = self._charge(Cells(header.values(record.cells)), line=record.line)
        except RowFlaw as flaw:
            return SkippedRow(record.line, flaw.reason, flaw.column)
        charge.occurrence = self._occurrences.count(charge.digest)
        return charge

    def _charge(self, cells: Cells, *, line: int) -> Charge:
        amounts = focus_kinds.amounts(cells)
        mode = focus_kinds.charging_mode(cells)
        consume_time, consume_end_time = _consumed(cells)
        service_name, resource_type = cells.text("ServiceName"), cells.text("ResourceType")
        return Charge(
            line=line,
            digest=digest(cells.values),
            provider=cells.first("ProviderName", "ServiceProviderName", "HostProviderName").lower(),
            sub_account_id=cells.must("SubAccountId", length_max=ACCOUNT_LENGTH_MAX),
            sub_account_name=cells.text("SubAccountName"),
            currency_code=read.currency(cells.must("BillingCurrency"), column="BillingCurrency"),
            billing_cycle=self._billing_cycle(cells, consume_time),
            association_type=cells.named(
                AssociationType,
                "x_AssociationType",
                numbers=focus_kinds.ASSOCIATION_NUMBERS,
            ),
            service_type_code=cells.text("x_ServiceTypeCode")
            or read.code(cells.must("ServiceName")),
            service_type_name=service_name,
            resource_type_code=cells.text("x_ResourceTypeCode")
            or (resource_type and read.code(resource_type)),
            resource_type_name=resource_type,
            cloud_resource_id=cells.text("ResourceId"),
            resource_name=cells.text("ResourceName"),
            resource_tag=self._tags(cells),
            product_id=cells.text("SkuId"),
            product_name=cells.text("x_ProductName"),
            product_spec_desc=cells.text("x_ProductSpecDesc") or cells.text("ChargeDescription"),
            region_code=cells.text("RegionId"),
            region_name=cells.text("RegionName"),
            enterprise_project_id=cells.text("x_EnterpriseProjectId"),
            charging_mode=mode,
            bill_type=focus_kinds.bill_type(cells, payable=amounts.payable_amount, mode=mode),
            trade_number=cells.text("x_TradeId"),
            trade_time=cells.moment("x_TradeTime"),
            consume_time=consume_time,
            consume_end_time=consume_end_time,
            period_type=cells.named(PeriodType, "x_PeriodType"),
            period_count=cells.count("x_PeriodCount"),
            payment_type=cells.named(PaymentType, "x_PaymentType"),
            usage_type=cells.text("x_UsageType") or cells.text("SkuMeter"),
            usage_amount=self._quantity(cells, "ConsumedQuantity"),
            usage_unit=cells.text("ConsumedUnit"),
            free_resource_usage=self._quantity(cells, "x_FreeResourceUsage"),
            reserved_instance_usage=self._quantity(cells, "x_ReservedInstanceUsage"),
            amounts=amounts,
        )

    def _billing_cycle(self, cells: Cells, consume_time: datetime) -> date:
        start = cells.moment("BillingPeriodStart")
        cycle = cycle_at(consume_time if start is None else start)
        if not CYCLE_MIN <= cycle <= self._newest_cycle:
            first, last = cycle_text(CYCLE_MIN), cycle_text(self._newest_cycle)
            reason = f"the billing cycle {cycle_text(cycle)} is not between {first} and {last}"
            raise RowFlaw(reason, column="BillingPeriodStart" if start else "ChargePeriodStart")
        return cycle

    def _quantity(self, cells: Cells, column: str) -> Decimal | None:
        text = cells.text(column)
        if text is None:
            return None
        value, is_rounded = read.quantity(text, column=column)
        self._rounded_count += is_rounded
        return value

    def _tags(self, cells: Cells) -> str | None:
        text = cells.text("Tags", length_max=TAGS_LENGTH_MAX)
        if text is None or read.is_json_object(text):
            return text
        self._tags_count += 1
        return None


def _consumed(cells: Cells) -> tuple[datetime, datetime | None]:
    start = read.moment(cells.must("ChargePeriodStart"), column="ChargePeriodStart")
    end = cells.moment("ChargePeriodEnd")
    if end is not None and end < start:
        raise RowFlaw("is before ChargePeriodStart", column="ChargePeriodEnd")
    return start, end
