"""Contracts as clients see them: shown, previewed, applied for, refused."""

from partner.billing.v1 import contracts_pb2
from services.billing.contracts.model import PaymentPlanMismatch
from services.kit.errors import InvalidArgument
from tests.builders import graph_messages as messages
from tests.builders.contracts import a_day, an_installment
from tests.builders.graph import Rpcs, ask, refusing

TERMS = {
    "name": "云服务采购",
    "amount": {"amount": "100.00", "currencyCode": "CNY"},
    "promisedPaymentDate": "2027-03-01",
    "paymentPlan": [
        {"dueDate": "2027-01-01", "amount": {"amount": "40", "currencyCode": "CNY"}},
        {"dueDate": "2027-03-01", "amount": {"amount": "60", "currencyCode": "CNY"}},
    ],
}
SAID = contracts_pb2.ContractTerms(
    name="云服务采购",
    amount=messages.money("100.00 CNY"),
    promised_payment_date=a_day("2027-03-01"),
    payment_plan=[an_installment("2027-01-01", "40 CNY"), an_installment("2027-03-01", "60 CNY")],
)
ASKED = {
    "number": "7",
    "kind": "OFFLINE",
    "states": ["EFFECTIVE", "EXPIRED"],
    "partnerId": messages.an_id("ptr"),
    "createTimeFrom": "2026-01-01T00:00:00Z",
    "createTimeTo": "2026-02-01T00:00:00Z",
    "promisedPaymentDateFrom": "2026-01-01",
    "promisedPaymentDateTo": "2026-02-01",
    "effectiveTimeFrom": "2026-01-01T00:00:00Z",
    "effectiveTimeTo": "2026-02-01T00:00:00Z",
    "expireTimeFrom": "2026-01-01T00:00:00Z",
    "expireTimeTo": "2026-02-01T00:00:00Z",
}
APPLY = """mutation ($input: ApplyContractInput!) { applyContract(input: $input) {
  contract { number state paymentPlan { dueDate amount { amount } } }
  userErrors { field message metadata { key value } ... on BillingUserError { code } }
} }"""


async def test_contracts_take_every_filter() -> None:
    online = messages.a_contract(
        promised_payment_date=a_day("2027-03-01"), document_sha256="ab", partner_id=""
    )
    paper = messages.a_contract(
        number="7",
        kind=contracts_pb2.CONTRACT_KIND_OFFLINE,
        amount=None,
        state=contracts_pb2.CONTRACT_STATE_EFFECTIVE,
        sign_date=a_day("2026-11-01"),
        effective_time=messages.TIME,
    )
    rpcs = Rpcs(ListContracts=contracts_pb2.ListContractsResponse(contracts=[online, paper]))
    shown = await ask(
        """query ($filter: ContractFilter) {
          contracts(filter: $filter, orderBy: CREATE_TIME_ASC) { nodes {
            number kind state amount { amount } promisedPaymentDate signDate documentSha256
            partner { name }
          } }
        }""",
        rpcs=rpcs,
        filter=ASKED,
    )

    assert shown.errors == []
    assert shown.data["contracts"]["nodes"] == [
        {
            "number": "PA-20261128-7K3QX9MD",
            "kind": "ONLINE",
            "state": "GENERATED",
            "amount": {"amount": "100"},
            "promisedPaymentDate": "2027-03-01",
            "signDate": None,
            "documentSha256": "ab",
            "partner": None,
        },
        {
            "number": "7",
            "kind": "OFFLINE",
            "state": "EFFECTIVE",
            "amount": None,
            "promisedPaymentDate": None,
            "signDate": "2026-11-01",
            "documentSha256": None,
            "partner": None,
        },
    ]
    request = rpcs.request("ListContracts")
    assert {field.json_name for field, _ in request.filter.ListFields()} == set(ASKED)
    assert request.order_by == contracts_pb2.CONTRACT_ORDER_CREATE_TIME_ASC


async def test_a_preview_is_asked_for_with_the_terms_of_an_application() -> None:
    rpcs = Rpcs(
        PreviewContract=contracts_pb2.PreviewContractResponse(
            party_a="云海科技", party_b="华云计算", text="付款协议\n1. …"
        )
    )

    shown = await ask(
        "query ($terms: ContractTermsInput!) { previewContract(terms: $terms) { partyA text } }",
        rpcs=rpcs,
        terms=TERMS,
    )

    assert shown.errors == []
    assert shown.reason is None
    assert shown.data == {"previewContract": {"partyA": "云海科技", "text": "付款协议\n1. …"}}
    assert rpcs.request("PreviewContract").terms == SAID


async def test_what_a_preview_refuses_is_an_error_that_names_the_argument() -> None:
    refusal = InvalidArgument("must be given", field="terms.payment_plan[0].due_date")
    rpcs = Rpcs(PreviewContract=refusing(refusal, service="billing"))

    shown = await ask(
        "query ($terms: ContractTermsInput!) { previewContract(terms: $terms) { text } }",
        rpcs=rpcs,
        terms=TERMS,
    )

    assert shown.data == {"previewContract": None}
    assert shown.extensions["field"] == "terms.paymentPlan[0].dueDate"


async def test_apply_contract_says_what_was_made() -> None:
    made = messages.a_contract(payment_plan=SAID.payment_plan)
    rpcs = Rpcs(ApplyContract=made)

    shown = await ask(APPLY, rpcs=rpcs, input={"requestId": "r", "terms": TERMS})

    assert shown.errors == []
    assert shown.data["applyContract"] == {
        "contract": {
            "number": made.number,
            "state": "GENERATED",
            "paymentPlan": [
                {"dueDate": "2027-01-01", "amount": {"amount": "40"}},
                {"dueDate": "2027-03-01", "amount": {"amount": "60"}},
            ],
        },
        "userErrors": [],
    }
    assert rpcs.request("ApplyContract") == contracts_pb2.ApplyContractRequest(
        request_id="r", terms=SAID
    )


async def test_apply_contract_tells_why_not() -> None:
    refusal = PaymentPlanMismatch(
        "the installments are not the amount", field="terms.payment_plan", amount="1", planned="2"
    )
    rpcs = Rpcs(ApplyContract=refusing(refusal, service="billing"))

    shown = await ask(APPLY, rpcs=rpcs, input={"requestId": "r", "terms": TERMS})

    assert shown.data["applyContract"]["contract"] is None
    (error,) = shown.data["applyContract"]["userErrors"]
    assert (error["code"], error["field"]) == ("PAYMENT_PLAN_MISMATCH", "input.terms.paymentPlan")
    assert {one["key"]: one["value"] for one in error["metadata"]} == {
        "amount": "1",
        "planned": "2",
    }


async def test_a_partner_sees_who_it_is_to_those_it_signs_with() -> None:
    party = contracts_pb2.ContractParty(legal_name="云海科技", verified=True)
    rpcs = Rpcs(GetContractParty=party)

    shown = await ask("{ contractParty { legalName verified updateTime } }", rpcs=rpcs)

    assert shown.data["contractParty"] == {
        "legalName": "云海科技",
        "verified": True,
        "updateTime": None,
    }
