"""Payments and quotes as messages, and orders and usage as messages bring them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final
from uuid import UUID

from google.type import decimal_pb2

from partner.billing.v1 import consumption_pb2, payments_pb2
from partner.type.v1 import money_pb2, terms_pb2
from services.billing.consumption.cycles import cycle_from_text, cycle_text
from services.billing.links.model import refuse_other_resellers
from services.billing.payments.deduction import PaidLine, Source
from services.billing.payments.intake import NewUsage
from services.billing.payments.model import AMOUNTS, COLUMNS
from services.billing.payments.orders import Discount, Line, Order, Payer, money_of, units_of
from services.billing.payments.queries import PaymentFilter
from services.billing.payments.quotes import Counted
from services.billing.payments.returns import RefundLine
from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from services.kit.fields import Field, Fields
from services.kit.identity import Scope
from services.kit.money import Money, decimal_from_text

FILTER_MAX: Final = 50
NUMBER_LENGTH_MAX: Final = 64
TEXT_LENGTH_MAX: Final = 200

KINDS: Final = wire.Words(payments_pb2.PaymentKind, prefix="PAYMENT_KIND_")
STATES: Final = wire.Words(payments_pb2.PaymentState, prefix="PAYMENT_STATE_")
PAYERS: Final = wire.Words(payments_pb2.Payer, prefix="PAYER_")
ORDERS: Final = wire.Words(payments_pb2.PaymentOrder, prefix="PAYMENT_ORDER_")
_SOURCES: Final = wire.Words(payments_pb2.PaymentSource, prefix="PAYMENT_SOURCE_")
_ORDER_TYPES: Final = wire.Words(payments_pb2.OrderType, prefix="ORDER_TYPE_")
_DISCOUNTS: Final = wire.Words(payments_pb2.DiscountKind, prefix="DISCOUNT_KIND_")
_MODES: Final = wire.Words(terms_pb2.ChargingMode, prefix="CHARGING_MODE_")
_PERIODS: Final = wire.Words(consumption_pb2.PeriodType, prefix="PERIOD_TYPE_")
_OF_LINES: Final = (Source.VOUCHER, Source.CASH_COUPON, Source.CASH, Source.CREDIT)


def _legs(legs: Iterable[Mapping[str, Any]], currency_code: str) -> list[dict[str, Any]]:
    return [
        {
            "source": _SOURCES.number(leg["source"]),
            "voucher_id": wire.id_text("cpn", leg["voucher_id"] and UUID(leg["voucher_id"])),
            "amount": _money(leg["units"], currency_code),
        }
        for leg in legs
    ]


def _lines(lines: Iterable[Mapping[str, Any]], currency_code: str) -> list[dict[str, Any]]:
    return [
        {
            "line_number": line["line_number"],
            "service_type_code": line["service_type_code"],
            "list_amount": _money(line["list"], currency_code),
            "payable_amount": _money(line["payable"], currency_code),
        }
        | {
            COLUMNS[source]: _money(line["parts"].get(source, 0), currency_code)
            for source in _OF_LINES
        }
        for line in lines
    ]


def _money(units: int, currency_code: str) -> dict[str, str] | None:
    return wire.money_parts(money_of(units, currency_code).amount, currency_code)


PAYMENT: Final = Fields(
    payments_pb2.Payment,
    id=Field(partial(ids.to_text, "pmt")),
    customer_id=Field(partial(ids.to_text, "cus")),
    partner_id=Field(partial(ids.to_text, "ptr")),
    kind=Field(KINDS.number),
    state=Field(STATES.number, "shown_state"),
    payer=Field(PAYERS.number),
    order_number=Field(),
    billing_cycle=Field(lambda cycle: cycle and cycle_text(cycle)),
    refunded_payment_id=Field(partial(wire.id_text, "pmt")),
    **{name: Field(wire.money_parts, name, "currency_code") for name in AMOUNTS},
    legs=Field(_legs, "legs", "currency_code"),
    lines=Field(_lines, "lines", "currency_code"),
    transaction_id=Field(partial(ids.to_text, "txn")),
    expire_time=Field(wire.time_parts),
    create_time=Field(wire.time_parts),
    pay_time=Field(wire.time_parts),
    cancel_time=Field(wire.time_parts),
)


def quote_message(order: Order, counted: Counted) -> payments_pb2.OrderQuote:
    deduction, code = counted.deduction, order.currency_code
    listed = sum(line.line.list_units for line in deduction.lines)
    amounts: dict[str, int] = {
        "list_amount": listed,
        "discount_amount": listed - deduction.payable,
        "payable_amount": deduction.payable,
        "missing_amount": deduction.missing,
    } | {COLUMNS[source]: deduction.of(source) for source in _OF_LINES}
    return payments_pb2.OrderQuote(
        lines=[_quoted(line, code) for line in deduction.lines],
        fitting_coupons=[
            payments_pb2.FittingCoupon(
                voucher_id=ids.to_text("cpn", one.coupon.id), amount=_message(one.units, code)
            )
            for one in counted.fitting
        ],
        **{name: _message(units, code) for name, units in amounts.items()},
    )


def _quoted(paid: PaidLine, currency_code: str) -> payments_pb2.PaymentLine:
    return payments_pb2.PaymentLine(
        line_number=paid.line.number,
        service_type_code=paid.line.service_type_code,
        list_amount=_message(paid.line.list_units, currency_code),
        payable_amount=_message(paid.payable, currency_code),
        **{
            COLUMNS[source]: _message(paid.parts.get(source, 0), currency_code)
            for source in _OF_LINES
        },
    )


def _message(units: int, currency_code: str) -> money_pb2.Money:
    return money_of(units, currency_code).to_message()


def to_order(message: payments_pb2.Order) -> Order:
    """Read an order; whether it makes sense is a rule of the business."""
    discount = _discount(message.discount) if message.HasField("discount") else None
    adjusted = message.adjusted_amount if message.HasField("adjusted_amount") else None
    return Order(
        customer_id=ids.from_text("cus", message.customer_id, field="order.customer_id"),
        number=message.order_number,
        payer=PAYERS.word(message.payer) or Payer.CUSTOMER,
        currency_code=message.currency_code,
        lines=[
            _line(line, message.currency_code, path=f"order.lines[{index}]")
            for index, line in enumerate(message.lines)
        ],
        discount=discount,
        adjusted_units=None
        if adjusted is None
        else _units(adjusted, message.currency_code, "order.adjusted_amount"),
        voucher_ids=wire.to_ids(
            "cpn", message.voucher_ids, field="order.voucher_ids", at_most=FILTER_MAX
        ),
    )


def _line(message: payments_pb2.OrderLine, currency_code: str, *, path: str) -> Line:
    count = message.period_count if message.HasField("period_count") else None
    if count is not None and count < 1:
        raise InvalidArgument("must be above 0", field=f"{path}.period_count")
    return Line(
        number=message.line_number,
        list_units=_units(message.list_amount, currency_code, f"{path}.list_amount"),
        service_type_code=_text(message.service_type_code, field=f"{path}.service_type_code"),
        region_code=wire.to_text(message, "region_code"),
        product_id=wire.to_text(message, "product_id"),
        charging_mode=_MODES.required_word(message.charging_mode, field=f"{path}.charging_mode"),
        period_type=_PERIODS.word(message.period_type),
        period_count=count,
        order_type=_ORDER_TYPES.required_word(message.order_type, field=f"{path}.order_type"),
    )


def _discount(message: payments_pb2.Discount) -> Discount:
    _DISCOUNTS.required_word(message.kind, field="order.discount.kind")
    ratio = decimal_from_text(message.ratio.value, field="order.discount.ratio")
    return Discount(ratio=ratio, line_numbers=frozenset(message.line_numbers))


def _units(message: money_pb2.Money, currency_code: str, field: str) -> int:
    """Count an amount of the order's currency."""
    amount = Money.from_message(message, field=field)
    if amount.currency_code != currency_code:
        raise InvalidArgument("must be the order's", field=f"{field}.currency_code")
    return units_of(amount, field=field)


