"""The demo's voucher quotas and vouchers, and where its verification codes go."""

from collections.abc import Sequence
from datetime import date, timedelta

from partner.billing.v1 import (
    verification_codes_pb2,
    verification_codes_pb2_grpc,
    voucher_quotas_pb2,
    voucher_quotas_pb2_grpc,
    vouchers_pb2,
    vouchers_pb2_grpc,
)
from partner.customers.v1 import customers_pb2
from partner.type.v1 import money_pb2, terms_pb2
from partner_center.demo.people import moment
from partner_center.demo.rpcs import Rpcs, Tenant
from services.kit.identity import Principal

RECIPIENTS_PER_CALL = 10
# Face value, days until usable, days until expiry.
ISSUES = (("50", 0, 180), ("120.50", 0, 300), ("20", 30, 90))


async def issue_vouchers(
    rpcs: Rpcs, tenant: Tenant, customers: Sequence[customers_pb2.Customer], *,
    currency_code: str, today: date, issuer: Principal,
) -> None:  # fmt: skip
    """Grant two quotas, and issue out of the first three vouchers to each resale customer."""
    quota = await _grant(rpcs, tenant, name="general", total="60000", currency=currency_code,
                         today=today, limits=[])  # fmt: skip
    await _grant(rpcs, tenant, name="servers", total="5000", currency=currency_code, today=today,
                 limits=[vouchers_pb2.UseLimit(
                     key=vouchers_pb2.LIMIT_KEY_SERVICE_TYPE, value1="elastic-cloud-server")],
                 )  # fmt: skip
    recipients = [
        customer.id
        for customer in customers
        if customer.association_type == terms_pb2.ASSOCIATION_TYPE_RESALE
    ]
    for face_value, usable_in, expires_in in ISSUES:
        for start in range(0, len(recipients), RECIPIENTS_PER_CALL):
            request = vouchers_pb2.IssueVouchersRequest(
                request_id=tenant.request_id("vouchers", face_value, start),
                quota_id=quota.id,
                customer_ids=recipients[start : start + RECIPIENTS_PER_CALL],
                face_value=money_pb2.Money(amount=face_value, currency_code=currency_code),
                expire_time=moment(today + timedelta(days=expires_in)),
                memo="Demo",
            )
            if usable_in:
                request.effective_time.CopyFrom(moment(today + timedelta(days=usable_in)))
            await rpcs(
                "billing",
                vouchers_pb2_grpc.VoucherServiceStub,
                "IssueVouchers",
                request,
                principal=issuer,
            )


async def say_contact(rpcs: Rpcs, tenant: Tenant, *, email: str) -> None:
    """Say where verification codes go; a demo writes them into billing's log as well."""
    await rpcs(
        "billing",
        verification_codes_pb2_grpc.VerificationCodeServiceStub,
        "SetVerification",
        verification_codes_pb2.SetVerificationRequest(
            request_id=tenant.request_id("verification"), email=email
        ),
        principal=tenant.administrator,
    )


async def _grant(
    rpcs: Rpcs, tenant: Tenant, *, name: str, total: str, currency: str, today: date,
    limits: list[vouchers_pb2.UseLimit],
) -> voucher_quotas_pb2.VoucherQuota:  # fmt: skip
    quota: voucher_quotas_pb2.VoucherQuota = await rpcs(
        "billing",
        voucher_quotas_pb2_grpc.VoucherQuotaServiceStub,
        "GrantVoucherQuota",
        voucher_quotas_pb2.GrantVoucherQuotaRequest(
            request_id=tenant.request_id("quota", name),
            coupon_type=vouchers_pb2.COUPON_TYPE_VOUCHER,
            face_total=money_pb2.Money(amount=total, currency_code=currency),
            effective_time=moment(today - timedelta(days=2)),
            expire_time=moment(today + timedelta(days=365)),
            limits=limits,
        ),
        principal=tenant.operator,
    )
    return quota
