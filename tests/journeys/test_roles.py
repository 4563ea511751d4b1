"""What each role sees and may do at the graph."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from services.kit.identity import Principal
from tests.builders.billing import an_issue, grant_quota
from tests.builders.customers import a_request_id, add_manager, add_reseller, open_tenant, uuid_of
from tests.builders.graphs import Graph
from tests.builders.principals import (
    a_customers_user,
    a_director,
    a_finance_operator,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService
from tests.builders.tenants import add_known_customers

Services = Mapping[str, RunningService]
SEEN = """
query Seen($of: CustomerFilter) {
  me { role }
  customers(first: 10, filter: $of) { totalCount nodes { id vouchers { nodes { id } } } }
  vouchers(first: 10) { nodes { customer { id } } }
}
"""
TAG = """
mutation Tag($input: UpdateCustomerInput!) {
  updateCustomer(input: $input) {
    customer { tags } userErrors { ... on CustomerUserError { code } }
  }
}
"""
GRANT = """
mutation Grant($input: GrantVoucherQuotaInput!) {
  grantVoucherQuota(input: $input) { voucherQuota { balance { amount } } userErrors { message } }
}
"""


@dataclass(frozen=True)
class House:
    """A distributor: customers of two account managers and of one reseller, each with a voucher."""

    people: Mapping[str, Principal]
    customers: Mapping[str, str]
    quota_id: str
    reseller_id: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(services: Services) -> House:
    customers = services["customers"]
    tenant_id = await open_tenant(customers, kind="DISTRIBUTOR")
    first, second = [await add_manager(customers, tenant_id) for _ in range(2)]
    reseller = await add_reseller(customers, tenant_id)
    known = {
        "first's": {"account_manager_id": first.id},
        "second's": {"account_manager_id": second.id},
        "reseller's": {"indirect_partner_id": reseller.id},
    }
    ids = {
        whose: (await add_known_customers(services, tenant_id, 1, **fields))[0]
        for whose, fields in known.items()
    }
    quota = await grant_quota(services["billing"], tenant_id, face_total="1000 CNY")
    await services["billing"].call(
        an_issue(quota.id, [ids["first's"], ids["second's"]]), principal=an_administrator(tenant_id)
    )
    reseller_id = uuid_of(reseller.id)
    people = {
        "administrator": an_administrator(tenant_id),
        "finance": a_finance_operator(tenant_id),
        "director": a_director(tenant_id, team=(uuid_of(first.id), uuid_of(second.id))),
        "manager": an_account_manager(tenant_id, account_manager_id=uuid_of(first.id)),
        "reseller": an_administrator(tenant_id, partner_id=reseller_id),
        "customer": a_customers_user(tenant_id, customer_id=uuid_of(ids["second's"])),
        "resellers customer": a_customers_user(
            tenant_id, customer_id=uuid_of(ids["reseller's"]), partner_id=reseller_id
        ),
        "operator": an_operator(tenant_id),
    }
    return House(people, ids, quota.id, reseller.id)


# What each person's list has. A distributor's leaves its resellers' customers out (domain.md 5.1).
OWN = {"first's", "second's"}
LISTS = {
    "administrator": OWN,
    "finance": OWN,
    "operator": OWN,
    "director": OWN,
    "manager": {"first's"},
    "reseller": {"reseller's"},
    "customer": {"second's"},
    "resellers customer": {"reseller's"},
}
# Who finds a reseller's customer nevertheless, by its id or below its reseller.
ABOVE_RESELLERS = {"administrator", "finance", "operator"}


@pytest.mark.parametrize("who", LISTS)
async def test_everybody_lists_their_own_customers_and_vouchers_only(
    graph: Graph, house: House, who: str
) -> None:
    seen = await graph.data(SEEN, principal=house.people[who])

    customers = seen["customers"]["nodes"]
    assert {one["id"] for one in customers} == {house.customers[whose] for whose in LISTS[who]}
    assert seen["customers"]["totalCount"] == len(LISTS[who])
    with_vouchers = {house.customers[whose] for whose in LISTS[who] - {"reseller's"}}
    assert {one["id"] for one in customers if one["vouchers"]["nodes"]} == with_vouchers
    assert {one["customer"]["id"] for one in seen["vouchers"]["nodes"]} == with_vouchers
    assert seen["me"]["role"] == house.people[who].role.value


@pytest.mark.parametrize("who", LISTS)
async def test_by_its_id_nobody_finds_what_is_not_theirs(
    graph: Graph, house: House, who: str
) -> None:
    found = await graph.data(
        "query Find($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        principal=house.people[who],
        ids=list(house.customers.values()),
    )

    theirs = LISTS[who] | ({"reseller's"} if who in ABOVE_RESELLERS else set())
    assert [one is not None for one in found["nodes"]] == [
        whose in theirs for whose in house.customers
    ]


@pytest.mark.parametrize(("who", "count"), [("administrator", 1), ("finance", 1), ("manager", 0)])
async def test_a_distributors_people_list_a_resellers_customers_within_their_own_bounds(
    graph: Graph, house: House, who: str, count: int
) -> None:
    of_reseller = {"indirectPartnerId": house.reseller_id}

    seen = await graph.data(SEEN, principal=house.people[who], of=of_reseller)

    ids = [one["id"] for one in seen["customers"]["nodes"]]
    assert ids == [house.customers["reseller's"]][:count]


@pytest.mark.parametrize("who", ["customer", "reseller"])
async def test_nobody_else_may_name_a_reseller(graph: Graph, house: House, who: str) -> None:
    answer = await graph(
        SEEN, principal=house.people[who], of={"indirectPartnerId": house.reseller_id}
    )

    assert answer.data["customers"] is None
    assert answer.error["extensions"]["code"] == "FORBIDDEN"
    assert answer.error["extensions"]["reason"] == "INDIRECT_PARTNER_FORBIDDEN"


async def test_finance_may_issue_vouchers(graph: Graph, house: House) -> None:
    answer = await graph(ISSUE, principal=house.people["finance"], input=_issue(house))

    assert answer.errors == []
    assert answer.data["issueVouchers"]["userErrors"] == []


@pytest.mark.parametrize("who", ["director", "manager", "customer", "operator"])
async def test_others_may_not_issue_vouchers(graph: Graph, house: House, who: str) -> None:
    answer = await graph(ISSUE, principal=house.people[who], input=_issue(house))

    assert answer.error["extensions"]["code"] == "FORBIDDEN"
    assert answer.error["path"] == ["issueVouchers"]


async def test_a_reseller_issues_nothing_out_of_the_distributors_quota(
    graph: Graph, house: House
) -> None:
    answer = await graph(ISSUE, principal=house.people["reseller"], input=_issue(house))

    assert [one["code"] for one in answer.data["issueVouchers"]["userErrors"]] == [
        "QUOTA_NOT_FOUND_OR_STATE"
    ]


async def test_an_account_manager_tags_own_customers_only(graph: Graph, house: House) -> None:
    codes = {}
    for whose in ("first's", "second's"):
        given = {"requestId": a_request_id(), "id": house.customers[whose], "tags": ["gold"]}
        data = await graph.data(TAG, principal=house.people["manager"], input=given)
        codes[whose] = [one["code"] for one in data["updateCustomer"]["userErrors"]]

    assert codes == {"first's": [], "second's": ["NOT_FOUND"]}


async def test_only_the_platform_grants_quotas(graph: Graph, house: House) -> None:
    def given() -> dict[str, Any]:
        return {
            "requestId": a_request_id(),
            "couponType": "VOUCHER",
            "faceTotal": {"amount": "500", "currencyCode": "CNY"},
            "expireTime": "2099-01-01T00:00:00Z",
        }

    refused = await graph(GRANT, principal=house.people["administrator"], input=given())
    granted = await graph.data(GRANT, principal=house.people["operator"], input=given())

    assert refused.error["extensions"]["code"] == "FORBIDDEN"
    assert granted["grantVoucherQuota"]["voucherQuota"]["balance"]["amount"] == "500"


async def test_an_operator_without_an_opened_tenant_sees_nothing(
    graph: Graph, house: House
) -> None:
    answer = await graph("{ customers { nodes { id } } }", principal=an_operator(None))

    assert answer.data == {"customers": None}
    assert answer.error["extensions"]["code"] == "FORBIDDEN"


ISSUE = """
mutation Issue($input: IssueVouchersInput!) {
  issueVouchers(input: $input) {
    results { voucher { id } } userErrors { ... on BillingUserError { code } }
  }
}
"""


def _issue(house: House) -> dict[str, Any]:
    return {
        "requestId": a_request_id(),
        "quotaId": house.quota_id,
        "customerIds": [house.customers["first's"]],
        "faceValue": {"amount": "1", "currencyCode": "CNY"},
    }
