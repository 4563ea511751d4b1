"""Consumption as messages, and what messages ask for as plain values."""

from datetime import date
from functools import partial
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import Message
from google.type import date_pb2

from partner.billing.v1 import consumption_pb2
from partner.type.v1 import terms_pb2
from services.billing.consumption.conditions import (
    CustomerConditions,
    DetailFilter,
    SumFilter,
)
from services.billing.consumption.cycles import (
    check_days,
    cycle_from_text,
    cycle_text,
    months_later,
)
from services.billing.consumption.model import AMOUNTS
from services.billing.consumption.reports import ImportHeader, ImportReport
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.fields import Field, Fields
from services.kit.wire import (
    Words,
    decimal_parts,
    id_text,
    money_parts,
    time_parts,
    to_id,
    to_text,
)

MONTHS_MAX: Final = 18

ORDERS: Final = Words(consumption_pb2.ConsumptionOrder, prefix="CONSUMPTION_ORDER_")
ASSOCIATIONS: Final = Words(terms_pb2.AssociationType, prefix="ASSOCIATION_TYPE_")
MODES: Final = Words(terms_pb2.ChargingMode, prefix="CHARGING_MODE_")
BILL_TYPES: Final = Words(consumption_pb2.BillType, prefix="BILL_TYPE_")
SUMMARY_BILL_TYPES: Final = Words(consumption_pb2.SummaryBillType, prefix="SUMMARY_BILL_TYPE_")
PERIODS: Final = Words(consumption_pb2.PeriodType, prefix="PERIOD_TYPE_")
PAYMENTS: Final = Words(consumption_pb2.PaymentType, prefix="PAYMENT_TYPE_")


def _amounts() -> dict[str, Field]:
    return {name: Field(money_parts, name, "currency_code") for name in AMOUNTS}


def _reseller_id(partner_id: UUID, tenant_id: UUID) -> str | None:
    """Name the reseller, where the partner is not the root partner itself."""
    return None if partner_id == tenant_id else ids.to_text("ptr", partner_id)


DETAIL: Final = Fields(
    consumption_pb2.ConsumptionDetail,
    id=Field(partial(ids.to_text, "con")),
    billing_cycle=Field(cycle_text),
    customer_id=Field(partial(ids.to_text, "cus")),
    partner_id=Field(partial(ids.to_text, "ptr")),
    indirect_partner_id=Field(_reseller_id, "partner_id", "tenant_id"),
    association_type=Field(ASSOCIATIONS.number),
    account_manager_id=Field(partial(id_text, "mgr")),
    service_type_code=Field(),
    service_type_name=Field(),
    resource_type_code=Field(),
    resource_type_name=Field(),
    cloud_resource_id=Field(),
    resource_name=Field(),
    resource_tag=Field(),
    product_id=Field(),
    product_name=Field(),
    product_spec_desc=Field(),
    region_code=Field(),
    region_name=Field(),
    enterprise_project_id=Field(),
    charging_mode=Field(MODES.number),
    bill_type=Field(BILL_TYPES.number),
    trade_number=Field(),
    trade_time=Field(time_parts),
    consume_time=Field(time_parts),
    consume_end_time=Field(time_parts),
    period_type=Field(PERIODS.number),
    period_count=Field(),
    payment_type=Field(PAYMENTS.number),
    usage_type=Field(),
    usage_amount=Field(decimal_parts),
    usage_unit=Field(),
    free_resource_usage=Field(decimal_parts),
    reserved_instance_usage=Field(decimal_parts),
    **_amounts(),
)
# A sum over all kinds has no kind: those columns are null.
SUMMARY: Final = Fields(
    consumption_pb2.ConsumptionSummary,
    customer_id=Field(partial(ids.to_text, "cus")),
    billing_cycle=Field(cycle_text),
    service_type_code=Field(),
    service_type_name=Field(),
    charging_mode=Field(MODES.number),
    bill_type=Field(SUMMARY_BILL_TYPES.number),
    detail_count=Field(int),
    **_amounts(),
)
SETTINGS: Final = Fields(consumption_pb2.ConsumptionSettings, history_months=Field())


