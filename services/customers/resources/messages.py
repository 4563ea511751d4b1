"""Resources as messages, and what messages say of them as plain values."""

from functools import partial
from typing import Any, Final

from partner.customers.v1 import resources_pb2
from partner.type.v1 import terms_pb2
from services.customers.resources import queries
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.fields import Field, Fields
from services.kit.money import decimal_from_text
from services.kit.wire import (
    Words,
    decimal_parts,
    id_text,
    time_parts,
    to_text,
    to_time,
    to_time_range,
)

ORDERS: Final = Words(resources_pb2.ResourceOrder, prefix="RESOURCE_ORDER_")
STATES: Final = Words(resources_pb2.ResourceState, prefix="RESOURCE_STATE_")
POLICIES: Final = Words(resources_pb2.ExpirePolicy, prefix="EXPIRE_POLICY_")
MODES: Final = Words(terms_pb2.ChargingMode, prefix="CHARGING_MODE_")
CLOUD_IDS_MAX: Final = 50


RESOURCE: Final = Fields(
    resources_pb2.Resource,
    id=Field(partial(id_text, "res")),
    cloud_resource_id=Field(),
    resource_name=Field(),
    customer_id=Field(partial(id_text, "cus")),
    charging_mode=Field(MODES.number),
    service_type_code=Field(),
    service_type_name=Field(),
    resource_type_code=Field(),
    resource_type_name=Field(),
    resource_spec_code=Field(),
    product_id=Field(),
    product_spec_desc=Field(),
    region_code=Field(),
    availability_zone_code=Field(),
    project_id=Field(),
    enterprise_project_id=Field(),
    enterprise_project_name=Field(),
    parent_cloud_resource_id=Field(),
    is_primary=Field(),
    state=Field(STATES.number),
    effective_time=Field(time_parts),
    expire_time=Field(time_parts),
    update_time=Field(time_parts),
    expire_policy=Field(POLICIES.number),
    spec_size=Field(decimal_parts),
    spec_size_measure_id=Field(),
    order_number=Field(),
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
        cloud_resource_ids=tuple(message.cloud_resource_ids),
        order_number=to_text(message, "order_number"),
        only_primary=message.only_primary,
        states=tuple(STATES.required_words(message.states, field="filter.states")),
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
