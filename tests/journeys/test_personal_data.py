"""Personal data is masked wherever it is listed; showing it is asked for and leaves a line."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.kit import ids
from tests.builders.customers import a_request_id, add_customer, open_tenant, uuid_of
from tests.builders.graphs import Graph
from tests.builders.principals import a_customers_user, a_system, an_administrator
from tests.builders.running import RunningService

Services = Mapping[str, RunningService]
FIELDS = "accountName name email mobile"
LISTED = f"{{ customers {{ nodes {{ id {FIELDS} }} }} }}"
REVEAL = f"""
mutation Reveal($input: RevealCustomersInput!) {{
  revealCustomers(input: $input) {{
    customers {{ id {FIELDS} }}
    userErrors {{ field message ... on CustomerUserError {{ code }} }}
  }}
}}
"""
KNOWN = {
    "accountName": "orchid_login",
    "name": "Orchid Foods",
    "email": "desk@orchid.example",
    "mobile": "13912345678",
}
MASKED = {
    "accountName": "o***",
    "name": "O***",
    "email": "d***@orchid.example",
    "mobile": "139***5678",
}


async def _known(services: Services, tenant_id: UUID) -> str:
    names = {name: value for name, value in KNOWN.items() if name != "accountName"}
    customer = await add_customer(
        services["customers"], tenant_id, account_name=KNOWN["accountName"], **names
    )
    return customer.id


async def _audit_lines(services: Services, tenant_id: UUID) -> list[Any]:
    async with services["customers"].database.transaction(a_system(tenant_id)) as session:
        rows = await session.execute(
            text("SELECT customer_id, subject, reason FROM customer_reveals")
        )
        return [tuple(row) for row in rows]


async def test_a_list_masks_personal_data(graph: Graph, services: Services) -> None:
    tenant_id = await open_tenant(services["customers"])
    customer_id = await _known(services, tenant_id)

    listed = await graph.data(LISTED, principal=an_administrator(tenant_id))

    assert listed["customers"]["nodes"] == [{"id": customer_id} | MASKED]


async def test_reveal_customers_shows_it_and_writes_who_asked_and_why(
    graph: Graph, services: Services
) -> None:
    tenant_id = await open_tenant(services["customers"])
    customer_id = await _known(services, tenant_id)
    administrator = an_administrator(tenant_id)
    given = {"requestId": a_request_id(), "customerIds": [customer_id], "reason": "to call back"}

    revealed = await graph.data(REVEAL, principal=administrator, input=given)
    again = await graph.data(REVEAL, principal=administrator, input=given)

    assert revealed["revealCustomers"] == {
        "customers": [{"id": customer_id} | KNOWN],
        "userErrors": [],
    }
    assert again == revealed
    assert await _audit_lines(services, tenant_id) == [
        (uuid_of(customer_id), administrator.subject, "to call back")
    ]
    listed = await graph.data(LISTED, principal=administrator)
    assert listed["customers"]["nodes"] == [{"id": customer_id} | MASKED]


async def test_only_ones_own_customers_are_shown_and_only_to_the_partners_people(
    graph: Graph, services: Services
) -> None:
    tenant_id = await open_tenant(services["customers"])
    customer_id = await _known(services, tenant_id)
    own_and_unknown = [customer_id, ids.to_text("cus", ids.new_id())]
    given = {"requestId": a_request_id(), "customerIds": own_and_unknown, "reason": "to call"}
    itself = a_customers_user(tenant_id, customer_id=uuid_of(customer_id))

    refused = await graph(REVEAL, principal=itself, input=given)
    lines_before = await _audit_lines(services, tenant_id)
    revealed = await graph.data(REVEAL, principal=an_administrator(tenant_id), input=given)

    assert refused.error["extensions"]["code"] == "FORBIDDEN"
    assert lines_before == []
    assert [one["id"] for one in revealed["revealCustomers"]["customers"]] == [customer_id]
    assert len(await _audit_lines(services, tenant_id)) == 1
