"""ContractService over a real socket: lists, batches, documents in parts, and who sees what."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest_asyncio

from partner.billing.v1 import contracts_pb2
from services.billing.contracts.servicer import PART_BYTES
from services.kit.identity import Principal
from services.kit.ids import new_id, to_text
from tests.builders.billing import in_days, some_customers
from tests.builders.contracts import (
    a_day,
    a_paper,
    an_application,
    an_installment,
    put_party,
    terms,
)
from tests.builders.principals import (
    a_director,
    a_finance_operator,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService

Contract = contracts_pb2.Contract


@dataclass(frozen=True)
class Signed:
    """A tenant with two online contracts, of which one is void, and four on paper."""

    tenant: UUID
    online: Contract
    voided: Contract
    draft: Contract
    effective: Contract
    expired: Contract
    terminated: Contract

    @property
    def administrator(self) -> Principal:
        return an_administrator(self.tenant)

    @property
    def all(self) -> list[Contract]:
        return [
            self.online,
            self.voided,
            self.draft,
            self.effective,
            self.expired,
            self.terminated,
        ]


@pytest_asyncio.fixture(loop_scope="session")
async def signed(billing: RunningService) -> Signed:
    tenant = a_tenant()
    await put_party(billing, tenant)
    administrator, operator = an_administrator(tenant), an_operator(tenant)
    online = await billing.call(an_application(), principal=administrator)
    voided = await billing.call(
        an_application(promised_payment_date=a_day("2098-06-30")), principal=administrator
    )
    papers = [
        a_paper("draft", effective_time=in_days(2)),
        a_paper("effective"),
        a_paper("expired", effective_time=in_days(-9), expire_time=in_days(-5)),
        a_paper("terminated"),
    ]
    entered = [await billing.call(paper, principal=operator) for paper in papers]
    void = contracts_pb2.VoidContractRequest(
        request_id=str(uuid4()), contract_id=voided.id, reason="paid otherwise"
    )
    await billing.call(void, principal=administrator)
    terminate = contracts_pb2.TerminateContractRequest(
        request_id=str(uuid4()), contract_id=entered[3].id, reason="moved away"
    )
    await billing.call(terminate, principal=operator)
    return Signed(tenant, online, voided, *entered)


def numbers_of(contracts: list[Contract]) -> list[str]:
    return [contract.number for contract in contracts]


async def listed(billing: RunningService, principal: Principal, **fields: object) -> list[Contract]:
    narrowed = contracts_pb2.ContractFilter(**fields)  # type: ignore[arg-type]
    request = contracts_pb2.ListContractsRequest(filter=narrowed)
    response = await billing.call(request, principal=principal)
    return list(response.contracts)


async def test_list_contracts_gives_the_newest_first_in_pages_or_the_oldest(
    billing: RunningService, signed: Signed
) -> None:
    request = contracts_pb2.ListContractsRequest(page_size=4, with_item_tokens=True)

    first = await billing.call(request, principal=signed.administrator)
    request.page_token = first.next_page_token
    rest = await billing.call(request, principal=signed.administrator)
    oldest = await billing.call(
        contracts_pb2.ListContractsRequest(order_by=contracts_pb2.CONTRACT_ORDER_CREATE_TIME_ASC),
        principal=signed.administrator,
    )

    newest = numbers_of([*first.contracts, *rest.contracts])
    assert newest == numbers_of(signed.all)[::-1]
    assert numbers_of(oldest.contracts) == newest[::-1]
    assert (len(first.item_tokens), rest.next_page_token) == (4, "")


async def test_list_contracts_takes_every_filter(billing: RunningService, signed: Signed) -> None:
    online, voided, draft, effective, expired, terminated = numbers_of(signed.all)
    paper = [draft, effective, expired, terminated]
    cases: list[tuple[dict[str, object], list[str]]] = [
        ({"number": "effective"}, [effective]),
        ({"number": online}, [online]),
        ({"number": "effectiv"}, []),
        ({"number": "EFFECTIVE"}, []),
        ({"kind": contracts_pb2.CONTRACT_KIND_ONLINE}, [online, voided]),
        ({"kind": contracts_pb2.CONTRACT_KIND_OFFLINE}, paper),
        ({"states": [contracts_pb2.CONTRACT_STATE_GENERATED]}, [online]),
        ({"states": [contracts_pb2.CONTRACT_STATE_VOIDED]}, [voided]),
        ({"states": [contracts_pb2.CONTRACT_STATE_DRAFT]}, [draft]),
        ({"states": [contracts_pb2.CONTRACT_STATE_EFFECTIVE]}, [effective]),
        ({"states": [contracts_pb2.CONTRACT_STATE_EXPIRED]}, [expired]),
        ({"states": [contracts_pb2.CONTRACT_STATE_TERMINATED]}, [terminated]),
        ({"states": [1, 4]}, [online, effective]),
        ({"partner_id": to_text("ptr", signed.tenant)}, [online, voided, *paper]),
        ({"partner_id": to_text("ptr", new_id())}, []),
        ({"create_time_from": in_days(-1), "create_time_to": in_days(1)}, [online, voided, *paper]),
        ({"create_time_to": in_days(-1)}, []),
        ({"promised_payment_date_from": a_day("2099-03-01")}, [online]),
        ({"promised_payment_date_to": a_day("2099-03-01")}, [voided]),
        ({"effective_time_from": in_days(1)}, [draft]),
        ({"effective_time_to": in_days(-8)}, [expired]),
        ({"expire_time_from": in_days(0)}, [draft, effective, terminated]),
        ({"expire_time_to": in_days(0)}, [expired]),
    ]

    for fields, expected in cases:
        found = await listed(billing, signed.administrator, **fields)
        assert sorted(numbers_of(found)) == sorted(expected), fields


async def test_the_states_shown_are_those_filtered_by(
    billing: RunningService, signed: Signed
) -> None:
    states = {one.number: one.state for one in await listed(billing, signed.administrator)}

    assert [states[number] for number in numbers_of(signed.all)] == [1, 2, 3, 4, 5, 6]


async def test_list_contracts_names_the_filter_that_is_malformed(
    billing: RunningService, signed: Signed
) -> None:
    cases = {
        "filter.states": contracts_pb2.ContractFilter(states=[1, 2, 3, 4, 5, 6, 1]),
        "filter.states[0]": contracts_pb2.ContractFilter(states=[0]),
        "filter.partner_id": contracts_pb2.ContractFilter(partner_id="ctr_1"),
        "filter.promised_payment_date_to": contracts_pb2.ContractFilter(
            promised_payment_date_from=a_day("2026-02-01"),
            promised_payment_date_to=a_day("2026-01-31"),
        ),
    }

    for field, narrowed in cases.items():
        request = contracts_pb2.ListContractsRequest(filter=narrowed)
        refusal = await billing.refusal(request, principal=signed.administrator)
        assert refusal.violations[0][0] == field


async def test_batch_get_contracts_keeps_the_order_and_leaves_out_the_foreign(
    billing: RunningService, signed: Signed
) -> None:
    wanted = [signed.draft.id, to_text("ctr", new_id()), signed.online.id]
    request = contracts_pb2.BatchGetContractsRequest(ids=wanted)

    mine = await billing.call(request, principal=signed.administrator)
    theirs = await billing.call(request, principal=an_administrator(a_tenant()))

    assert [one.id for one in mine.contracts] == [wanted[0], wanted[2]]
    assert not theirs.contracts


async def test_a_distributor_sees_no_contract_of_its_reseller_and_the_operator_sees_all(
    billing: RunningService, signed: Signed
) -> None:
    reseller_id = new_id()
    reseller = an_administrator(signed.tenant, partner_id=reseller_id)
    partner_id = to_text("ptr", reseller_id)
    await some_customers(billing, signed.tenant, 1, partner_id=reseller_id)
    await put_party(billing, signed.tenant, partner_id=partner_id, legal_name="Lantern")
    theirs = await billing.call(an_application(), principal=reseller)
    operator = an_operator(signed.tenant)
    asked = contracts_pb2.GetContractPartyRequest(partner_id=partner_id)

    seen = [
        theirs.number in numbers_of(await listed(billing, principal))
        for principal in (reseller, signed.administrator, operator)
    ]
    parties = [
        (await billing.call(asked, principal=principal)).legal_name
        for principal in (reseller, signed.administrator, operator)
    ]
    own = await listed(billing, reseller)
    void = contracts_pb2.VoidContractRequest(
        request_id=str(uuid4()), contract_id=theirs.id, reason="x"
    )
    read = contracts_pb2.ReadContractDocumentRequest(contract_id=theirs.id)
    refusals = [
        await billing.refusal(request, principal=signed.administrator) for request in (void, read)
    ]

    assert seen == [True, False, True]
    assert parties == ["Lantern", "", "Lantern"]
    assert numbers_of(own) == [theirs.number]
    assert [refusal.reason for refusal in refusals] == ["NOT_FOUND"] * 2
    assert numbers_of(await listed(billing, operator, partner_id=partner_id)) == [theirs.number]


async def test_get_contract_party_says_who_one_is(billing: RunningService) -> None:
    tenant = a_tenant()
    request = contracts_pb2.GetContractPartyRequest()

    before = await billing.call(request, principal=an_administrator(tenant))
    put = await put_party(billing, tenant)
    after = await billing.call(request, principal=a_finance_operator(tenant))

    assert before == contracts_pb2.ContractParty(partner_id=to_text("ptr", tenant))
    assert (after, after.verified, after.legal_name) == (put, True, "云海科技有限公司")


async def test_account_managers_directors_and_the_platform_may_not_act_for_the_partner(
    billing: RunningService, signed: Signed
) -> None:
    reads = [
        contracts_pb2.ListContractsRequest(),
        contracts_pb2.BatchGetContractsRequest(ids=[signed.online.id]),
        contracts_pb2.ReadContractDocumentRequest(contract_id=signed.online.id),
        contracts_pb2.GetContractPartyRequest(),
    ]
    acts = [
        an_application(),
        contracts_pb2.PreviewContractRequest(terms=terms()),
        contracts_pb2.VoidContractRequest(request_id="v", contract_id=signed.online.id),
    ]
    manager = new_id()

    for principal, requests in (
        (an_account_manager(signed.tenant, account_manager_id=manager), [*reads, *acts]),
        (a_director(signed.tenant, team=(manager,)), [*reads, *acts]),
        (an_operator(signed.tenant), acts),
    ):
        for request in requests:
            refusal = await billing.refusal(request, principal=principal)
            assert refusal.reason == "PERMISSION_DENIED", (principal.role, request)


async def test_the_partner_may_not_act_for_the_platform(
    billing: RunningService, signed: Signed
) -> None:
    requests = [
        contracts_pb2.PutContractPartyRequest(request_id="p", legal_name="x"),
        a_paper("mine"),
        contracts_pb2.TerminateContractRequest(
            request_id="t", contract_id=signed.effective.id, reason="x"
        ),
    ]

    refusals = [
        await billing.refusal(request, principal=signed.administrator) for request in requests
    ]

    assert [refusal.reason for refusal in refusals] == ["PERMISSION_DENIED"] * 3


async def test_a_long_document_comes_in_parts(billing: RunningService, signed: Signed) -> None:
    # Each character of its own makes the font inside larger.
    name = "".join(chr(0x4E00 + 7 * number) for number in range(100))
    plan = [an_installment(f"20{40 + year}-01-01", "1 CNY") for year in range(59)]
    plan.append(an_installment("2099-03-01", "41 CNY"))
    request = an_application(name=name, payment_plan=plan)
    await put_party(
        billing,
        signed.tenant,
        legal_name=name[::-1] + "".join(chr(0x5E00 + 9 * number) for number in range(100)),
    )
    made = await billing.call(request, principal=signed.administrator)
    ask = contracts_pb2.ReadContractDocumentRequest(contract_id=made.id)

    first = await billing.call(ask, principal=signed.administrator)
    ask.offset = len(first.data)
    second = await billing.call(ask, principal=signed.administrator)
    ask.offset = first.size_bytes
    behind = await billing.call(ask, principal=signed.administrator)
    ask.offset = -1
    refusal = await billing.refusal(ask, principal=signed.administrator)

    assert len(first.data) == PART_BYTES
    assert len(first.data + second.data) == first.size_bytes
    assert second.data.rstrip().endswith(b"%%EOF")
    assert behind.data == b""
    assert refusal.violations[0][0] == "offset"
