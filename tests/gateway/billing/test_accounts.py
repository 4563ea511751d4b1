"""Accounts, balances and credit as clients see them, over fake rpcs."""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2

from partner.billing.v1 import accounts_pb2
from partner.customers.v1 import customers_pb2, partners_pb2
from services.billing.accounts.model import CurrencyMismatch
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask, refusing


def a_lot(**others: Any) -> accounts_pb2.Account:
    return messages.an_account(
        kind=accounts_pb2.ACCOUNT_KIND_CREDIT,
        credit_limit=messages.money("500 USD"),
        expire_date=date_pb2.Date(year=2027, month=6, day=30),
        **others,
    )


async def test_accounts_take_every_filter_and_show_what_a_kind_has() -> None:
    rpcs = Rpcs(ListAccounts=accounts_pb2.ListAccountsResponse(accounts=[a_lot()]))
    asked = {"kinds": ["CREDIT", "CASH"], "indirectPartnerId": messages.an_id("ptr")}

    shown = await ask(
        """query ($filter: AccountFilter) { accounts(filter: $filter) { nodes {
          kind amount { amount } withdrawableAmount { amount } creditLimit { amount } expireDate
          balanceAlert { receivers }
        } } }""",
        rpcs=rpcs,
        filter=asked,
    )

    assert shown.errors == []
    assert shown.data["accounts"]["nodes"] == [
        {
            "kind": "CREDIT",
            "amount": {"amount": "80"},
            "withdrawableAmount": None,
            "creditLimit": {"amount": "500"},
            "expireDate": "2027-06-30",
            "balanceAlert": None,
        }
    ]
    filters = rpcs.request("ListAccounts").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(asked)


async def test_balances_of_all_customers_of_a_page_are_asked_for_at_once() -> None:
    resale, referral = messages.a_customer(), messages.a_customer()
    balance = accounts_pb2.CustomerBalance(id=resale.id, available_amount=messages.money("7.5 USD"))
    rpcs = Rpcs(
        ListCustomers=customers_pb2.ListCustomersResponse(customers=[resale, referral]),
        BatchGetCustomerBalances=messages.found(
            accounts_pb2.BatchGetCustomerBalancesResponse, "balances", [balance]
        ),
        BatchGetCustomers=found_customers(resale),
    )

    shown = await ask(
        """{ customers { nodes { balance {
          availableAmount { amount } debtAmount { amount } customer { id }
        } } } }""",
        rpcs=rpcs,
    )

    assert shown.errors == []
    assert [one["balance"] for one in shown.data["customers"]["nodes"]] == [
        {
            "availableAmount": {"amount": "7.5"},
            "debtAmount": None,
            "customer": {"id": resale.id},
        },
        None,
    ]
    assert list(rpcs.request("BatchGetCustomerBalances").ids) == [resale.id, referral.id]


async def test_a_customers_id_still_finds_the_customer_and_not_its_balance() -> None:
    customer = messages.a_customer()
    rpcs = Rpcs(BatchGetCustomers=found_customers(customer))

    shown = await ask(
        "query ($id: ID!) { node(id: $id) { __typename id } }", rpcs=rpcs, id=customer.id
    )

    assert shown.data["node"] == {"__typename": "Customer", "id": customer.id}


async def test_a_partner_leads_to_its_accounts() -> None:
    partner = messages.a_partner()
    account = messages.an_account(partner_id=partner.id)

    def grouped(request: Any) -> Any:
        return accounts_pb2.BatchListAccountsResponse(
            groups=[{"partner_id": key, "accounts": [account]} for key in request.partner_ids]
        )

    rpcs = Rpcs(
        BatchGetPartners=messages.found(
            partners_pb2.BatchGetPartnersResponse, "partners", [partner]
        ),
        BatchListAccounts=grouped,
    )

    shown = await ask(
        "query ($id: ID!) { partner(id: $id) { accounts { id partner { name } } } }",
        rpcs=rpcs,
        id=partner.id,
    )

    assert shown.errors == []
    assert shown.data["partner"]["accounts"] == [
        {"id": account.id, "partner": {"name": partner.name}}
    ]


async def test_a_balance_of_the_past_is_asked_for_by_account_and_time() -> None:
    account_id = messages.an_id("acc")
    then = accounts_pb2.BalanceAt(
        account_id=account_id, time=messages.TIME, amount=messages.money("3 USD")
    )
    rpcs = Rpcs(GetBalanceAt=then)

    shown = await ask(
        """query ($id: ID!, $time: DateTime!) {
          balanceAt(accountId: $id, time: $time) { time amount { amount } }
        }""",
        rpcs=rpcs,
        id=account_id,
        time="2026-01-01T00:00:00Z",
    )

    assert shown.errors == []
    assert shown.data["balanceAt"]["amount"] == {"amount": "3"}
    request = rpcs.request("GetBalanceAt")
    assert (request.account_id, request.time) == (account_id, Timestamp(seconds=1_767_225_600))


async def test_credit_of_another_currency_is_a_user_error() -> None:
    refusal = CurrencyMismatch("all money here is CNY", currency_code="CNY", given="USD")
    rpcs = Rpcs(GrantCredit=refusing(refusal, service="billing"))

    shown = await ask(
        """mutation ($input: GrantCreditInput!) { grantCredit(input: $input) {
          account { id }
          userErrors { message metadata { key value } ... on BillingUserError { code } }
        } }""",
        rpcs=rpcs,
        input={"requestId": "1", "amount": {"amount": "1", "currencyCode": "USD"}},
    )

    assert shown.data["grantCredit"] == {
        "account": None,
        "userErrors": [
            {
                "message": "all money here is CNY",
                "metadata": [
                    {"key": "currencyCode", "value": "CNY"},
                    {"key": "given", "value": "USD"},
                ],
                "code": "CURRENCY_MISMATCH",
            }
        ],
    }


def found_customers(*customers: customers_pb2.Customer) -> Any:
    return messages.found(customers_pb2.BatchGetCustomersResponse, "customers", customers)