def to_report(report: ImportReport) -> consumption_pb2.ImportConsumptionResponse:
    return consumption_pb2.ImportConsumptionResponse(
        row_count=report.row_count,
        new_count=report.new_count,
        known_count=report.known_count,
        skipped_count=report.skipped_count,
        skipped_rows=[
            consumption_pb2.SkippedRow(line=row.line, column=row.column, reason=row.reason)
            for row in report.skipped_rows
        ],
        created_customer_count=report.created_customer_count,
        created_resource_count=report.created_resource_count,
        new_payable_amounts=[amount.to_message() for amount in report.new_payable_amounts],
        notes=report.notes,
    )


def to_header(message: consumption_pb2.ImportHeader) -> ImportHeader:
    """Read an import's header.

    :raises InvalidArgument: where the file's name is missing or too long, or an id is malformed.
    """
    if not message.file_name or len(message.file_name) > ImportHeader.FILE_NAME_LENGTH_MAX:
        raise InvalidArgument("must be given, in 255 characters", field="header.file_name")
    return ImportHeader(
        request_id=message.request_id,
        file_name=message.file_name,
        association_type=ASSOCIATIONS.word(message.association_type),
        indirect_partner_id=to_id(message, "indirect_partner_id", "ptr", path="header"),
    )


def to_detail_filter(message: consumption_pb2.ConsumptionFilter) -> DetailFilter:
    """Read a filter.

    :raises InvalidArgument: where the cycle is missing, or an id or a day does not fit.
    """
    cycle = cycle_from_text(message.billing_cycle, field="filter.billing_cycle")
    days = {name: _to_day(message, name) for name in ("consume_date_from", "consume_date_to")}
    check_days(cycle, days["consume_date_from"], days["consume_date_to"], field="filter")
    return DetailFilter(
        billing_cycle=cycle,
        customers=_to_customers(message),
        trade_number=to_text(message, "trade_number"),
        cloud_resource_id=to_text(message, "cloud_resource_id"),
        resource_name=to_text(message, "resource_name"),
        service_type_code=to_text(message, "service_type_code"),
        charging_mode=MODES.word(message.charging_mode),
        bill_types=tuple(BILL_TYPES.required_words(message.bill_types, field="filter.bill_types")),
        region_code=to_text(message, "region_code"),
        **days,
    )


def to_sum_filter(message: consumption_pb2.ConsumptionSummaryFilter) -> SumFilter:
    """Read a filter of sums.

    :raises InvalidArgument: where the months are missing, reversed or too many.
    """
    first, last = to_cycles(message, path="filter.")
    return SumFilter(
        billing_cycle_from=first, billing_cycle_to=last, customers=_to_customers(message)
    )


def to_cycles(message: Any, *, path: str = "") -> tuple[date, date]:
    """Read a range of months, both included."""
    first = cycle_from_text(message.billing_cycle_from, field=f"{path}billing_cycle_from")
    last = cycle_from_text(message.billing_cycle_to, field=f"{path}billing_cycle_to")
    if last < first:
        raise InvalidArgument(
            "must not be before billing_cycle_from", field=f"{path}billing_cycle_to"
        )
    if last > months_later(first, MONTHS_MAX):
        raise InvalidArgument(
            f"must be at most {MONTHS_MAX} months later", field=f"{path}billing_cycle_to"
        )
    return first, last


def _to_customers(message: Message) -> CustomerConditions:
    names = {field.name for field in message.DESCRIPTOR.fields}
    return CustomerConditions(
        customer_id=to_id(message, "customer_id", "cus", path="filter"),
        customer_name=to_text(message, "customer_name"),
        account_name=to_text(message, "account_name"),
        partner_name=to_text(message, "partner_name") if "partner_name" in names else None,
        account_manager_name=to_text(message, "account_manager_name"),
        account_manager_id=to_id(message, "account_manager_id", "mgr", path="filter"),
        association_type=ASSOCIATIONS.word(getattr(message, "association_type", 0)),
        indirect_partner_id=to_id(message, "indirect_partner_id", "ptr", path="filter"),
    )


def _to_day(message: Message, name: str) -> date | None:
    if not message.HasField(name):
        return None
    day: date_pb2.Date = getattr(message, name)
    return date(day.year, day.month, day.day)
