"""Contracts over a real socket: what is made, what is refused, and that nothing happens twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from partner.billing.v1 import contracts_pb2
from services.kit.identity import Principal
from services.kit.ids import new_id, to_text
from tests.builders.billing import in_days, money, some_customers
from tests.builders.contracts import (
    a_day,
    a_paper,
    an_application,
    an_installment,
    put_party,
    terms,
)
from tests.builders.principals import (
    a_finance_operator,
    a_tenant,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService

ONLINE, OFFLINE = contracts_pb2.CONTRACT_KIND_ONLINE, contracts_pb2.CONTRACT_KIND_OFFLINE


def voiding(contract_id: str, *, reason: str = "paid otherwise") -> object:
    return contracts_pb2.VoidContractRequest(
        request_id=str(uuid4()), contract_id=contract_id, reason=reason
    )


def terminating(contract_id: str, *, reason: str = "moved away") -> object:
    return contracts_pb2.TerminateContractRequest(
        request_id=str(uuid4()), contract_id=contract_id, reason=reason
    )


async def document(
    billing: RunningService, contract_id: str, principal: Principal
) -> contracts_pb2.ReadContractDocumentResponse:
    request = contracts_pb2.ReadContractDocumentRequest(contract_id=contract_id)
    answer: contracts_pb2.ReadContractDocumentResponse = await billing.call(
        request, principal=principal
    )
    return answer


@pytest.fixture
async def tenant(billing: RunningService) -> UUID:
    """Give a tenant whose root partner is verified."""
    tenant_id = a_tenant()
    await put_party(billing, tenant_id)
    return tenant_id


async def test_apply_contract_makes_a_contract_and_its_document_at_once(
    billing: RunningService, tenant: UUID
) -> None:
    plan = [an_installment("2099-01-01", "40 CNY"), an_installment("2099-03-01", "60.5 CNY")]
    request = an_application(amount="100.5 CNY", payment_plan=plan)

    made = await billing.call(request, principal=a_finance_operator(tenant))

    day = datetime.now(UTC) + timedelta(hours=8)
    assert made.number.startswith(f"PA-{day:%Y%m%d}-")
    assert (made.kind, made.name) == (ONLINE, "云服务采购")
    assert (made.party_a, made.party_b) == ("云海科技有限公司", "华云计算技术有限公司")
    assert (made.amount, made.promised_payment_date) == (money("100.5 CNY"), a_day("2099-03-01"))
    assert list(made.payment_plan) == plan
    assert made.state == contracts_pb2.CONTRACT_STATE_GENERATED
    assert (made.creator, made.partner_id) == ("finance", to_text("ptr", tenant))
    whole = await document(billing, made.id, a_finance_operator(tenant))
    assert whole.data.startswith(b"%PDF")
    assert sha256(whole.data).hexdigest() == made.document_sha256
    assert (whole.size_bytes, whole.number) == (len(whole.data), made.number)


async def test_apply_contract_repeated_at_once_makes_one(
    billing: RunningService, tenant: UUID
) -> None:
    request, principal = an_application(), an_administrator(tenant)

    answers = await asyncio.gather(*(billing.call(request, principal=principal) for _ in range(8)))

    listed = await billing.call(contracts_pb2.ListContractsRequest(), principal=principal)
    assert all(answer == answers[0] for answer in answers)
    assert [one.id for one in listed.contracts] == [answers[0].id]


async def test_every_contract_has_a_number_of_its_own(
    billing: RunningService, tenant: UUID
) -> None:
    principal = an_administrator(tenant)

    made = [await billing.call(an_application(), principal=principal) for _ in range(5)]

    assert len({one.number for one in made}) == 5


async def test_only_verified_partners_apply(billing: RunningService) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant)

    unknown = await billing.refusal(an_application(), principal=principal)
    await put_party(billing, tenant, verified=False)
    unverified = await billing.refusal(an_application(), principal=principal)
    reseller_id = new_id()
    await some_customers(billing, tenant, 1, partner_id=reseller_id)
    await put_party(billing, tenant, partner_id=to_text("ptr", reseller_id))
    neighbour = await billing.refusal(an_application(), principal=principal)

    assert [one.reason for one in (unknown, unverified, neighbour)] == ["NOT_VERIFIED"] * 3


async def test_apply_contract_refuses_what_its_terms_can_not_mean(
    billing: RunningService, tenant: UUID
) -> None:
    long_ago = a_day(f"{datetime.now(UTC) - timedelta(days=370):%Y-%m-%d}")
    plan = [an_installment("2099-01-01", "99 CNY")]
    cases = {
        "DATE_OUT_OF_RANGE": {"promised_payment_date": long_ago},
        "PAYMENT_PLAN_MISMATCH": {"payment_plan": plan},
        "CHARACTER_NOT_PRINTABLE": {"name": "云🐸"},
    }

    for reason, fields in cases.items():
        for request in (
            an_application(**fields),
            contracts_pb2.PreviewContractRequest(terms=terms(**fields)),
        ):
            refusal = await billing.refusal(request, principal=an_administrator(tenant))
            assert refusal.reason == reason

    listed = await billing.call(
        contracts_pb2.ListContractsRequest(), principal=an_administrator(tenant)
    )
    assert not listed.contracts


async def test_a_request_that_lacks_something_is_told_what(
    billing: RunningService, tenant: UUID
) -> None:
    whole = terms(payment_plan=[an_installment("2099-01-01", "100 CNY")])
    cases = {}
    for field in ("name", "amount", "promised_payment_date"):
        cases[f"terms.{field}"] = contracts_pb2.ContractTerms()
        cases[f"terms.{field}"].CopyFrom(whole)
        cases[f"terms.{field}"].ClearField(field)
    cases["terms.payment_plan[0].due_date"] = contracts_pb2.ContractTerms()
    cases["terms.payment_plan[0].due_date"].CopyFrom(whole)
    cases["terms.payment_plan[0].due_date"].payment_plan[0].ClearField("due_date")

    for field, lacking in cases.items():
        request = contracts_pb2.ApplyContractRequest(request_id=str(uuid4()), terms=lacking)
        refusal = await billing.refusal(request, principal=an_administrator(tenant))
        assert refusal.violations[0][0].removesuffix(".amount") == field


async def test_preview_contract_says_what_the_document_will_and_keeps_nothing(
    billing: RunningService, tenant: UUID
) -> None:
    principal = a_finance_operator(tenant)

    preview = await billing.call(
        contracts_pb2.PreviewContractRequest(terms=terms()), principal=principal
    )

    listed = await billing.call(contracts_pb2.ListContractsRequest(), principal=principal)
    assert (preview.party_a, preview.party_b) == ("云海科技有限公司", "华云计算技术有限公司")
    assert "Contract number: （预览 Preview）" in preview.text
    assert "Amount: CNY 100.00" in preview.text
    assert not listed.contracts


async def test_a_contract_keeps_the_parties_that_it_was_made_with(
    billing: RunningService, tenant: UUID
) -> None:
    principal = an_administrator(tenant)
    first = await billing.call(an_application(), principal=principal)

    await put_party(billing, tenant, legal_name="云山科技")
    second = await billing.call(an_application(), principal=principal)

    found = await billing.call(
        contracts_pb2.BatchGetContractsRequest(ids=[first.id, second.id]), principal=principal
    )
    assert [one.party_a for one in found.contracts] == ["云海科技有限公司", "云山科技"]


async def test_a_voided_contract_keeps_its_document_and_is_not_voided_again(
    billing: RunningService, tenant: UUID
) -> None:
    principal = an_administrator(tenant)
    made = await billing.call(an_application(), principal=principal)

    voided = await billing.call(voiding(made.id), principal=principal)
    again = await billing.refusal(voiding(made.id), principal=principal)

    assert voided.state == contracts_pb2.CONTRACT_STATE_VOIDED
    assert (voided.end_reason, voided.HasField("end_time")) == ("paid otherwise", True)
    assert (again.reason, again.metadata) == ("CONTRACT_STATE_CONFLICT", {"state": "VOIDED"})
    assert (await document(billing, made.id, principal)).data.startswith(b"%PDF")


async def test_of_many_who_void_a_contract_at_once_one_does(
    billing: RunningService, tenant: UUID
) -> None:
    principal = an_administrator(tenant)
    made = await billing.call(an_application(), principal=principal)

    answers = await asyncio.gather(
        *(billing.answer(voiding(made.id), principal=principal) for _ in range(8))
    )

    assert sum(answer.refusal is None for answer in answers) == 1
    reasons = {answer.refusal.reason for answer in answers if answer.refusal is not None}
    assert reasons == {"CONTRACT_STATE_CONFLICT"}


async def test_record_offline_contract_enters_what_stands_on_the_paper(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    paper = a_paper("HW-2026/7", amount=money("5000 CNY"), sign_date=a_day("2026-11-01"))

    entered = await billing.call(paper, principal=an_operator(tenant))

    assert (entered.number, entered.kind, entered.creator) == ("HW-2026/7", OFFLINE, "operator")
    assert (entered.party_a, entered.party_b) == ("Harbour Ltd", "Cloud Ltd")
    assert (entered.amount, entered.sign_date) == (money("5000 CNY"), a_day("2026-11-01"))
    assert entered.effective_time == paper.effective_time
    assert entered.state == contracts_pb2.CONTRACT_STATE_EFFECTIVE
    assert not entered.HasField("document_sha256")
    nothing = contracts_pb2.ReadContractDocumentRequest(contract_id=entered.id)
    refusal = await billing.refusal(nothing, principal=an_administrator(tenant))
    assert refusal.reason == "NOT_FOUND"


async def test_a_paper_may_name_no_amount_nor_time(billing: RunningService) -> None:
    request = contracts_pb2.RecordOfflineContractRequest(
        request_id=str(uuid4()), number="1", name="n", party_a="a", party_b="b"
    )

    entered = await billing.call(request, principal=an_operator(a_tenant()))

    assert entered.effective_time == entered.create_time
    unset = ("amount", "sign_date", "expire_time")
    assert [entered.HasField(field) for field in unset] == [False] * 3


async def test_a_number_is_used_once_in_a_tenant_even_when_entered_at_once(
    billing: RunningService,
) -> None:
    tenant = a_tenant()

    answers = await asyncio.gather(
        *(billing.answer(a_paper("7"), principal=an_operator(tenant)) for _ in range(6))
    )
    elsewhere = await billing.answer(a_paper("7"), principal=an_operator(a_tenant()))

    refusals = [answer.refusal for answer in answers if answer.refusal is not None]
    assert [one.reason for one in refusals] == ["CONTRACT_NUMBER_TAKEN"] * 5
    assert {one.code for one in refusals} == {"ALREADY_EXISTS"}
    assert elsewhere.refusal is None


async def test_nothing_is_said_of_a_partner_that_is_not_of_the_tenant(
    billing: RunningService, tenant: UUID
) -> None:
    stranger = to_text("ptr", new_id())
    party = contracts_pb2.PutContractPartyRequest(
        request_id="p", partner_id=stranger, legal_name="x", contracting_entity="y"
    )

    refusals = [
        await billing.refusal(request, principal=an_operator(tenant))
        for request in (party, a_paper("7", partner_id=stranger))
    ]

    assert [(one.reason, one.violations[0][0]) for one in refusals] == [
        ("NOT_FOUND", "partner_id")
    ] * 2


async def test_an_odd_paper_is_refused_by_its_field(billing: RunningService) -> None:
    cases = {
        "number": a_paper(" 7"),
        "name": a_paper("7", name="x" * 101),
        "party_a": a_paper("7", party_a=""),
        "party_b": a_paper("7", party_b="a\nb"),
        "amount.amount": a_paper("7", amount=money("0 CNY")),
        "expire_time": a_paper("7", expire_time=in_days(-1.5)),
    }

    for field, request in cases.items():
        refusal = await billing.refusal(request, principal=an_operator(a_tenant()))
        assert [path for path, _ in refusal.violations] == [field]


async def test_terminate_contract_ends_what_holds_and_nothing_else(
    billing: RunningService, tenant: UUID
) -> None:
    operator = an_operator(tenant)
    entered = await billing.call(a_paper("7"), principal=operator)
    expired = await billing.call(
        a_paper("8", effective_time=in_days(-3), expire_time=in_days(-1)), principal=operator
    )
    online = await billing.call(an_application(), principal=an_administrator(tenant))

    ended = await billing.call(terminating(entered.id), principal=operator)
    refusals = [
        await billing.refusal(terminating(one), principal=operator)
        for one in (entered.id, expired.id, online.id)
    ]
    unknown = await billing.refusal(terminating(to_text("ctr", new_id())), principal=operator)

    assert ended.state == contracts_pb2.CONTRACT_STATE_TERMINATED
    assert [one.metadata["state"] for one in refusals] == ["TERMINATED", "EXPIRED", "GENERATED"]
    assert unknown.reason == "NOT_FOUND"


async def test_an_end_needs_a_reason(billing: RunningService, tenant: UUID) -> None:
    principal = an_administrator(tenant)
    made = await billing.call(an_application(), principal=principal)

    refusals = [
        await billing.refusal(voiding(made.id, reason=reason), principal=principal)
        for reason in ("", "x" * 201)
    ]

    assert [one.violations[0][0] for one in refusals] == ["reason", "reason"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE contracts SET amount = 1",
        "DELETE FROM contracts",
        "UPDATE contract_documents SET data = ''",
        "DELETE FROM contract_documents",
    ],
)
async def test_what_was_agreed_can_not_be_changed(
    billing: RunningService, tenant: UUID, change: str
) -> None:
    await billing.call(an_application(), principal=an_administrator(tenant))

    with pytest.raises(DBAPIError, match="permission denied"):
        async with billing.database.transaction(an_administrator(tenant)) as session:
            await session.execute(text(change))
