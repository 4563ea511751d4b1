"""Account managers as clients see and add them."""

from partner.customers.v1 import account_managers_pb2
from services.kit.errors import Refusal
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask, refusing

CREATE = """
mutation ($input: CreateAccountManagerInput!) {
  createAccountManager(input: $input) {
    accountManager { name accountName }
    userErrors { metadata { key value } ... on CustomerUserError { code } }
  }
}
"""
INPUT = {"requestId": "r", "accountName": "li", "name": "李明"}


class AccountNameTaken(Refusal):
    pass


async def test_account_managers_are_listed_by_name() -> None:
    rpcs = Rpcs(
        ListAccountManagers=account_managers_pb2.ListAccountManagersResponse(
            account_managers=[messages.an_account_manager()]
        )
    )

    shown = await ask(
        '{ accountManagers(filter: {name: "李"}, orderBy: NAME_DESC) { nodes { name } } }',
        rpcs=rpcs,
    )

    assert shown.data == {"accountManagers": {"nodes": [{"name": "李明"}]}}
    request = rpcs.request("ListAccountManagers")
    assert request.filter.name == "李"
    assert request.order_by == account_managers_pb2.ACCOUNT_MANAGER_ORDER_NAME_DESC


async def test_a_new_account_manager_is_the_whole_response() -> None:
    rpcs = Rpcs(CreateAccountManager=messages.an_account_manager())

    shown = await ask(CREATE, rpcs=rpcs, input=INPUT)

    assert shown.data["createAccountManager"] == {
        "accountManager": {"name": "李明", "accountName": "li"},
        "userErrors": [],
    }


async def test_a_login_name_that_is_taken_is_a_user_error() -> None:
    taken = AccountNameTaken("this login name is taken", account_name="li")

    shown = await ask(
        CREATE, rpcs=Rpcs(CreateAccountManager=refusing(taken, service="customers")), input=INPUT
    )

    assert shown.data["createAccountManager"]["userErrors"] == [
        {"metadata": [{"key": "accountName", "value": "li"}], "code": "ACCOUNT_NAME_TAKEN"}
    ]
