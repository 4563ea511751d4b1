"""Consumption as messages, and what messages ask for as plain values."""

from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import Message
from google.type import date_pb2, decimal_pb2

from partner.billing.v1 import consumption_pb2
from partner.type.v1 import money_pb2, terms_pb2
from services.billing.consumption import queries
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
from services.billing.consumption.model import AMOUNTS, ConsumptionDetail, ConsumptionSettings
from services.billing.consumption.reports import ImportHeader, ImportReport
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.money import decimal_text
from services.kit.wire import Words, id_text, to_id, to_text, to_timestamp

MONTHS_MAX: Final = 18

ORDERS: Final = Words(consumption_pb2.ConsumptionOrder, prefix="CONSUMPTION_ORDER_")
ASSOCIATIONS: Final = Words(terms_pb2.AssociationType, prefix="ASSOCIATION_TYPE_")
MODES: Final = Words(terms_pb2.ChargingMode, prefix="CHARGING_MODE_")
BILL_TYPES: Final = Words(consumption_pb2.BillType, prefix="BILL_TYPE_")
SUMMARY_BILL_TYPES: Final = Words(consumption_pb2.SummaryBillType, prefix="SUMMARY_BILL_TYPE_")
PERIODS: Final = Words(consumption_pb2.PeriodType, prefix="PERIOD_TYPE_")
PAYMENTS: Final = Words(consumption_pb2.PaymentType, prefix="PAYMENT_TYPE_")


def to_message(detail: ConsumptionDetail) -> consumption_pb2.ConsumptionDetail:
    return consumption_pb2.ConsumptionDetail(
        id=ids.to_text("con", detail.id),
        billing_cycle=cycle_text(detail.billing_cycle),
        customer_id=ids.to_text("cus", detail.customer_id),
        partner_id=ids.to_text("ptr", detail.partner_id),
        indirect_partner_id=id_text("ptr", detail.indirect_partner_id),
        association_type=ASSOCIATIONS.number(detail.association_type),
        account_manager_id=id_text("mgr", detail.account_manager_id),
        service_type_code=detail.service_type_code,
        service_type_name=detail.service_type_name,
        resource_type_code=detail.resource_type_code,
        resource_type_name=detail.resource_type_name,
        cloud_resource_id=detail.cloud_resource_id,
        resource_name=detail.resource_name,
        resource_tag=detail.resource_tag,
        product_id=detail.product_id,
        product_name=detail.product_name,
        product_spec_desc=detail.product_spec_desc,
        region_code=detail.region_code,
        region_name=detail.region_name,
        enterprise_project_id=detail.enterprise_project_id,
        charging_mode=MODES.number(detail.charging_mode),
        bill_type=BILL_TYPES.number(detail.bill_type),
        trade_number=detail.trade_number,
        trade_time=to_timestamp(detail.trade_time),
        consume_time=to_timestamp(detail.consume_time),
        consume_end_time=to_timestamp(detail.consume_end_time),
        period_type=PERIODS.number(detail.period_type),
        period_count=detail.period_count,
        payment_type=PAYMENTS.number(detail.payment_type),
        usage_type=detail.usage_type,
        usage_amount=_to_decimal(detail.usage_amount),
        usage_unit=detail.usage_unit,
        free_resource_usage=_to_decimal(detail.free_resource_usage),
        reserved_instance_usage=_to_decimal(detail.reserved_instance_usage),
        **_amounts(detail),
    )


def to_summary(row: queries.SumRow) -> consumption_pb2.ConsumptionSummary:
    """Write a sum; one over all kinds has no kind."""
    return consumption_pb2.ConsumptionSummary(
        customer_id=ids.to_text("cus", row.customer_id),
        billing_cycle=cycle_text(row.billing_cycle),
        service_type_code=getattr(row, "service_type_code", None),
        service_type_name=row.service_type_name if hasattr(row, "service_type_code") else None,
        charging_mode=MODES.number(getattr(row, "charging_mode", None)),
        bill_type=SUMMARY_BILL_TYPES.number(getattr(row, "bill_type", None)),
        detail_count=int(row.detail_count),
        **_amounts(row),
    )


def to_settings(settings: ConsumptionSettings) -> consumption_pb2.ConsumptionSettings:
    return consumption_pb2.ConsumptionSettings(history_months=settings.history_months)


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
        bill_types=[
            BILL_TYPES.required_word(number, field=f"filter.bill_types[{index}]")
            for index, number in enumerate(message.bill_types)
        ],
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


def sum_key(row: queries.SumRow) -> tuple[list[Any], UUID]:
    """Give the place of a sum in its list."""
    return [getattr(row, name) for name, _ in queries.SUM_SORT], row.customer_id


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


def _to_decimal(value: Decimal | None) -> decimal_pb2.Decimal | None:
    return None if value is None else decimal_pb2.Decimal(value=decimal_text(value))


def _amounts(row: Any) -> dict[str, money_pb2.Money]:
    code = row.currency_code
    return {
        name: money_pb2.Money(amount=decimal_text(getattr(row, name)), currency_code=code)
        for name in AMOUNTS
    }
