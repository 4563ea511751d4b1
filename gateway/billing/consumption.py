"""What customers consumed (消费明细, 消费汇总): for watching, not a bill."""

from enum import Enum

import strawberry

from gateway.customers.account_managers import AccountManager
from gateway.customers.customers import Customer
from gateway.customers.partners import Partner
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.many import many
from gateway.kit.money import Money
from gateway.kit.nodes import Node, one
from gateway.kit.pages import Connection
from gateway.kit.scalars import Date, DateTime, Decimal
from gateway.kit.shows import extends, shows
from gateway.kit.words import words
from gateway.terms import AssociationType, ChargingMode
from partner.billing.v1 import consumption_pb2

CONSUMPTION = rpcs(consumption_pb2.DESCRIPTOR, "ConsumptionService")


@words(consumption_pb2.BillType)
class BillType(Enum):
    """Filled from the contract."""


@words(consumption_pb2.SummaryBillType)
class SummaryBillType(Enum):
    """Filled from the contract."""


@words(consumption_pb2.PeriodType)
class PeriodType(Enum):
    """Filled from the contract."""


@words(consumption_pb2.PaymentType)
class PaymentType(Enum):
    """Filled from the contract."""


@words(consumption_pb2.ConsumptionOrder)
class ConsumptionOrder(Enum):
    """Filled from the contract."""


@shows(consumption_pb2.ConsumptionDetail, get=CONSUMPTION["BatchGetConsumptionDetails"])
class ConsumptionDetail(Node):
    billing_cycle: str
    association_type: AssociationType | None
    service_type_code: str
    service_type_name: str | None
    resource_type_code: str | None
    resource_type_name: str | None
    cloud_resource_id: str | None
    resource_name: str | None
    resource_tag: str | None
    product_id: str | None
    product_name: str | None
    product_spec_desc: str | None
    region_code: str | None
    region_name: str | None
    enterprise_project_id: str | None
    charging_mode: ChargingMode | None
    bill_type: BillType
    trade_number: str | None
    trade_time: DateTime | None
    consume_time: DateTime | None
    consume_end_time: DateTime | None
    period_type: PeriodType | None
    period_count: int | None
    payment_type: PaymentType | None
    usage_type: str | None
    usage_amount: Decimal | None
    usage_unit: str | None
    free_resource_usage: Decimal | None
    reserved_instance_usage: Decimal | None
    list_amount: Money
    discount_amount: Money
    payable_amount: Money
    cash_amount: Money
    credit_amount: Money
    voucher_amount: Money
    cash_coupon_amount: Money
    stored_card_amount: Money
    debt_amount: Money
    writeoff_amount: Money
    customer: Customer | None = one("customer_id")
    partner: Partner | None = one("partner_id")
    indirect_partner: Partner | None = one("indirect_partner_id")
    account_manager: AccountManager | None = one("account_manager_id")


@shows(consumption_pb2.ConsumptionSummary)
class ConsumptionSummary:
    billing_cycle: str
    service_type_code: str | None
    service_type_name: str | None
    charging_mode: ChargingMode | None
    bill_type: SummaryBillType | None
    list_amount: Money
    discount_amount: Money
    payable_amount: Money
    cash_amount: Money
    credit_amount: Money
    voucher_amount: Money
    cash_coupon_amount: Money
    stored_card_amount: Money
    debt_amount: Money
    writeoff_amount: Money
    detail_count: int
    customer: Customer | None = one("customer_id")


@takes(consumption_pb2.ConsumptionFilter)
class ConsumptionFilter:
    billing_cycle: str
    customer_id: strawberry.ID | None
    customer_name: str | None
    account_name: str | None
    partner_name: str | None
    account_manager_name: str | None
    trade_number: str | None
    cloud_resource_id: str | None
    resource_name: str | None
    service_type_code: str | None
    association_type: AssociationType | None
    charging_mode: ChargingMode | None
    bill_types: list[BillType] | None
    region_code: str | None
    consume_date_from: Date | None
    consume_date_to: Date | None
    indirect_partner_id: strawberry.ID | None
    account_manager_id: strawberry.ID | None


@takes(consumption_pb2.ConsumptionSummaryFilter)
class ConsumptionSummaryFilter:
    billing_cycle_from: str
    billing_cycle_to: str
    customer_id: strawberry.ID | None
    customer_name: str | None
    account_name: str | None
    account_manager_name: str | None
    association_type: AssociationType | None
    indirect_partner_id: strawberry.ID | None
    account_manager_id: strawberry.ID | None


@extends(Customer)
class CustomerConsumption:
    consumption_details: Connection[ConsumptionDetail] | None = many(
        CONSUMPTION["BatchListConsumptionDetails"],
        CONSUMPTION["ListConsumptionDetails"],
        description="What it consumed in one billing cycle (消费明细).",
    )
    consumption_summaries: list[ConsumptionSummary] | None = many(
        CONSUMPTION["BatchListConsumptionSummaries"],
        description="What it consumed by month, newest first (消费汇总).",
        names={"billing_cycle_from": "from", "billing_cycle_to": "to"},
    )


@strawberry.type
class ConsumptionQuery:
    consumption_details: Connection[ConsumptionDetail] | None = listing(
        CONSUMPTION["ListConsumptionDetails"]
    )
    consumption_summaries: Connection[ConsumptionSummary] | None = listing(
        CONSUMPTION["ListConsumptionSummaries"]
    )
