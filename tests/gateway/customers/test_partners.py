"""Partners and resellers as clients see them."""

from partner.customers.v1 import partners_pb2
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask


async def test_a_partner_is_found_by_its_id() -> None:
    partner = messages.a_partner(mobile="138****0000")
    rpcs = Rpcs(
        BatchGetPartners=messages.found(
            partners_pb2.BatchGetPartnersResponse, "partners", [partner]
        )
    )

    shown = await ask(
        """query ($id: ID!) { partner(id: $id) {
          name kind state currencyCode mobile email associateTime accountManager { name }
        } }""",
        rpcs=rpcs,
        id=partner.id,
    )

    assert shown.data["partner"] == {
        "name": "Lakeside",
        "kind": "DISTRIBUTOR",
        "state": "ACTIVE",
        "currencyCode": "CNY",
        "mobile": "138****0000",
        "email": None,
        "associateTime": None,
        "accountManager": None,
    }


async def test_resellers_are_listed_with_every_filter() -> None:
    reseller = messages.a_partner(kind=partners_pb2.PARTNER_KIND_INDIRECT_PARTNER)
    rpcs = Rpcs(ListIndirectPartners=partners_pb2.ListIndirectPartnersResponse(partners=[reseller]))
    asked = {
        "accountName": "a",
        "name": "n",
        "mobile": "1",
        "email": "e@example.com",
        "indirectPartnerId": reseller.id,
        "associateTimeFrom": "2026-01-01T00:00:00Z",
        "associateTimeTo": "2026-02-01T00:00:00Z",
    }

    shown = await ask(
        """query ($filter: IndirectPartnerFilter) {
          indirectPartners(filter: $filter, orderBy: NAME_ASC) { nodes { kind } }
        }""",
        rpcs=rpcs,
        filter=asked,
    )

    assert shown.data == {"indirectPartners": {"nodes": [{"kind": "INDIRECT_PARTNER"}]}}
    filters = rpcs.request("ListIndirectPartners").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(asked)
