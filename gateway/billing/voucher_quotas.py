"""Amounts out of which vouchers are issued (代金券额度)."""

from enum import Enum

import strawberry

from gateway.billing.errors import BillingErrorCode
from gateway.billing.limits import CouponType, UseLimit, UseLimitInput
from gateway.billing.verification_codes import VerificationInput
from gateway.customers.customers import Customer
from gateway.customers.partners import Partner
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.many import many
from gateway.kit.money import Money, MoneyInput
from gateway.kit.nodes import Node, one, several
from gateway.kit.pages import Connection
from gateway.kit.scalars import DateTime
from gateway.kit.shows import extends, shows
from gateway.kit.words import words
from gateway.kit.writes import Payload, answers, writing
from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2

QUOTAS = rpcs(voucher_quotas_pb2.DESCRIPTOR, "VoucherQuotaService")


@words(voucher_quotas_pb2.VoucherQuotaState)
class VoucherQuotaState(Enum):
    """Filled from the contract."""


@words(voucher_quotas_pb2.VoucherQuotaOrder)
class VoucherQuotaOrder(Enum):
    """Filled from the contract."""


@shows(voucher_quotas_pb2.VoucherQuota, get=QUOTAS["BatchGetVoucherQuotas"])
class VoucherQuota(Node):
    coupon_type: CouponType
    face_total: Money
    balance: Money
    state: VoucherQuotaState
    effective_time: DateTime
    expire_time: DateTime
    create_time: DateTime
    update_time: DateTime | None
    limits: list[UseLimit]
    partner: Partner | None = one("partner_id")
    parent_quota: "VoucherQuota | None" = one("parent_quota_id")
    customers: list[Customer] | None = several("customer_ids")


@extends(VoucherQuota)
class SubQuotas:
    sub_quotas: Connection[VoucherQuota] | None = many(
        QUOTAS["BatchListVoucherQuotas"],
        QUOTAS["ListVoucherQuotas"],
        description="What resellers got of it, those taken back included.",
    )


@shows(vouchers_pb2.ErrorDetail)
class ErrorDetail:
    reason: BillingErrorCode
    message: str


@shows(voucher_quotas_pb2.GrantSubQuotaResponse.GrantedSubQuota)
class GrantedSubQuota:
    quota: VoucherQuota | None
    error: ErrorDetail | None
    indirect_partner: Partner | None = one("indirect_partner_id")


@shows(voucher_quotas_pb2.ReclaimSubQuotasResponse.ReclaimedSubQuota)
class ReclaimedSubQuota:
    amount: Money | None
    error: ErrorDetail | None
    quota: VoucherQuota | None = one("quota_id")


@takes(voucher_quotas_pb2.VoucherQuotaFilter)
class VoucherQuotaFilter:
    quota_ids: list[strawberry.ID] | None
    states: list[VoucherQuotaState] | None
    coupon_type: CouponType | None
    create_time_from: DateTime | None
    create_time_to: DateTime | None
    effective_time_from: DateTime | None
    effective_time_to: DateTime | None
    expire_time_from: DateTime | None
    expire_time_to: DateTime | None
    indirect_partner_id: strawberry.ID | None
    parent_quota_id: strawberry.ID | None


@takes(voucher_quotas_pb2.GrantVoucherQuotaRequest)
class GrantVoucherQuotaInput:
    request_id: strawberry.ID
    coupon_type: CouponType
    face_total: MoneyInput
    effective_time: DateTime | None
    expire_time: DateTime
    limits: list[UseLimitInput] | None
    customer_ids: list[strawberry.ID] | None


@answers(QUOTAS["GrantVoucherQuota"])
class GrantVoucherQuotaPayload(Payload):
    voucher_quota: VoucherQuota | None


@takes(voucher_quotas_pb2.GrantSubQuotaRequest)
class GrantSubQuotaInput:
    request_id: strawberry.ID
    quota_id: strawberry.ID
    indirect_partner_ids: list[strawberry.ID]
    amount: MoneyInput
    memo: str | None
    verification: VerificationInput | None


@answers(QUOTAS["GrantSubQuota"])
class GrantSubQuotaPayload(Payload):
    results: list[GrantedSubQuota] | None


@takes(voucher_quotas_pb2.ReclaimSubQuotasRequest)
class ReclaimSubQuotasInput:
    request_id: strawberry.ID
    quota_ids: list[strawberry.ID]
    remark: str | None
    verification: VerificationInput | None


@answers(QUOTAS["ReclaimSubQuotas"])
class ReclaimSubQuotasPayload(Payload):
    results: list[ReclaimedSubQuota] | None


@strawberry.type
class VoucherQuotaQuery:
    voucher_quotas: Connection[VoucherQuota] | None = listing(QUOTAS["ListVoucherQuotas"])


@strawberry.type
class VoucherQuotaMutation:
    grant_voucher_quota: GrantVoucherQuotaPayload | None = writing(
        QUOTAS["GrantVoucherQuota"], GrantVoucherQuotaInput
    )
    grant_sub_quota: GrantSubQuotaPayload | None = writing(
        QUOTAS["GrantSubQuota"], GrantSubQuotaInput
    )
    reclaim_sub_quotas: ReclaimSubQuotasPayload | None = writing(
        QUOTAS["ReclaimSubQuotas"], ReclaimSubQuotasInput
    )