def to_refund_line(message: payments_pb2.RefundOrderRequest.RefundLine, *, path: str) -> RefundLine:
    units = None
    if message.HasField("amount"):
        units = units_of(
            Money.from_message(message.amount, field=f"{path}.amount"), field=f"{path}.amount"
        )
    return RefundLine(
        line_number=message.line_number,
        units=units,
        is_period_unstarted=message.is_period_unstarted,
    )


def to_usage(message: payments_pb2.Usage, *, path: str) -> NewUsage:
    listed = Money.from_message(message.list_amount, field=f"{path}.list_amount")
    discount = (
        Money.from_message(message.discount_amount, field=f"{path}.discount_amount")
        if message.HasField("discount_amount")
        else Money(Decimal(0), listed.currency_code)
    )
    if discount.currency_code != listed.currency_code:
        raise InvalidArgument("must be the list amount's", field=f"{path}.discount_amount")
    if not 0 <= discount.amount <= listed.amount:
        raise InvalidArgument("must be from 0 to list_amount", field=f"{path}.discount_amount")
    begin, end = wire.to_time(message, "consume_time"), wire.to_time(message, "consume_end_time")
    if begin is None:
        raise InvalidArgument("must be given", field=f"{path}.consume_time")
    if end is not None and end < begin:
        raise InvalidArgument("must not be before consume_time", field=f"{path}.consume_end_time")
    return NewUsage(
        usage_number=_text(
            message.usage_number, field=f"{path}.usage_number", at_most=NUMBER_LENGTH_MAX
        ),
        customer_id=ids.from_text("cus", message.customer_id, field=f"{path}.customer_id"),
        billing_cycle=cycle_from_text(message.billing_cycle, field=f"{path}.billing_cycle"),
        service_type_code=_text(message.service_type_code, field=f"{path}.service_type_code"),
        usage_amount=_decimal(message.usage_amount, field=f"{path}.usage_amount")
        if message.HasField("usage_amount")
        else None,
        consume_time=begin,
        consume_end_time=end,
        currency_code=listed.currency_code,
        list_amount=listed.amount,
        discount_amount=discount.amount,
        **{name: wire.to_text(message, name) for name in _OPTIONAL},
    )


