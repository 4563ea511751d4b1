"""Vouchers issued to customers (代金券), and the records of issuing and reclaiming (操作记录)."""

from enum import Enum

import strawberry

from gateway.billing.errors import BillingUserError
from gateway.billing.limits import CouponType, UseLimit
from gateway.billing.verification_codes import VerificationInput
from gateway.billing.voucher_quotas import ErrorDetail, VoucherQuota
from gateway.customers.customers import Customer
from gateway.customers.partners import Partner
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.many import many
from gateway.kit.money import Money, MoneyInput
from gateway.kit.nodes import Node, one
from gateway.kit.pages import Connection
from gateway.kit.scalars import DateTime
from gateway.kit.shows import extends, shows
from gateway.kit.words import words
from gateway.kit.writes import Payload, answers, writing
from partner.billing.v1 import vouchers_pb2

VOUCHERS = rpcs(vouchers_pb2.DESCRIPTOR, "VoucherService")


@words(vouchers_pb2.VoucherState)
class VoucherState(Enum):
    """Filled from the contract."""


@words(vouchers_pb2.VoucherOrder)
class VoucherOrder(Enum):
    """Filled from the contract."""


@words(vouchers_pb2.VoucherOperationType)
class VoucherOperationType(Enum):
    """Filled from the contract."""


@words(vouchers_pb2.VoucherOperationResult)
class VoucherOperationResult(Enum):
    """Filled from the contract."""


@words(vouchers_pb2.VoucherOperationOrder)
class VoucherOperationOrder(Enum):
    """Filled from the contract."""


@shows(vouchers_pb2.Voucher, get=VOUCHERS["BatchGetVouchers"])
class Voucher(Node):
    coupon_type: CouponType
    face_value: Money
    balance: Money
    state: VoucherState
    effective_time: DateTime
    expire_time: DateTime
    last_use_time: DateTime | None
    create_time: DateTime
    order_number: str | None
    lock_order_number: str | None
    frozen: bool
    use_limits: list[UseLimit]
    memo: str | None
    quota: VoucherQuota | None = one("quota_id")
    issuer: Partner | None = one("issuer_id")
    customer: Customer | None = one("customer_id")


@shows(vouchers_pb2.VoucherOperation)
class VoucherOperation:
    operation_type: VoucherOperationType
    amount: Money
    operate_time: DateTime
    operator: str
    result: VoucherOperationResult
    failure_reason: str | None
    remark: str | None
    transaction_id: strawberry.ID | None
    quota: VoucherQuota | None = one("quota_id")
    parent_quota: VoucherQuota | None = one("parent_quota_id")
    sub_quota: VoucherQuota | None = one("sub_quota_id")
    voucher: Voucher | None = one("voucher_id")
    customer: Customer | None = one("customer_id")
    indirect_partner: Partner | None = one("indirect_partner_id")


@shows(vouchers_pb2.IssueVouchersResponse.IssuedVoucher)
class IssuedVoucher:
    voucher: Voucher | None
    error: ErrorDetail | None
    customer: Customer | None = one("customer_id")


@shows(vouchers_pb2.ReclaimVouchersResponse.ReclaimedVoucher)
class ReclaimedVoucher:
    amount: Money | None
    error: ErrorDetail | None
    voucher: Voucher | None = one("voucher_id")


@takes(vouchers_pb2.VoucherFilter)
class VoucherFilter:
    voucher_ids: list[strawberry.ID] | None
    customer_id: strawberry.ID | None
    order_number: str | None
    coupon_type: CouponType | None
    states: list[VoucherState] | None
    create_time_from: DateTime | None
    create_time_to: DateTime | None
    effective_time_from: DateTime | None
    effective_time_to: DateTime | None
    expire_time_from: DateTime | None
    expire_time_to: DateTime | None
    indirect_partner_id: strawberry.ID | None
    quota_id: strawberry.ID | None


@takes(vouchers_pb2.VoucherOperationFilter)
class VoucherOperationFilter:
    operate_time_from: DateTime | None
    operate_time_to: DateTime | None
    customer_name: str | None
    indirect_partner_name: str | None
    quota_id: strawberry.ID | None
    parent_quota_id: strawberry.ID | None
    operator: str | None
    operation_types: list[VoucherOperationType] | None
    result: VoucherOperationResult | None
    voucher_ids: list[strawberry.ID] | None


@takes(vouchers_pb2.IssueVouchersRequest)
class IssueVouchersInput:
    request_id: strawberry.ID
    quota_id: strawberry.ID
    customer_ids: list[strawberry.ID]
    face_value: MoneyInput
    effective_time: DateTime | None
    expire_time: DateTime | None
    min_order_amount: MoneyInput | None
    service_type_codes: list[str] | None
    product_ids: list[str] | None
    memo: str | None
    verification: VerificationInput | None


@answers(VOUCHERS["IssueVouchers"])
class IssueVouchersPayload(Payload):
    results: list[IssuedVoucher] | None


@takes(vouchers_pb2.ReclaimVouchersRequest)
class ReclaimVouchersInput:
    request_id: strawberry.ID
    voucher_ids: list[strawberry.ID]
    remark: str | None
    verification: VerificationInput | None


@answers(VOUCHERS["ReclaimVouchers"])
class ReclaimVouchersPayload(Payload):
    results: list[ReclaimedVoucher] | None


@extends(Customer)
class CustomerVouchers:
    vouchers: Connection[Voucher] | None = many(
        VOUCHERS["BatchListVouchers"],
        VOUCHERS["ListVouchers"],
        description="Vouchers issued to it (代金券), those expired for over 12 months left out.",
    )


@extends(VoucherQuota)
class QuotaVouchers:
    vouchers: Connection[Voucher] | None = many(
        VOUCHERS["BatchListVouchersByQuota"],
        VOUCHERS["ListVouchers"],
        description="Vouchers issued out of it (代金券), but those expired for over 12 months.",
    )
    operations: Connection[VoucherOperation] | None = many(
        VOUCHERS["BatchListVoucherOperations"],
        VOUCHERS["ListVoucherOperations"],
        description="What was issued out of it, given to resellers, and reclaimed (操作记录).",
    )


@strawberry.type
class VoucherQuery:
    vouchers: Connection[Voucher] | None = listing(VOUCHERS["ListVouchers"])
    voucher_operations: Connection[VoucherOperation] | None = listing(
        VOUCHERS["ListVoucherOperations"]
    )


@strawberry.type
class VoucherMutation:
    issue_vouchers: IssueVouchersPayload | None = writing(
        VOUCHERS["IssueVouchers"], IssueVouchersInput
    )
    reclaim_vouchers: ReclaimVouchersPayload | None = writing(
        VOUCHERS["ReclaimVouchers"], ReclaimVouchersInput
    )


TYPES = (BillingUserError,)
