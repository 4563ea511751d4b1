"""Partners, their people, customers and resources for tests, made through the real rpcs."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from partner.customers.v1 import (
    account_managers_pb2,
    customers_pb2,
    partners_pb2,
    resources_pb2,
)
from partner.type.v1 import terms_pb2
from services.kit.identity import Principal
from services.kit.ids import from_text, new_id
from tests.builders.principals import a_system, a_tenant, an_administrator, an_operator
from tests.builders.running import RunningService

PLATFORM = "xaccount"


def a_request_id() -> str:
    return new_id().hex


def at(text: str) -> Timestamp:
    """Give a time written like 2024-09-01 or 2024-09-01T08:00:00, in UTC."""
    time = Timestamp()
    time.FromDatetime(datetime.fromisoformat(text).replace(tzinfo=UTC))
    return time


def a_new_customer(external_id: str | None = None, **known: Any) -> customers_pb2.NewCustomer:
    """Give what is known of a customer; its external id is its account name, too."""
    values: dict[str, Any] = {"external_platform": PLATFORM} | known
    return customers_pb2.NewCustomer(external_id=external_id or a_request_id(), **values)


def a_resource(customer: customers_pb2.Customer, **known: Any) -> resources_pb2.Resource:
    """Give a virtual machine in use, paid by the month; time says until when."""
    values: dict[str, Any] = {
        "cloud_resource_id": a_request_id(),
        "charging_mode": terms_pb2.CHARGING_MODE_PERIOD,
        "service_type_code": "hws.service.type.ec2",
        "resource_type_code": "hws.resource.type.vm",
        "is_primary": True,
        "state": resources_pb2.RESOURCE_STATE_ACTIVE,
    }
    return resources_pb2.Resource(customer_id=customer.id, **values | known)


async def open_tenant(
    service: RunningService, *, kind: str = "SOLUTION_PROVIDER", currency_code: str = "CNY"
) -> UUID:
    """Open a tenant of its own for a test."""
    tenant_id = a_tenant()
    request = partners_pb2.CreatePartnerRequest(
        request_id=a_request_id(),
        kind=partners_pb2.PartnerKind.Value(f"PARTNER_KIND_{kind}"),
        name="Northern Cloud",
        account_name="northern",
        currency_code=currency_code,
    )
    await service.call(request, principal=an_operator(tenant_id))
    return tenant_id


async def add_reseller(
    service: RunningService, tenant_id: UUID, *, account_name: str | None = None, **known: Any
) -> partners_pb2.Partner:
    request = partners_pb2.CreateIndirectPartnerRequest(
        request_id=a_request_id(),
        name=known.pop("name", "Small Reseller"),
        account_name=account_name or a_request_id(),
        **known,
    )
    answer = await service.call(request, principal=an_operator(tenant_id))
    assert isinstance(answer, partners_pb2.Partner)
    return answer


async def add_manager(
    service: RunningService, tenant_id: UUID, *, partner_id: UUID | None = None, name: str = "Li Na"
) -> account_managers_pb2.AccountManager:
    request = account_managers_pb2.CreateAccountManagerRequest(
        request_id=a_request_id(), account_name=a_request_id(), name=name
    )
    principal = an_administrator(tenant_id, partner_id=partner_id)
    answer = await service.call(request, principal=principal)
    assert isinstance(answer, account_managers_pb2.AccountManager)
    return answer


async def add_customers(
    service: RunningService, tenant_id: UUID, *customers: customers_pb2.NewCustomer
) -> list[customers_pb2.Customer]:
    """Create customers as billing's imports do, who get them unmasked."""
    request = customers_pb2.EnsureCustomersRequest(request_id=a_request_id(), customers=customers)
    answer = await service.call(request, principal=a_system(tenant_id, workload="billing"))
    return list(answer.customers)


async def add_customer(
    service: RunningService, tenant_id: UUID, **known: Any
) -> customers_pb2.Customer:
    [customer] = await add_customers(service, tenant_id, a_new_customer(**known))
    return customer


async def add_resources(
    service: RunningService,
    tenant_id: UUID,
    *resources: resources_pb2.Resource,
    keep_known: bool = False,
) -> resources_pb2.EnsureResourcesResponse:
    request = resources_pb2.EnsureResourcesRequest(
        request_id=a_request_id(), resources=resources, keep_known=keep_known
    )
    answer = await service.call(request, principal=an_operator(tenant_id))
    assert isinstance(answer, resources_pb2.EnsureResourcesResponse)
    return answer


async def list_names(
    service: RunningService,
    principal: Principal,
    *,
    order_by: Any = None,
    page_size: int = 500,
    **filters: Any,
) -> list[str]:
    """List external ids of customers, over all pages; filters are fields of the filter."""
    request = customers_pb2.ListCustomersRequest(
        filter=customers_pb2.CustomerFilter(**filters), order_by=order_by, page_size=page_size
    )
    found: list[str] = []
    while True:
        answer = await service.call(request, principal=principal)
        found += [customer.external_id for customer in answer.customers]
        request.page_token = answer.next_page_token
        if not request.page_token:
            return found


def uuid_of(text: str) -> UUID:
    """Read the uuid of an id of any kind."""
    return from_text(text.partition("_")[0], text, field="id")
