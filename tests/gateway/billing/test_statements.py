"""Lines of statements as clients see them, over fake rpcs."""

from typing import Any

from partner.billing.v1 import accounts_pb2, statements_pb2
from partner.customers.v1 import customers_pb2
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask


async def test_statement_entries_take_every_filter_and_lead_to_the_other_side() -> None:
    customer = messages.a_customer(name="云")
    entry = messages.a_statement_entry(customer_id=customer.id)
    rpcs = Rpcs(
        ListStatementEntries=statements_pb2.ListStatementEntriesResponse(entries=[entry]),
        BatchGetCustomers=messages.found(
            customers_pb2.BatchGetCustomersResponse, "customers", [customer]
        ),
    )
    asked = {
        "kind": "CASH",
        "accountId": messages.an_id("acc"),
        "tradeTypes": ["ALLOCATE"],
        "tradeDateFrom": "2026-01-01",
        "tradeDateTo": "2026-02-01",
        "direction": "EXPENSE",
        "transactionId": messages.an_id("txn"),
        "channel": "ALIPAY",
        "indirectPartnerId": messages.an_id("ptr"),
    }

    shown = await ask(
        """query ($filter: StatementEntryFilter) { statementEntries(filter: $filter) { nodes {
          transactionId tradeType tradeDetail direction changeAmount { amount }
          balanceAfter { amount } channel customer { name } topUp { id }
        } } }""",
        rpcs=rpcs,
        filter=asked,
    )

    assert shown.errors == []
    assert shown.data["statementEntries"]["nodes"] == [
        {
            "transactionId": entry.transaction_id,
            "tradeType": "ALLOCATE",
            "tradeDetail": "ALLOCATION",
            "direction": "EXPENSE",
            "changeAmount": {"amount": "-20"},
            "balanceAfter": {"amount": "60"},
            "channel": None,
            "customer": {"name": "云"},
            "topUp": None,
        }
    ]
    filters = rpcs.request("ListStatementEntries").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(asked)


async def test_an_account_leads_to_its_lines_and_they_go_on_behind_a_cursor() -> None:
    account = messages.an_account()

    def grouped(request: Any) -> Any:
        return statements_pb2.BatchListStatementEntriesResponse(
            groups=[
                {
                    "account_id": key,
                    "entries": [messages.a_statement_entry()],
                    "item_tokens": ["here"],
                    "next_page_token": "here",
                }
                for key in request.account_ids
            ]
        )

    rpcs = Rpcs(
        BatchGetAccounts=messages.found(
            accounts_pb2.BatchGetAccountsResponse, "accounts", [account]
        ),
        BatchListStatementEntries=grouped,
        ListStatementEntries=statements_pb2.ListStatementEntriesResponse(
            entries=[messages.a_statement_entry()]
        ),
    )
    query = """query ($id: ID!, $after: String) { node(id: $id) { ... on Account {
      statementEntries(first: 1, after: $after, filter: { direction: EXPENSE }) {
        nodes { direction } pageInfo { hasNextPage endCursor }
      }
    } } }"""

    first = await ask(query, rpcs=rpcs, id=account.id)
    cursor = first.data["node"]["statementEntries"]["pageInfo"]["endCursor"]
    rest = await ask(query, rpcs=rpcs, id=account.id, after=cursor)

    assert rest.errors == []
    assert rest.data["node"]["statementEntries"]["pageInfo"]["hasNextPage"] is False
    following = rpcs.request("ListStatementEntries")
    assert (following.page_token, following.filter.account_id) == ("here", account.id)
