"""Incentive lines of a partner (激励明细)."""

from enum import Enum

import strawberry

from gateway.customers.account_managers import AccountManager
from gateway.customers.customers import Customer
from gateway.customers.partners import Partner
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing, single
from gateway.kit.many import many
from gateway.kit.money import Money
from gateway.kit.nodes import Node, one
from gateway.kit.pages import Connection
from gateway.kit.scalars import DateTime, Decimal
from gateway.kit.shows import extends, shows
from gateway.kit.words import words
from gateway.terms import AssociationType, ChargingMode
from partner.incentives.v1 import incentives_pb2

INCENTIVES = rpcs(incentives_pb2.DESCRIPTOR, "IncentiveService")


@words(incentives_pb2.IncentiveState)
class IncentiveState(Enum):
    """Filled from the contract."""


@words(incentives_pb2.IncentiveOrder)
class IncentiveOrder(Enum):
    """Filled from the contract."""


@shows(incentives_pb2.Incentive, get=INCENTIVES["BatchGetIncentives"])
class Incentive(Node):
    year: int
    period: str
    plan_name: str
    order_number: str | None
    customer_name: str | None
    customer_account_name: str | None
    indirect_partner_name: str | None
    account_manager_name: str | None
    service_type_code: str
    service_type_name: str | None
    association_type: AssociationType | None
    charging_mode: ChargingMode | None
    consumption_amount: Money
    performance_amount: Money
    rate: Decimal
    amount: Money
    state: IncentiveState
    frozen: bool
    freeze_reason: str | None
    create_time: DateTime
    customer: Customer | None = one("customer_id")
    partner: Partner | None = one("partner_id")
    indirect_partner: Partner | None = one("indirect_partner_id")
    account_manager: AccountManager | None = one("account_manager_id")


@shows(incentives_pb2.SumIncentivesResponse)
class IncentiveTotals:
    total_count: int
    amounts: list[Money]


@takes(incentives_pb2.IncentiveFilter)
class IncentiveFilter:
    year: int | None
    period: str | None
    plan_name: str | None
    order_number: str | None
    customer_name: str | None
    customer_account_name: str | None
    account_manager_name: str | None
    service_type_code: str | None
    association_type: AssociationType | None
    charging_mode: ChargingMode | None
    states: list[IncentiveState] | None
    incentive_bill_id: strawberry.ID | None
    incentive_id: strawberry.ID | None
    indirect_partner_name: str | None
    customer_id: strawberry.ID | None


@extends(Customer)
class CustomerIncentives:
    incentives: Connection[Incentive] | None = many(
        INCENTIVES["BatchListIncentives"],
        INCENTIVES["ListIncentives"],
        description="Incentive lines that its spend brought (激励明细).",
    )


@strawberry.type
class IncentiveQuery:
    incentives: Connection[Incentive] | None = listing(INCENTIVES["ListIncentives"])
    incentive_totals: IncentiveTotals | None = single(
        INCENTIVES["SumIncentives"],
        description="Counts incentive lines and sums them per currency (激励总额).",
    )
