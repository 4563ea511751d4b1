"""The demo's contracts: one applied for online, one signed on paper."""

from datetime import date, timedelta

from google.type import date_pb2

from partner.billing.v1 import contracts_pb2, contracts_pb2_grpc
from partner.type.v1 import money_pb2
from partner_center.demo.people import moment
from partner_center.demo.rpcs import Rpcs, Tenant
from services.kit.identity import Principal

PLATFORM = "Open Cloud Computing Ltd"


async def sign_contracts(
    rpcs: Rpcs, tenant: Tenant, *, partner_name: str, currency_code: str, today: date
) -> None:
    """Verify the partner, enter its frame contract, and let it apply for a payment agreement."""
    requests: tuple[tuple[str, object, Principal], ...] = (
        ("PutContractParty", _party(tenant, partner_name), tenant.operator),
        ("RecordOfflineContract", _paper(tenant, partner_name, today=today), tenant.operator),
        ("ApplyContract", _application(tenant, currency_code, today=today), tenant.administrator),
    )
    for method, request, principal in requests:
        await rpcs(
            "billing",
            contracts_pb2_grpc.ContractServiceStub,
            method,
            request,
            principal=principal,
        )


def _party(tenant: Tenant, partner_name: str) -> contracts_pb2.PutContractPartyRequest:
    return contracts_pb2.PutContractPartyRequest(
        request_id=tenant.request_id("contract-party"),
        legal_name=partner_name,
        contracting_entity=PLATFORM,
        verified=True,
    )


def _paper(
    tenant: Tenant, partner_name: str, *, today: date
) -> contracts_pb2.RecordOfflineContractRequest:
    signed = today - timedelta(days=120)
    return contracts_pb2.RecordOfflineContractRequest(
        request_id=tenant.request_id("contract-paper"),
        number=f"FRAME-{signed.year}-001",
        name="Frame contract of partnership",
        party_a=partner_name,
        party_b=PLATFORM,
        sign_date=_day(signed),
        effective_time=moment(signed),
        expire_time=moment(signed + timedelta(days=730)),
    )


def _application(
    tenant: Tenant, currency_code: str, *, today: date
) -> contracts_pb2.ApplyContractRequest:
    half = money_pb2.Money(amount="60000", currency_code=currency_code)
    dates = [_day(today + timedelta(days=days)) for days in (30, 120)]
    terms = contracts_pb2.ContractTerms(
        name="云服务采购 Cloud services",
        amount=money_pb2.Money(amount="120000", currency_code=currency_code),
        promised_payment_date=dates[-1],
        payment_plan=[contracts_pb2.PaymentInstallment(due_date=day, amount=half) for day in dates],
    )
    return contracts_pb2.ApplyContractRequest(
        request_id=tenant.request_id("contract-online"), terms=terms
    )


def _day(day: date) -> date_pb2.Date:
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)
