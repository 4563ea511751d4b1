"""ResourceService over real gRPC: pages, batches, writes and refusals."""

from typing import Any

import pytest

from partner.customers.v1 import customers_pb2, resources_pb2
from services.kit.ids import new_id, to_text
from tests.builders.customer_reads import WHOLE_RESOURCE
from tests.builders.customers import (
    a_request_id,
    a_resource,
    add_customer,
    add_resources,
    at,
    open_tenant,
    uuid_of,
)
from tests.builders.principals import (
    a_customers_user,
    a_system,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService


async def test_all_that_is_known_comes_back(service: RunningService) -> None:
    tenant_id = await open_tenant(service)
    customer = await add_customer(service, tenant_id)
    known = resources_pb2.Resource(
        cloud_resource_id="vm-1", customer_id=customer.id, **WHOLE_RESOURCE
    )
    await add_resources(service, tenant_id, known)
    request = resources_pb2.ListResourcesRequest(customer_id=customer.id)

    listed = await service.call(request, principal=an_administrator(tenant_id))
    [resource] = listed.resources
    gotten = await service.call(
        resources_pb2.BatchGetResourcesRequest(ids=[to_text("res", new_id()), resource.id]),
        principal=an_administrator(tenant_id),
    )

    assert list(gotten.resources) == [resource]
    known.id = resource.id
    assert resource == known


async def test_what_is_unset_stays_unset(service: RunningService) -> None:
    tenant_id = await open_tenant(service)
    customer = await add_customer(service, tenant_id)
    known = a_resource(customer)
    await add_resources(service, tenant_id, known)

    listed = await service.call(
        resources_pb2.ListResourcesRequest(customer_id=customer.id),
        principal=an_administrator(tenant_id),
    )

    [resource] = listed.resources
    known.id = resource.id
    known.update_time.CopyFrom(resource.update_time)
    assert resource == known


async def test_a_batch_answers_each_customer_asked_in_that_order(service: RunningService) -> None:
    tenant_id = await open_tenant(service)
    full, empty = [await add_customer(service, tenant_id) for _ in range(2)]
    foreign = await add_customer(service, await open_tenant(service))
    days = ["2024-10-01", "2024-10-02", "2024-10-03"]
    await add_resources(
        service, tenant_id, *(a_resource(full, expire_time=at(day)) for day in days)
    )
    unknown = to_text("cus", new_id())
    ids = [unknown, empty.id, full.id, foreign.id]

    answer = await service.call(
        resources_pb2.BatchListResourcesRequest(
            customer_ids=ids, page_size=2, with_item_tokens=True
        ),
        principal=an_administrator(tenant_id),
    )

    assert [group.customer_id for group in answer.groups] == ids
    assert [len(group.resources) for group in answer.groups] == [0, 0, 2, 0]
    group = answer.groups[2]
    assert [one.expire_time for one in group.resources] == [at(day) for day in days[:2]]
    assert group.next_page_token == group.item_tokens[1]
    rest = await service.call(
        resources_pb2.ListResourcesRequest(customer_id=full.id, page_token=group.next_page_token),
        principal=an_administrator(tenant_id),
    )
    assert [one.expire_time for one in rest.resources] == [at(days[2])]
    refusal = await service.refusal(
        resources_pb2.ListResourcesRequest(customer_id=empty.id, page_token=group.next_page_token),
        principal=an_administrator(tenant_id),
    )
    assert refusal.violations[0][0] == "page_token"


async def test_a_customer_out_of_scope_is_not_found(service: RunningService) -> None:
    tenant_id = await open_tenant(service)
    one, two = [await add_customer(service, tenant_id) for _ in range(2)]
    itself = a_customers_user(tenant_id, customer_id=uuid_of(one.id))

    refusals = [
        await service.refusal(resources_pb2.ListResourcesRequest(customer_id=id_), principal=itself)
        for id_ in (two.id, to_text("cus", new_id()))
    ]

    assert refusals[0] == refusals[1]
    assert (refusals[0].code, refusals[0].message) == ("NOT_FOUND", "customer not found")


@pytest.mark.parametrize(
    ("known", "field"),
    [
        ({"cloud_resource_ids": ["x"] * 51}, "filter.cloud_resource_ids"),
        ({"states": [0]}, "filter.states[0]"),
        ({"states": [99]}, "filter.states[0]"),
        (
            {"expire_time_from": at("2024-02-01"), "expire_time_to": at("2024-01-01")},
            "filter.expire_time_to",
        ),
        (
            {"effective_time_from": at("2024-02-01"), "effective_time_to": at("2024-01-01")},
            "filter.effective_time_to",
        ),
    ],
)
async def test_a_malformed_filter_is_refused_by_its_field(
    service: RunningService, known: dict[str, Any], field: str
) -> None:
    tenant_id = await open_tenant(service)
    customer = await add_customer(service, tenant_id)
    request = resources_pb2.ListResourcesRequest(
        customer_id=customer.id, filter=resources_pb2.ResourceFilter(**known)
    )

    refusal = await service.refusal(request, principal=an_administrator(tenant_id))

    assert (refusal.reason, refusal.violations[0][0]) == ("INVALID_ARGUMENT", field)


async def test_ensure_resources_refuses_a_step_that_is_not_allowed_and_keeps_nothing(
    service: RunningService,
) -> None:
    tenant_id = await open_tenant(service)
    customer = await add_customer(service, tenant_id)
    known = a_resource(customer, cloud_resource_id="vm-1")
    await add_resources(service, tenant_id, known)
    known.state = resources_pb2.RESOURCE_STATE_FROZEN
    request = resources_pb2.EnsureResourcesRequest(
        request_id=a_request_id(), resources=[a_resource(customer), known]
    )

    refusal = await service.refusal(request, principal=an_operator(tenant_id))

    assert refusal.reason == "STATE_CONFLICT"
    assert refusal.metadata == {"cloud_resource_id": "vm-1", "from": "ACTIVE", "to": "FROZEN"}
    listed = await service.call(
        resources_pb2.ListResourcesRequest(customer_id=customer.id),
        principal=an_administrator(tenant_id),
    )
    assert [one.cloud_resource_id for one in listed.resources] == ["vm-1"]


async def test_ensure_resources_is_for_the_platform(service: RunningService) -> None:
    tenant_id = await open_tenant(service)
    customer = await add_customer(service, tenant_id)
    request = resources_pb2.EnsureResourcesRequest(
        request_id=a_request_id(), resources=[a_resource(customer)], keep_known=True
    )

    refusal = await service.refusal(request, principal=an_administrator(tenant_id))
    answer = await service.call(request, principal=a_system(tenant_id, workload="billing"))

    assert refusal.reason == "PERMISSION_DENIED"
    assert (answer.created_count, answer.updated_count) == (1, 0)


async def test_the_customer_shows_when_its_next_resource_expires(service: RunningService) -> None:
    tenant_id = await open_tenant(service)
    customer = await add_customer(service, tenant_id)

    await add_resources(service, tenant_id, a_resource(customer, expire_time=at("2024-10-01")))

    shown = await service.call(
        customers_pb2.GetCustomerRequest(id=customer.id), principal=an_administrator(tenant_id)
    )
    assert shown.nearest_expire_time == at("2024-10-01")
