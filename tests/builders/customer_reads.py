"""Every read rpc of customers that gives resources, over a tenant in which every field is set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import Message
from google.type import decimal_pb2

from partner.customers.v1 import (
    account_managers_pb2,
    customers_pb2,
    partners_pb2,
    resources_pb2,
)
from partner.type.v1 import terms_pb2
from services.kit.identity import Principal
from services.kit.ids import new_id, to_text
from tests.builders.customers import (
    a_new_customer,
    a_request_id,
    a_resource,
    add_customers,
    add_manager,
    add_reseller,
    add_resources,
    at,
    open_tenant,
    uuid_of,
)
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService

WHOLE_CUSTOMER: Final[Mapping[str, Any]] = {
    "account_name": "zhang-wei",
    "name": "张伟",
    "customer_type": customers_pb2.CUSTOMER_TYPE_PERSON,
    "verification_status": customers_pb2.VERIFICATION_STATUS_VERIFIED,
    "association_type": terms_pb2.ASSOCIATION_TYPE_ADVISORY,
    "associate_time": at("2024-01-01"),
    "tags": ["Gold"],
    "email": "zhang@example.com",
    "mobile": "13812345678",
    "country_code": "86",
    "level": customers_pb2.CUSTOMER_LEVEL_V3,
    "freeze_state": customers_pb2.FREEZE_STATE_ACCOUNT,
    "new_customer_tag": customers_pb2.Customer.NewCustomerTag(
        value=customers_pb2.NEW_CUSTOMER_VALUE_YES,
        effective_cycle="2024-01",
        expire_cycle="2999-12",
    ),
    "enterprise_role": customers_pb2.ENTERPRISE_ROLE_MASTER,
}
WHOLE_RESOURCE: Final[Mapping[str, Any]] = {
    "resource_name": "网站",
    "charging_mode": terms_pb2.CHARGING_MODE_PERIOD,
    "service_type_code": "hws.service.type.ec2",
    "service_type_name": "Elastic Cloud Server",
    "resource_type_code": "hws.resource.type.vm",
    "resource_type_name": "Virtual machine",
    "resource_spec_code": "s6.small.1.linux",
    "product_id": "OFFI1",
    "product_spec_desc": "1 vCPU",
    "region_code": "cn-north-4",
    "availability_zone_code": "cn-north-4a",
    "project_id": "p1",
    "enterprise_project_id": "0",
    "enterprise_project_name": "default",
    "parent_cloud_resource_id": "vm-0",
    "is_primary": True,
    "state": resources_pb2.RESOURCE_STATE_ACTIVE,
    "effective_time": at("2024-01-01"),
    "expire_time": at("2025-01-01"),
    "update_time": at("2024-06-01"),
    "expire_policy": resources_pb2.EXPIRE_POLICY_AUTO_RENEW,
    "spec_size": decimal_pb2.Decimal(value="40.5"),
    "spec_size_measure_id": 17,
    "order_number": "CS1",
}


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """The ids of what a tenant has; all customers are the first reseller's."""

    tenant_id: UUID
    resellers: list[str]
    managers: list[str]
    customers: list[str]
    resources: list[str]

    @classmethod
    def of_nobody(cls) -> "Holdings":
        """Give ids of what is not there."""
        reseller, manager, customer, resource = [
            [to_text(prefix, new_id())] for prefix in ("ptr", "mgr", "cus", "res")
        ]
        return cls(
            tenant_id=a_tenant(),
            resellers=reseller,
            managers=manager,
            customers=customer,
            resources=resource,
        )

    @property
    def principal(self) -> Principal:
        return an_administrator(self.tenant_id)


async def fill_tenant(service: RunningService, *, parents: int, rows: int) -> Holdings:
    """Open a distributor with so many resellers, managers and customers, and rows for each."""
    tenant_id = await open_tenant(service, kind="DISTRIBUTOR")
    in_charge = await add_manager(service, tenant_id)
    resellers = [
        await add_reseller(
            service,
            tenant_id,
            mobile="13812345678",
            email="info@example.com",
            account_manager_id=in_charge.id,
        )
        for _ in range(parents)
    ]
    first = resellers[0].id
    managers = [
        await add_manager(service, tenant_id, partner_id=uuid_of(first)) for _ in range(parents)
    ]
    known = dict(WHOLE_CUSTOMER) | {"indirect_partner_id": first}
    customers = await add_customers(
        service,
        tenant_id,
        *(a_new_customer(account_manager_id=one.id, **known) for one in managers),
    )
    whole = [
        a_resource(one, cloud_resource_id=a_request_id(), **WHOLE_RESOURCE)
        for one in customers
        for _ in range(rows)
    ]
    await add_resources(service, tenant_id, *whole)
    of_all = resources_pb2.BatchListResourcesRequest(customer_ids=[one.id for one in customers])
    listed = await service.call(of_all, principal=an_administrator(tenant_id))
    return Holdings(
        tenant_id=tenant_id,
        resellers=[one.id for one in resellers],
        managers=[one.id for one in managers],
        customers=[one.id for one in customers],
        resources=[one.id for group in listed.groups for one in group.resources],
    )


def _of_the_reseller(holdings: Holdings) -> customers_pb2.CustomerFilter:
    return customers_pb2.CustomerFilter(indirect_partner_id=holdings.resellers[0])


# By the rpc's name, what to ask it so that it gives as much as it can.
READS: Final[Mapping[str, Callable[[Holdings], Message]]] = {
    "GetPartner": lambda held: partners_pb2.GetPartnerRequest(id=held.resellers[0]),
    "BatchGetPartners": lambda held: partners_pb2.BatchGetPartnersRequest(ids=held.resellers),
    "ListIndirectPartners": lambda _: partners_pb2.ListIndirectPartnersRequest(),
    "BatchGetAccountManagers": lambda held: account_managers_pb2.BatchGetAccountManagersRequest(
        ids=held.managers
    ),
    "ListAccountManagers": lambda _: account_managers_pb2.ListAccountManagersRequest(),
    "GetCustomer": lambda held: customers_pb2.GetCustomerRequest(id=held.customers[0]),
    "BatchGetCustomers": lambda held: customers_pb2.BatchGetCustomersRequest(ids=held.customers),
    "ListCustomers": lambda held: customers_pb2.ListCustomersRequest(filter=_of_the_reseller(held)),
    "CountCustomers": lambda held: customers_pb2.CountCustomersRequest(
        filter=_of_the_reseller(held)
    ),
    "BatchGetResources": lambda held: resources_pb2.BatchGetResourcesRequest(ids=held.resources),
    "ListResources": lambda held: resources_pb2.ListResourcesRequest(customer_id=held.customers[0]),
    "BatchListResources": lambda held: resources_pb2.BatchListResourcesRequest(
        customer_ids=held.customers
    ),
}


def items_of(response: Message) -> list[Message]:
    """Give the resources in a response: itself, those that it lists, or those of its groups."""
    if isinstance(response, resources_pb2.BatchListResourcesResponse):
        return [item for group in response.groups for item in group.resources]
    if not response.DESCRIPTOR.name.endswith("Response"):
        return [response]
    [items] = [
        list(value) for field, value in response.ListFields() if field.message_type is not None
    ]
    return items
