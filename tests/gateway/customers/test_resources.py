"""Resources as clients see them, below their customers."""

from partner.customers.v1 import customers_pb2, resources_pb2
from partner.type.v1 import terms_pb2
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask


async def test_resources_of_customers_take_every_filter() -> None:
    rpcs = Rpcs(ListCustomers=messages.customers(2), BatchListResources=messages.RESOURCES)
    asked = {
        "chargingMode": "PERIOD",
        "cloudResourceIds": ["vm-1"],
        "orderNumber": "o",
        "onlyPrimary": True,
        "states": ["ACTIVE", "GRACE"],
        "expireTimeFrom": "2026-01-01T00:00:00Z",
        "expireTimeTo": "2026-02-01T00:00:00Z",
        "effectiveTimeFrom": "2026-01-01T00:00:00Z",
        "effectiveTimeTo": "2026-02-01T00:00:00Z",
        "serviceTypeCode": "ecs",
        "regionCode": "cn",
    }

    shown = await ask(
        """query ($filter: ResourceFilter) { customers { nodes {
          resources(filter: $filter) { nodes { chargingMode state isPrimary specSize } }
        } } }""",
        rpcs=rpcs,
        filter=asked,
    )

    assert shown.errors == []
    filters = rpcs.request("BatchListResources").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(asked)
    assert list(filters.states) == [
        resources_pb2.RESOURCE_STATE_ACTIVE,
        resources_pb2.RESOURCE_STATE_GRACE,
    ]
    assert filters.charging_mode == terms_pb2.CHARGING_MODE_PERIOD


async def test_a_resource_is_a_node_and_knows_its_customer() -> None:
    customer = messages.a_customer(name="云")
    resource = messages.a_resource(customer_id=customer.id, spec_size={"value": "40"})
    rpcs = Rpcs(
        BatchGetResources=messages.found(
            resources_pb2.BatchGetResourcesResponse, "resources", [resource]
        ),
        BatchGetCustomers=messages.found(
            customers_pb2.BatchGetCustomersResponse, "customers", [customer]
        ),
    )

    shown = await ask(
        """query ($id: ID!) { node(id: $id) {
          ... on Resource { specSize expirePolicy customer { name } }
        } }""",
        rpcs=rpcs,
        id=resource.id,
    )

    assert shown.data["node"] == {
        "specSize": "40",
        "expirePolicy": None,
        "customer": {"name": "云"},
    }
