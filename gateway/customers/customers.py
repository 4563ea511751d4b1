"""The customers of a partner (客户)."""

from enum import Enum

import strawberry
from strawberry import Maybe

from gateway.customers.account_managers import AccountManager
from gateway.customers.partners import Partner
from gateway.kit.choices import by
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.money import Money, MoneyInput
from gateway.kit.nodes import Node, one
from gateway.kit.pages import Connection
from gateway.kit.scalars import DateTime
from gateway.kit.shows import shows
from gateway.kit.words import words
from gateway.kit.writes import Payload, answers, writing
from gateway.terms import AssociationType
from partner.customers.v1 import customers_pb2

CUSTOMERS = rpcs(customers_pb2.DESCRIPTOR, "CustomerService")


@words(customers_pb2.CustomerType)
class CustomerType(Enum):
    """Filled from the contract."""


@words(customers_pb2.VerificationStatus)
class VerificationStatus(Enum):
    """Filled from the contract."""


@words(customers_pb2.FreezeState)
class FreezeState(Enum):
    """Filled from the contract."""


@words(customers_pb2.CustomerLevel)
class CustomerLevel(Enum):
    """Filled from the contract."""


@words(customers_pb2.NewCustomerValue)
class NewCustomerValue(Enum):
    """Filled from the contract."""


@words(customers_pb2.EnterpriseRole)
class EnterpriseRole(Enum):
    """Filled from the contract."""


@words(customers_pb2.CustomerOrder)
class CustomerOrder(Enum):
    """Filled from the contract."""


@shows(customers_pb2.Customer.NewCustomerTag)
class NewCustomerTag:
    value: NewCustomerValue
    effective_cycle: str | None
    expire_cycle: str | None


@shows(customers_pb2.Customer, get=CUSTOMERS["BatchGetCustomers"])
class Customer(Node):
    account_name: str
    name: str | None
    customer_type: CustomerType | None
    verification_status: VerificationStatus | None
    association_type: AssociationType
    associate_time: DateTime
    tags: list[str]
    email: str | None
    mobile: str | None
    country_code: str | None
    freeze_state: FreezeState | None
    level: CustomerLevel | None
    new_customer_tag: NewCustomerTag | None
    external_id: str | None
    external_platform: str | None
    month_to_date_spend: Money | None
    nearest_expire_time: DateTime | None
    enterprise_role: EnterpriseRole | None
    create_time: DateTime
    partner: Partner | None = one("partner_id")
    indirect_partner: Partner | None = one("indirect_partner_id")
    account_manager: AccountManager | None = one("account_manager_id")


@strawberry.type(description="A page of a list of customers.")
class CustomerConnection(Connection[Customer]):
    total_count: int | None = strawberry.field(
        description="How many there are on all pages; counted only where it is asked for."
    )


@takes(customers_pb2.CustomerFilter)
class CustomerFilter:
    account_name: str | None
    name: str | None
    customer_id: strawberry.ID | None
    mobile: str | None
    tag: str | None
    association_type: AssociationType | None
    associate_time_from: DateTime | None
    associate_time_to: DateTime | None
    account_manager_name: str | None
    month_to_date_spend_min: MoneyInput | None
    month_to_date_spend_max: MoneyInput | None
    nearest_expire_time_from: DateTime | None
    nearest_expire_time_to: DateTime | None
    freeze_state: FreezeState | None
    indirect_partner_id: strawberry.ID | None


@strawberry.input(one_of=True, description="What names one customer: exactly one of these.")
class CustomerBy:
    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Its id.")
    mobile: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Its whole mobile number; refused where several customers have it.",
    )


@takes(customers_pb2.RevealCustomersRequest)
class RevealCustomersInput:
    request_id: strawberry.ID
    customer_ids: list[strawberry.ID]
    reason: str


@takes(customers_pb2.UpdateCustomerRequest, resource="customer")
class UpdateCustomerInput:
    request_id: strawberry.ID
    id: strawberry.ID
    tags: Maybe[list[str]]


@answers(CUSTOMERS["RevealCustomers"])
class RevealCustomersPayload(Payload):
    customers: list[Customer] | None


@answers(CUSTOMERS["UpdateCustomer"])
class UpdateCustomerPayload(Payload):
    customer: Customer | None


@strawberry.type
class CustomerQuery:
    customer: Customer | None = by(
        CustomerBy,
        CUSTOMERS["ListCustomers"],
        description="Finds one customer; null where the viewer sees no such customer.",
    )
    customers: CustomerConnection | None = listing(
        CUSTOMERS["ListCustomers"], count=CUSTOMERS["CountCustomers"]
    )


@strawberry.type
class CustomerMutation:
    reveal_customers: RevealCustomersPayload | None = writing(
        CUSTOMERS["RevealCustomers"], RevealCustomersInput
    )
    update_customer: UpdateCustomerPayload | None = writing(
        CUSTOMERS["UpdateCustomer"], UpdateCustomerInput
    )
