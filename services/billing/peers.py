"""What billing asks of the customers service, in billing's own words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NoReturn
from uuid import UUID

import grpc

from partner.customers.v1 import (
    customers_pb2,
    customers_pb2_grpc,
    resources_pb2,
    resources_pb2_grpc,
)
from partner.type.v1 import money_pb2, terms_pb2
from services.kit import ids
from services.kit.client import Caller
from services.kit.errors import Received, Unavailable, received
from services.kit.identity import Principal
from services.kit.money import Money
from services.kit.wire import Words, id_text, to_id, to_text, to_timestamp

# How many things one call may carry.
BATCH_MAX: Final = 500
TIMEOUT_SECONDS: Final = 10.0

_ASSOCIATIONS: Final = Words(terms_pb2.AssociationType, prefix="ASSOCIATION_TYPE_")
_MODES: Final = Words(terms_pb2.ChargingMode, prefix="CHARGING_MODE_")
# A fault of the moment: asking again is right.
_PASSING: Final = frozenset(
    {"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "CANCELLED"}
)
_ITEM: Final = re.compile(r"\w+\[([0-9]+)\]")


class PeerRefused(Exception):
    """The customers service will not do it, now or later; `item` says which thing is at fault."""

    def __init__(self, refusal: Received) -> None:
        super().__init__(refusal.message)
        self.reason = refusal.reason
        self.message = refusal.message
        paths = [path for path, _ in refusal.violations]
        match = _ITEM.match(paths[0]) if paths else None
        self.item = None if match is None else int(match[1])
        self.flaws = "; ".join(
            f"{path.partition('.')[2]} {text}" for path, text in refusal.violations
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """A cloud account that was charged and may be no customer yet."""

    platform: str
    external_id: str
    name: str | None
    association_type: str | None
    associate_time: datetime
    indirect_partner_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A cloud account as the customer it is."""

    customer_id: UUID
    partner_id: UUID
    association_type: str
    account_manager_id: UUID | None
    customer_name: str | None
    account_name: str
    # The one currency of its tenant.
    currency_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResource:
    """A resource that was charged and may not be known yet."""

    customer_id: UUID
    cloud_resource_id: str
    resource_name: str | None
    charging_mode: str
    service_type_code: str
    service_type_name: str | None
    resource_type_code: str
    resource_type_name: str | None
    product_id: str | None
    product_spec_desc: str | None
    region_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What a customer spent in a billing cycle so far."""

    customer_id: UUID
    billing_cycle: date
    amount: Money


class Customers:
    """The customers service, as billing's own workload sees it."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._customers = customers_pb2_grpc.CustomerServiceStub(caller.channel)
        self._resources = resources_pb2_grpc.ResourceServiceStub(caller.channel)

    async def ensure_customers(
        self, accounts: Sequence[NewAccount], *, principal: Principal, request_id: str
    ) -> tuple[list[Account], int]:
        """Make customers of accounts that are none; give all in order, and how many are new."""
        request = customers_pb2.EnsureCustomersRequest(
            request_id=request_id, customers=map(_to_new_customer, accounts)
        )
        try:
            response = await self._caller(
                self._customers.EnsureCustomers,
                request,
                principal=principal,
                timeout=TIMEOUT_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            _refuse(error)
        return [_from_customer(customer) for customer in response.customers], response.created_count

    async def ensure_resources(
        self, resources: Sequence[NewResource], *, principal: Principal, request_id: str
    ) -> int:
        """Make resources that are not known, and give how many; known ones stay as they are."""
        request = resources_pb2.EnsureResourcesRequest(
            request_id=request_id, resources=map(_to_resource, resources), keep_known=True
        )
        try:
            response = await self._caller(
                self._resources.EnsureResources,
                request,
                principal=principal,
                timeout=TIMEOUT_SECONDS,
            )
        except grpc.aio.AioRpcError as error:
            _refuse(error)
        return response.created_count

    async def record_customer_spend(
        self, spends: Sequence[Spend], *, principal: Principal, request_id: str
    ) -> None:
        """Tell what customers spent in a billing cycle so far."""
        request = customers_pb2.RecordCustomerSpendRequest(
            request_id=request_id,
            spends=[
                customers_pb2.CustomerSpend(
                    customer_id=ids.to_text("cus", spend.customer_id),
                    billing_cycle=f"{spend.billing_cycle:%Y-%m}",
                    amount=spend.amount.to_message(),
                )
                for spend in spends
            ],
        )
        try:
            await self._caller(self._customers.RecordCustomerSpend, request, principal=principal)
        except grpc.aio.AioRpcError as error:
            _refuse(error)


def _refuse(error: grpc.aio.AioRpcError) -> NoReturn:
    refusal = received(error)
    if refusal.code in _PASSING:
        raise Unavailable("the customers service does not answer") from error
    raise PeerRefused(refusal) from error


def _to_new_customer(account: NewAccount) -> customers_pb2.NewCustomer:
    return customers_pb2.NewCustomer(
        external_id=account.external_id,
        external_platform=account.platform,
        name=account.name,
        association_type=_ASSOCIATIONS.number(account.association_type),
        associate_time=to_timestamp(account.associate_time),
        indirect_partner_id=id_text("ptr", account.indirect_partner_id),
    )


def _from_customer(customer: customers_pb2.Customer) -> Account:
    spend: money_pb2.Money = customer.month_to_date_spend
    return Account(
        customer_id=ids.from_text("cus", customer.id, field="id"),
        partner_id=ids.from_text("ptr", customer.partner_id, field="partner_id"),
        association_type=_ASSOCIATIONS.required_word(
            customer.association_type, field="association_type"
        ),
        account_manager_id=to_id(customer, "account_manager_id", "mgr", path="customer"),
        customer_name=to_text(customer, "name"),
        account_name=customer.account_name,
        currency_code=spend.currency_code,
    )


def _to_resource(resource: NewResource) -> resources_pb2.Resource:
    return resources_pb2.Resource(
        cloud_resource_id=resource.cloud_resource_id,
        resource_name=resource.resource_name,
        customer_id=ids.to_text("cus", resource.customer_id),
        charging_mode=_MODES.number(resource.charging_mode),
        service_type_code=resource.service_type_code,
        service_type_name=resource.service_type_name,
        resource_type_code=resource.resource_type_code,
        resource_type_name=resource.resource_type_name,
        product_id=resource.product_id,
        product_spec_desc=resource.product_spec_desc,
        region_code=resource.region_code,
        is_primary=True,
        state=resources_pb2.RESOURCE_STATE_ACTIVE,
    )