_OPTIONAL: Final = (
    "service_type_name",
    "resource_type_code",
    "cloud_resource_id",
    "resource_name",
    "product_id",
    "product_name",
    "region_code",
    "usage_type",
    "usage_unit",
)


def _decimal(message: decimal_pb2.Decimal, *, field: str) -> Decimal:
    return decimal_from_text(message.value, field=field)


def _text(text: str, *, field: str, at_most: int = TEXT_LENGTH_MAX) -> str:
    if not 1 <= len(text) <= at_most:
        raise InvalidArgument(f"must have 1 to {at_most} characters", field=field)
    return text


def to_filter(message: payments_pb2.PaymentFilter, *, scope: Scope) -> PaymentFilter:
    reseller = wire.to_id(message, "indirect_partner_id", "ptr", path="filter")
    refuse_other_resellers(scope, indirect_partner_id=reseller)
    cycle = wire.to_text(message, "billing_cycle")
    return PaymentFilter(
        customer_id=wire.to_id(message, "customer_id", "cus", path="filter"),
        order_number=wire.to_text(message, "order_number"),
        kinds=KINDS.required_words(message.kinds, field="filter.kinds"),
        states=STATES.required_words(message.states, field="filter.states"),
        payer=PAYERS.word(message.payer),
        billing_cycle=None
        if cycle is None
        else cycle_from_text(cycle, field="filter.billing_cycle"),
        create_time=wire.to_time_range(message, "create_time"),
        indirect_partner_id=reseller,
    )
