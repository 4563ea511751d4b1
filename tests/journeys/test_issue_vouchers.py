"""Vouchers issued through the graph: once for each request, never beyond the quota."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from partner.type.v1 import terms_pb2
from services.billing.ledger.invariants import INVARIANTS
from services.kit import ids
from tests.builders.billing import grant_quota
from tests.builders.customers import a_request_id, open_tenant
from tests.builders.graphs import Graph
from tests.builders.principals import (
    a_finance_operator,
    a_system,
    an_account_manager,
    an_administrator,
)
from tests.builders.running import RunningService
from tests.builders.tenants import add_known_customers

ISSUE = """
mutation Issue($input: IssueVouchersInput!) {
  issueVouchers(input: $input) {
    results {
      customer { id }
      voucher { id faceValue { amount currencyCode } balance { amount } state customer { id } }
      error { reason }
    }
    userErrors { field message metadata { key value } ... on BillingUserError { code } }
  }
}
"""
BOOKS = """
query Books {
  voucherQuotas { nodes { balance { amount } faceTotal { amount } } }
  vouchers { nodes { faceValue { amount } } }
  voucherOperations { nodes { result } }
}
"""
Services = Mapping[str, RunningService]


@dataclass(frozen=True)
class Partner:
    """A partner with a quota of 100 CNY."""

    tenant_id: UUID
    quota_id: str
    graph: Graph
    services: Services

    def input(self, customer_ids: list[str], *, face_value: str = "10", **given: Any) -> Any:
        return {
            "requestId": a_request_id(),
            "quotaId": self.quota_id,
            "customerIds": customer_ids,
            "faceValue": {"amount": face_value, "currencyCode": "CNY"},
        } | given

    async def issue(self, given: Mapping[str, Any], *, principal: Any = None) -> Any:
        data = await self.graph.data(
            ISSUE, principal=principal or a_finance_operator(self.tenant_id), input=given
        )
        return data["issueVouchers"]

    async def books(self) -> tuple[str, int, int]:
        """Give what is left of the quota, and how many vouchers and records there are."""
        data = await self.graph.data(BOOKS, principal=an_administrator(self.tenant_id))
        (quota,) = data["voucherQuotas"]["nodes"]
        counts = [len(data[name]["nodes"]) for name in ("vouchers", "voucherOperations")]
        return quota["balance"]["amount"], counts[0], counts[1]

    async def broken_invariants(self) -> dict[str, Any]:
        broken = {}
        principal = a_system(self.tenant_id)
        async with self.services["billing"].database.transaction(principal) as session:
            for name, query in INVARIANTS.items():
                if rows := (await session.execute(text(query))).all():
                    broken[name] = rows
        return broken


@pytest.fixture
async def partner(graph: Graph, services: Services) -> Partner:
    tenant_id = await open_tenant(services["customers"])
    quota = await grant_quota(services["billing"], tenant_id, face_total="100 CNY")
    return Partner(tenant_id, quota.id, graph, services)


async def test_fifty_equal_requests_at_once_have_one_effect_and_equal_answers(
    partner: Partner,
) -> None:
    customers = await add_known_customers(partner.services, partner.tenant_id, 3)
    given = partner.input(customers)

    answers = await asyncio.gather(*(partner.issue(given) for _ in range(50)))

    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["userErrors"] == []
    assert [result["customer"]["id"] for result in answers[0]["results"]] == customers
    assert all(
        result["voucher"]["faceValue"] == {"amount": "10", "currencyCode": "CNY"}
        for result in answers[0]["results"]
    )
    assert await partner.books() == ("70", 3, 3)
    assert await partner.broken_invariants() == {}


async def test_the_same_request_id_with_another_body_is_refused(partner: Partner) -> None:
    customers = await add_known_customers(partner.services, partner.tenant_id, 1)
    given = partner.input(customers)
    await partner.issue(given)

    refused = await partner.issue(given | partner.input(customers, face_value="11") | _id_of(given))

    assert refused["results"] is None
    assert [error["code"] for error in refused["userErrors"]] == ["REQUEST_ID_REUSED"]
    assert await partner.books() == ("90", 1, 1)


async def test_beyond_the_quota_nothing_changes(partner: Partner) -> None:
    customers = await add_known_customers(partner.services, partner.tenant_id, 3)

    refused = await partner.issue(partner.input(customers, face_value="33.34"))

    assert refused["results"] is None
    (error,) = refused["userErrors"]
    assert error["code"] == "QUOTA_INSUFFICIENT"
    assert {one["key"]: one["value"] for one in error["metadata"]} == {
        "available": "100",
        "required": "100.02",
    }
    assert await partner.books() == ("100", 0, 0)
    assert await partner.broken_invariants() == {}


async def test_the_last_of_a_quota_goes_to_one_of_many_who_want_it(partner: Partner) -> None:
    customers = await add_known_customers(partner.services, partner.tenant_id, 1)

    answers = await asyncio.gather(
        *(partner.issue(partner.input(customers, face_value="60")) for _ in range(12))
    )

    codes = Counter(error["code"] for answer in answers for error in answer["userErrors"])
    assert codes == {"QUOTA_INSUFFICIENT": 11}
    assert await partner.books() == ("40", 1, 1)
    assert await partner.broken_invariants() == {}


async def test_each_customer_has_its_own_result(partner: Partner) -> None:
    tenant_id = partner.tenant_id
    (resale,) = await add_known_customers(partner.services, tenant_id, 1)
    (advisory,) = await add_known_customers(
        partner.services, tenant_id, 1, association_type=terms_pb2.ASSOCIATION_TYPE_ADVISORY
    )
    other_tenant = await open_tenant(partner.services["customers"])
    (foreign,) = await add_known_customers(partner.services, other_tenant, 1)
    unknown = ids.to_text("cus", ids.new_id())

    answer = await partner.issue(partner.input([advisory, resale, foreign, unknown]))

    assert answer["userErrors"] == []
    assert [(one["error"] or {}).get("reason") for one in answer["results"]] == [
        "ADVISORY_NOT_ALLOWED",
        None,
        "NOT_SUB_CUSTOMER",
        "NOT_SUB_CUSTOMER",
    ]
    assert [one["voucher"] is not None for one in answer["results"]] == [False, True, False, False]
    assert [one["customer"] for one in answer["results"]] == [
        {"id": advisory},
        {"id": resale},
        None,
        None,
    ]
    assert await partner.books() == ("90", 1, 4)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"faceValue": {"amount": "0", "currencyCode": "CNY"}}, "input.faceValue.amount"),
        ({"faceValue": {"amount": "1.234", "currencyCode": "CNY"}}, "input.faceValue.amount"),
        ({"faceValue": {"amount": "1", "currencyCode": "USD"}}, "input.faceValue.currencyCode"),
        ({"quotaId": "quo_nonsense"}, "input.quotaId"),
        ({"customerIds": ["cus_nonsense"]}, "input.customerIds[0]"),
        ({"requestId": "two words"}, "input.requestId"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_bad_input_is_a_user_error_that_names_its_field(
    partner: Partner, wrong: dict[str, Any], field: str
) -> None:
    customers = await add_known_customers(partner.services, partner.tenant_id, 1)

    refused = await partner.issue(partner.input(customers) | wrong)

    assert [(one["code"], one["field"]) for one in refused["userErrors"]] == [
        ("INVALID_ARGUMENT", field)
    ]
    assert await partner.books() == ("100", 0, 0)


async def test_an_account_manager_may_not_issue(partner: Partner) -> None:
    customers = await add_known_customers(partner.services, partner.tenant_id, 1)
    manager = an_account_manager(partner.tenant_id, account_manager_id=ids.new_id())

    answer = await partner.graph(ISSUE, principal=manager, input=partner.input(customers))

    assert answer.data == {"issueVouchers": None}
    assert answer.error["extensions"]["code"] == "FORBIDDEN"
    assert answer.error["path"] == ["issueVouchers"]
    assert await partner.books() == ("100", 0, 0)


def _id_of(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"requestId": given["requestId"]}
