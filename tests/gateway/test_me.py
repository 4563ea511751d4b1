"""Who is asking."""

from partner.customers.v1 import account_managers_pb2, customers_pb2, partners_pb2
from services.kit.ids import new_id, to_text
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask
from tests.builders.principals import (
    a_customers_user,
    a_director,
    a_tenant,
    an_administrator,
    an_operator,
)

ME = "{ me { subject role partner { name } customer { name } accountManagers { name } } }"


async def test_an_administrator_sees_the_partner() -> None:
    tenant = a_tenant()
    partner = messages.a_partner(id=to_text("ptr", tenant), name="Lakeside")
    rpcs = Rpcs(
        BatchGetPartners=messages.found(
            partners_pb2.BatchGetPartnersResponse, "partners", [partner]
        )
    )

    shown = await ask(ME, rpcs=rpcs, principal=an_administrator(tenant))

    assert shown.data["me"] == {
        "subject": "administrator",
        "role": "ADMINISTRATOR",
        "partner": {"name": "Lakeside"},
        "customer": None,
        "accountManagers": [],
    }


async def test_a_director_sees_the_team() -> None:
    team = (new_id(), new_id())
    managers = [messages.an_account_manager(id=to_text("mgr", each)) for each in team]
    rpcs = Rpcs(
        BatchGetAccountManagers=messages.found(
            account_managers_pb2.BatchGetAccountManagersResponse, "account_managers", managers
        )
    )

    shown = await ask(
        "{ me { accountManagers { id } } }", rpcs=rpcs, principal=a_director(a_tenant(), team=team)
    )

    assert shown.data["me"]["accountManagers"] == [{"id": each.id} for each in managers]


async def test_a_customer_sees_itself() -> None:
    customer_id = new_id()
    customer = messages.a_customer(id=to_text("cus", customer_id), name="云")
    rpcs = Rpcs(
        BatchGetCustomers=messages.found(
            customers_pb2.BatchGetCustomersResponse, "customers", [customer]
        )
    )

    shown = await ask(
        "{ me { role customer { name } } }",
        rpcs=rpcs,
        principal=a_customers_user(a_tenant(), customer_id=customer_id),
    )

    assert shown.data["me"] == {"role": "CUSTOMER", "customer": {"name": "云"}}


async def test_an_operator_without_a_tenant_belongs_to_nobody() -> None:
    shown = await ask(ME, rpcs=Rpcs(), principal=an_operator(None))

    assert shown.errors == []
    assert shown.data["me"]["partner"] is None
