"""Paying for orders and usage (支付): quotes, payments, and what the platform does with orders."""

from enum import Enum

import strawberry

from gateway.billing.consumption import PeriodType
from gateway.billing.vouchers import Voucher
from gateway.customers.customers import Customer
from gateway.customers.partners import Partner
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing, single
from gateway.kit.many import many
from gateway.kit.money import Money, MoneyInput
from gateway.kit.nodes import Node, one
from gateway.kit.pages import Connection
from gateway.kit.scalars import DateTime, Decimal
from gateway.kit.shows import extends, shows
from gateway.kit.words import words
from gateway.kit.writes import Payload, answers, writing
from gateway.terms import ChargingMode
from partner.billing.v1 import payments_pb2

PAYMENTS = rpcs(payments_pb2.DESCRIPTOR, "PaymentService")


@words(payments_pb2.PaymentKind)
class PaymentKind(Enum):
    """Filled from the contract."""


@words(payments_pb2.PaymentState)
class PaymentState(Enum):
    """Filled from the contract."""


@words(payments_pb2.Payer)
class Payer(Enum):
    """Filled from the contract."""


@words(payments_pb2.PaymentSource)
class PaymentSource(Enum):
    """Filled from the contract."""


@words(payments_pb2.PaymentOrder)
class PaymentOrder(Enum):
    """Filled from the contract."""


@words(payments_pb2.OrderType)
class OrderType(Enum):
    """Filled from the contract."""


@words(payments_pb2.DiscountKind)
class DiscountKind(Enum):
    """Filled from the contract."""


@shows(payments_pb2.PaymentLeg)
class PaymentLeg:
    source: PaymentSource
    amount: Money
    voucher: Voucher | None = one("voucher_id")


@shows(payments_pb2.PaymentLine)
class PaymentLine:
    line_number: int
    service_type_code: str
    list_amount: Money
    payable_amount: Money
    voucher_amount: Money
    cash_coupon_amount: Money
    cash_amount: Money
    credit_amount: Money


@shows(payments_pb2.Payment, get=PAYMENTS["BatchGetPayments"])
class Payment(Node):
    kind: PaymentKind
    state: PaymentState
    payer: Payer
    order_number: str | None
    billing_cycle: str | None
    list_amount: Money
    discount_amount: Money
    payable_amount: Money
    voucher_amount: Money
    cash_coupon_amount: Money
    cash_amount: Money
    credit_amount: Money
    debt_amount: Money
    forfeited_amount: Money
    refunded_amount: Money
    legs: list[PaymentLeg]
    lines: list[PaymentLine]
    transaction_id: strawberry.ID
    expire_time: DateTime | None
    create_time: DateTime
    pay_time: DateTime | None
    cancel_time: DateTime | None
    customer: Customer | None = one("customer_id")
    partner: Partner | None = one("partner_id")
    refunded_payment: "Payment | None" = one("refunded_payment_id")


@shows(payments_pb2.FittingCoupon)
class FittingCoupon:
    amount: Money
    voucher: Voucher | None = one("voucher_id")


@shows(payments_pb2.OrderQuote)
class OrderQuote:
    list_amount: Money
    discount_amount: Money
    payable_amount: Money
    voucher_amount: Money
    cash_coupon_amount: Money
    cash_amount: Money
    credit_amount: Money
    missing_amount: Money
    lines: list[PaymentLine]
    fitting_coupons: list[FittingCoupon]


@takes(payments_pb2.OrderLine)
class OrderLineInput:
    line_number: int
    service_type_code: str
    region_code: str | None
    product_id: str | None
    charging_mode: ChargingMode
    period_type: PeriodType | None
    period_count: int | None
    order_type: OrderType
    list_amount: MoneyInput


@takes(payments_pb2.Discount)
class DiscountInput:
    kind: DiscountKind
    ratio: Decimal
    line_numbers: list[int] | None


@takes(payments_pb2.Order)
class OrderInput:
    customer_id: strawberry.ID
    order_number: str
    payer: Payer | None
    currency_code: str
    lines: list[OrderLineInput]
    discount: DiscountInput | None
    adjusted_amount: MoneyInput | None
    voucher_ids: list[strawberry.ID] | None


@takes(payments_pb2.HoldOrderRequest)
class HoldOrderInput:
    request_id: strawberry.ID
    order: OrderInput
    expire_time: DateTime


@takes(payments_pb2.PayOrderRequest)
class PayOrderInput:
    request_id: strawberry.ID
    order: OrderInput


@takes(payments_pb2.PayHeldOrderRequest)
class PayHeldOrderInput:
    request_id: strawberry.ID
    payment_id: strawberry.ID


@takes(payments_pb2.CancelOrderRequest)
class CancelOrderInput:
    request_id: strawberry.ID
    payment_id: strawberry.ID


@takes(payments_pb2.RefundOrderRequest.RefundLine)
class RefundLineInput:
    line_number: int
    amount: MoneyInput | None
    is_period_unstarted: bool | None


@takes(payments_pb2.RefundOrderRequest)
class RefundOrderInput:
    request_id: strawberry.ID
    payment_id: strawberry.ID
    lines: list[RefundLineInput] | None


@takes(payments_pb2.PaymentFilter)
class PaymentFilter:
    customer_id: strawberry.ID | None
    order_number: str | None
    kinds: list[PaymentKind] | None
    states: list[PaymentState] | None
    payer: Payer | None
    billing_cycle: str | None
    create_time_from: DateTime | None
    create_time_to: DateTime | None
    indirect_partner_id: strawberry.ID | None


@answers(PAYMENTS["HoldOrder"])
class HoldOrderPayload(Payload):
    payment: Payment | None


@answers(PAYMENTS["PayOrder"])
class PayOrderPayload(Payload):
    payment: Payment | None


@answers(PAYMENTS["PayHeldOrder"])
class PayHeldOrderPayload(Payload):
    payment: Payment | None


@answers(PAYMENTS["CancelOrder"])
class CancelOrderPayload(Payload):
    payment: Payment | None


@answers(PAYMENTS["RefundOrder"])
class RefundOrderPayload(Payload):
    refund: Payment | None


@extends(Customer)
class CustomerPayments:
    payments: Connection[Payment] | None = many(
        PAYMENTS["BatchListPayments"],
        PAYMENTS["ListPayments"],
        description="What was paid for its orders and usage, given back and repaid (支付).",
    )


@strawberry.type
class PaymentQuery:
    payments: Connection[Payment] | None = listing(PAYMENTS["ListPayments"])
    order_quote: OrderQuote | None = single(PAYMENTS["QuoteOrder"])


@strawberry.type
class PaymentMutation:
    hold_order: HoldOrderPayload | None = writing(PAYMENTS["HoldOrder"], HoldOrderInput)
    pay_order: PayOrderPayload | None = writing(PAYMENTS["PayOrder"], PayOrderInput)
    pay_held_order: PayHeldOrderPayload | None = writing(
        PAYMENTS["PayHeldOrder"], PayHeldOrderInput
    )
    cancel_order: CancelOrderPayload | None = writing(PAYMENTS["CancelOrder"], CancelOrderInput)
    refund_order: RefundOrderPayload | None = writing(PAYMENTS["RefundOrder"], RefundOrderInput)
