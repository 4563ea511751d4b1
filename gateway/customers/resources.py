"""The cloud resources of customers (客户资源)."""

from enum import Enum

from gateway.customers.customers import Customer
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.many import many
from gateway.kit.nodes import Node, one
from gateway.kit.pages import Connection
from gateway.kit.scalars import DateTime, Decimal
from gateway.kit.shows import extends, shows
from gateway.kit.words import words
from gateway.terms import ChargingMode
from partner.customers.v1 import resources_pb2

RESOURCES = rpcs(resources_pb2.DESCRIPTOR, "ResourceService")


@words(resources_pb2.ResourceState)
class ResourceState(Enum):
    """Filled from the contract."""


@words(resources_pb2.ExpirePolicy)
class ExpirePolicy(Enum):
    """Filled from the contract."""


@words(resources_pb2.ResourceOrder)
class ResourceOrder(Enum):
    """Filled from the contract."""


@shows(resources_pb2.Resource, get=RESOURCES["BatchGetResources"])
class Resource(Node):
    cloud_resource_id: str
    resource_name: str | None
    charging_mode: ChargingMode
    service_type_code: str
    service_type_name: str | None
    resource_type_code: str
    resource_type_name: str | None
    resource_spec_code: str | None
    product_id: str | None
    product_spec_desc: str | None
    region_code: str | None
    availability_zone_code: str | None
    project_id: str | None
    enterprise_project_id: str | None
    enterprise_project_name: str | None
    parent_cloud_resource_id: str | None
    is_primary: bool
    state: ResourceState
    effective_time: DateTime | None
    expire_time: DateTime | None
    update_time: DateTime | None
    expire_policy: ExpirePolicy | None
    spec_size: Decimal | None
    spec_size_measure_id: int | None
    order_number: str | None
    customer: Customer | None = one("customer_id")


@takes(resources_pb2.ResourceFilter)
class ResourceFilter:
    charging_mode: ChargingMode | None
    cloud_resource_ids: list[str] | None
    order_number: str | None
    only_primary: bool | None
    states: list[ResourceState] | None
    expire_time_from: DateTime | None
    expire_time_to: DateTime | None
    effective_time_from: DateTime | None
    effective_time_to: DateTime | None
    service_type_code: str | None
    region_code: str | None


@extends(Customer)
class CustomerResources:
    resources: Connection[Resource] | None = many(
        RESOURCES["BatchListResources"],
        RESOURCES["ListResources"],
        description="Its yearly/monthly and pay-per-use resources (客户资源).",
    )
