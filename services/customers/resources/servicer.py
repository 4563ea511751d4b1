"""The rpcs of ResourceService."""

from typing import Any

from google.type import decimal_pb2

from partner.customers.v1 import resources_pb2, resources_pb2_grpc
from partner.type.v1 import terms_pb2
from services.customers.resources import operations, queries
from services.customers.resources.model import Resource
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.money import decimal_from_text, decimal_text
from services.kit.rpc import Call, Servicer, read, write
from services.kit.wire import Words, to_text, to_time, to_time_range, to_timestamp

ORDERS = Words(resources_pb2.ResourceOrder, prefix="RESOURCE_ORDER_")
STATES = Words(resources_pb2.ResourceState, prefix="RESOURCE_STATE_")
POLICIES = Words(resources_pb2.ExpirePolicy, prefix="EXPIRE_POLICY_")
MODES = Words(terms_pb2.ChargingMode, prefix="CHARGING_MODE_")
CLOUD_IDS_MAX = 50


class ResourceServicer(Servicer, resources_pb2_grpc.ResourceServiceServicer):
    @read()
    async def BatchGetResources(
        self, request: resources_pb2.BatchGetResourcesRequest, call: Call
    ) -> resources_pb2.BatchGetResourcesResponse:
        wanted = ids.many_from_text("res", request.ids, field="ids", at_most=500)
        found = await queries.batch_get(call.session, scope=call.scope, ids=wanted)
        return resources_pb2.BatchGetResourcesResponse(resources=map(to_message, found))

    @read()
    async def ListResources(
        self, request: resources_pb2.ListResourcesRequest, call: Call
    ) -> resources_pb2.ListResourcesResponse:
        order = ORDERS.word(request.order_by) or "EXPIRE_TIME_ASC"
        page = call.page(request)
        rows = await queries.list_resources(
            call.session,
            scope=call.scope,
            customer_id=ids.from_text("cus", request.customer_id, field="customer_id"),
            narrowed=to_filter(request.filter),
            order=order,
            page=page,
        )
        cut = call.pages.cut(page, rows, key=lambda row: ((row.expire_time,), row.id))
        return resources_pb2.ListResourcesResponse(
            resources=map(to_message, cut.rows),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read()
    async def BatchListResources(
        self, request: resources_pb2.BatchListResourcesRequest, call: Call
    ) -> resources_pb2.BatchListResourcesResponse:
        wanted = ids.many_from_text("cus", request.customer_ids, field="customer_ids", at_most=100)
        page = call.page(request)
        found = await queries.batch_list_resources(
            call.session,
            scope=call.scope,
            customer_ids=wanted,
            narrowed=to_filter(request.filter),
            order=ORDERS.word(request.order_by) or "EXPIRE_TIME_ASC",
            page=page,
        )
        response = resources_pb2.BatchListResourcesResponse()
        for id_ in wanted:
            text = ids.to_text("cus", id_)
            below = call.pages.below(page, "customer_id", text)
            cut = call.pages.cut(
                below, found.get(id_, []), key=lambda row: ((row.expire_time,), row.id)
            )
            response.groups.add(
                customer_id=text,
                resources=map(to_message, cut.rows),
                next_page_token=cut.next_page_token,
                item_tokens=cut.item_tokens,
            )
        return response

    @write()
    async def EnsureResources(
        self, request: resources_pb2.EnsureResourcesRequest, call: Call
    ) -> resources_pb2.EnsureResourcesResponse:
        created_count, updated_count = await operations.ensure_resources(
            call.session,
            scope=call.scope,
            resources=[
                to_values(message, path=f"resources[{index}]")
                for index, message in enumerate(request.resources)
            ],
            keep_known=request.keep_known,
            now=call.now,
        )
        return resources_pb2.EnsureResourcesResponse(
            created_count=created_count, updated_count=updated_count
        )


def to_filter(message: resources_pb2.ResourceFilter) -> queries.ResourceFilter:
    """Read a filter.

    :raises InvalidArgument: where a range is reversed or too many cloud ids are named.
    """
    expiring = to_time_range(message, "expire_time")
    effective = to_time_range(message, "effective_time")
    if len(message.cloud_resource_ids) > CLOUD_IDS_MAX:
        raise InvalidArgument(
            f"must name at most {CLOUD_IDS_MAX} ids", field="filter.cloud_resource_ids"
        )
    return queries.ResourceFilter(
        charging_mode=MODES.word(message.charging_mode),
        cloud_resource_ids=list(message.cloud_resource_ids),
        order_number=to_text(message, "order_number"),
        only_primary=message.only_primary,
        states=[
            STATES.required_word(state, field=f"filter.states[{index}]")
            for index, state in enumerate(message.states)
        ],
        expire_time_from=expiring[0],
        expire_time_to=expiring[1],
        effective_time_from=effective[0],
        effective_time_to=effective[1],
        service_type_code=to_text(message, "service_type_code"),
        region_code=to_text(message, "region_code"),
    )


def to_values(message: resources_pb2.Resource, *, path: str) -> dict[str, Any]:
    """Read what is said of a resource, by the names of its columns.

    :raises InvalidArgument: where an id, a number or what must be given is not.
    """
    texts = {
        name: to_text(message, name)
        for name in (
            "resource_name",
            "service_type_name",
            "resource_type_name",
            "resource_spec_code",
            "product_id",
            "product_spec_desc",
            "region_code",
            "availability_zone_code",
            "project_id",
            "enterprise_project_id",
            "enterprise_project_name",
            "parent_cloud_resource_id",
            "order_number",
        )
    }
    return texts | {
        "customer_id": ids.from_text("cus", message.customer_id, field=f"{path}.customer_id"),
        "cloud_resource_id": message.cloud_resource_id,
        "charging_mode": MODES.required_word(message.charging_mode, field=f"{path}.charging_mode"),
        "service_type_code": message.service_type_code,
        "resource_type_code": message.resource_type_code,
        "is_primary": message.is_primary,
        "state": STATES.required_word(message.state, field=f"{path}.state"),
        "effective_time": to_time(message, "effective_time"),
        "expire_time": to_time(message, "expire_time"),
        "update_time": to_time(message, "update_time"),
        "expire_policy": POLICIES.word(message.expire_policy),
        "spec_size": decimal_from_text(message.spec_size.value, field=f"{path}.spec_size")
        if message.HasField("spec_size")
        else None,
        "spec_size_measure_id": message.spec_size_measure_id
        if message.HasField("spec_size_measure_id")
        else None,
    }


def to_message(resource: Resource) -> resources_pb2.Resource:
    return resources_pb2.Resource(
        id=ids.to_text("res", resource.id),
        cloud_resource_id=resource.cloud_resource_id,
        resource_name=resource.resource_name,
        customer_id=ids.to_text("cus", resource.customer_id),
        charging_mode=MODES.number(resource.charging_mode),
        service_type_code=resource.service_type_code,
        service_type_name=resource.service_type_name,
        resource_type_code=resource.resource_type_code,
        resource_type_name=resource.resource_type_name,
        resource_spec_code=resource.resource_spec_code,
        product_id=resource.product_id,
        product_spec_desc=resource.product_spec_desc,
        region_code=resource.region_code,
        availability_zone_code=resource.availability_zone_code,
        project_id=resource.project_id,
        enterprise_project_id=resource.enterprise_project_id,
        enterprise_project_name=resource.enterprise_project_name,
        parent_cloud_resource_id=resource.parent_cloud_resource_id,
        is_primary=resource.is_primary,
        state=STATES.number(resource.state),
        effective_time=to_timestamp(resource.effective_time),
        expire_time=to_timestamp(resource.expire_time),
        update_time=to_timestamp(resource.update_time),
        expire_policy=POLICIES.number(resource.expire_policy),
        spec_size=None
        if resource.spec_size is None
        else decimal_pb2.Decimal(value=decimal_text(resource.spec_size)),
        spec_size_measure_id=resource.spec_size_measure_id,
        order_number=resource.order_number,
    )
