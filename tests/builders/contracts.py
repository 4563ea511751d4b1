"""Contracts for tests, made through billing's own rpcs."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from google.type import date_pb2

from partner.billing.v1 import contracts_pb2
from tests.builders.billing import in_days, money
from tests.builders.principals import an_administrator, an_operator
from tests.builders.running import RunningService


def a_day(text: str) -> date_pb2.Date:
    """Read a day as people write it: "2027-03-01"."""
    day = date.fromisoformat(text)
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


async def put_party(
    billing: RunningService, tenant_id: UUID, **fields: Any
) -> contracts_pb2.ContractParty:
    """Say that the tenant's root partner is verified, or what is said otherwise."""
    defaults: dict[str, Any] = {
        "request_id": str(uuid4()),
        "legal_name": "云海科技有限公司",
        "contracting_entity": "华云计算技术有限公司",
        "verified": True,
    }
    request = contracts_pb2.PutContractPartyRequest(**defaults | fields)
    party: contracts_pb2.ContractParty = await billing.call(
        request, principal=an_operator(tenant_id)
    )
    return party


def an_installment(due_date: str, amount: str) -> contracts_pb2.PaymentInstallment:
    return contracts_pb2.PaymentInstallment(due_date=a_day(due_date), amount=money(amount))


def terms(*, amount: str = "100 CNY", **fields: Any) -> contracts_pb2.ContractTerms:
    """Give terms that are promised for the year 2099."""
    defaults: dict[str, Any] = {
        "name": "云服务采购",
        "amount": money(amount),
        "promised_payment_date": a_day("2099-03-01"),
    }
    return contracts_pb2.ContractTerms(**defaults | fields)


def an_application(**fields: Any) -> contracts_pb2.ApplyContractRequest:
    return contracts_pb2.ApplyContractRequest(request_id=str(uuid4()), terms=terms(**fields))


def a_paper(number: str, **fields: Any) -> contracts_pb2.RecordOfflineContractRequest:
    """Give a paper that holds since yesterday and for a year."""
    defaults: dict[str, Any] = {
        "request_id": str(uuid4()),
        "number": number,
        "name": "Frame contract",
        "party_a": "Harbour Ltd",
        "party_b": "Cloud Ltd",
        "effective_time": in_days(-1),
        "expire_time": in_days(365),
    }
    return contracts_pb2.RecordOfflineContractRequest(**defaults | fields)


async def a_whole_contract(billing: RunningService, tenant_id: UUID) -> str:
    """Make an online contract of a verified partner, with a plan, that was voided; give its id."""
    await put_party(billing, tenant_id)
    plan = [an_installment("2099-01-01", "40 CNY"), an_installment("2099-03-01", "60 CNY")]
    principal = an_administrator(tenant_id)
    made = await billing.call(an_application(payment_plan=plan), principal=principal)
    void = contracts_pb2.VoidContractRequest(
        request_id=str(uuid4()), contract_id=made.id, reason="paid otherwise"
    )
    voided = await billing.call(void, principal=principal)
    contract_id: str = voided.id
    return contract_id
