"""The demo's money: what partners paid in, their credit, quotas, vouchers, and who gets codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from google.type import date_pb2

from partner.billing.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    top_ups_pb2,
    top_ups_pb2_grpc,
    verification_codes_pb2,
    verification_codes_pb2_grpc,
    voucher_quotas_pb2,
    voucher_quotas_pb2_grpc,
    vouchers_pb2,
    vouchers_pb2_grpc,
    withdrawals_pb2,
    withdrawals_pb2_grpc,
)
from partner.customers.v1 import customers_pb2
from partner.type.v1 import money_pb2, terms_pb2
from partner_center.demo.people import moment
from partner_center.demo.rpcs import Rpcs, Tenant
from services.kit.identity import Principal

RECIPIENTS_PER_CALL = 10
# Face value, days until usable, days until expiry.
ISSUES = (("50", 0, 180), ("120.50", 0, 300), ("20", 30, 90))
# Days ago, channel, amount, for stated uses of it.
TOP_UPS = (
    (300, top_ups_pb2.CHANNEL_BANK_TRANSFER, "60000", "5000"),
    (120, top_ups_pb2.CHANNEL_ALIPAY, "8000", None),
    (30, top_ups_pb2.CHANNEL_BANK_TRANSFER, "25000.50", None),
    (2, top_ups_pb2.CHANNEL_UNIONPAY, "1200", None),
)
# Days until the last one on which it can be used; none for ever.
CREDITS = (("20000", 210), ("5000", None))


@dataclass(frozen=True)
class Issued:
    """The quota that vouchers were issued from, and a voucher of each customer, by its id."""

    quota_id: str
    vouchers: Mapping[str, str]


async def pay_in(rpcs: Rpcs, tenant: Tenant, *, currency_code: str, today: date) -> None:
    """Let the root partner pay in by several channels, and the platform grant it credit."""
    for days, channel, amount, designated in TOP_UPS:
        paid = top_ups_pb2.RecordTopUpRequest(
            request_id=tenant.request_id("top-up", days),
            channel=channel,
            channel_number=f"{today - timedelta(days=days):%Y%m%d}-{days:04d}",
            amount=money_pb2.Money(amount=amount, currency_code=currency_code),
            pay_time=moment(today - timedelta(days=days)),
            memo="Demo",
        )
        if designated is not None:
            paid.designated_amount.amount = designated
            paid.designated_amount.currency_code = currency_code
        await rpcs("billing", top_ups_pb2_grpc.TopUpServiceStub, "RecordTopUp", paid,
                   principal=tenant.operator)  # fmt: skip
    for amount, usable_for in CREDITS:
        granted = accounts_pb2.GrantCreditRequest(
            request_id=tenant.request_id("credit", amount),
            amount=money_pb2.Money(amount=amount, currency_code=currency_code),
            reason="Demo",
        )
        if usable_for is not None:
            last = today + timedelta(days=usable_for)
            granted.expire_date.CopyFrom(
                date_pb2.Date(year=last.year, month=last.month, day=last.day)
            )
        await rpcs("billing", accounts_pb2_grpc.AccountServiceStub, "GrantCredit", granted,
                   principal=tenant.operator)  # fmt: skip


async def issue_vouchers(
    rpcs: Rpcs, tenant: Tenant, customers: Sequence[customers_pb2.Customer], *,
    currency_code: str, today: date, issuer: Principal,
) -> Issued:  # fmt: skip
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
    vouchers: dict[str, str] = {}
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
            issued = await rpcs("billing", vouchers_pb2_grpc.VoucherServiceStub, "IssueVouchers",
                                request, principal=issuer)  # fmt: skip
            for one in issued.results:
                vouchers.setdefault(one.customer_id, one.voucher.id)
    return Issued(quota.id, vouchers)


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


async def verify_payee(rpcs: Rpcs, tenant: Tenant, *, name: str) -> None:
    """Let the platform have verified the partner: it may withdraw what it has paid in."""
    await rpcs(
        "billing",
        withdrawals_pb2_grpc.WithdrawalServiceStub,
        "RecordPayee",
        withdrawals_pb2.RecordPayeeRequest(
            request_id=tenant.request_id("payee"), verified_name=name, business_verified=True
        ),
        principal=tenant.operator,
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
