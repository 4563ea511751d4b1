"""Money and credit moved between a partner and its customers or resellers (调账)."""

from enum import Enum

import strawberry

from gateway.billing.verification_codes import VerificationInput
from gateway.billing.vouchers import ErrorDetail
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
from partner.billing.v1 import adjustments_pb2

ADJUSTMENTS = rpcs(adjustments_pb2.DESCRIPTOR, "AdjustmentService")


@words(adjustments_pb2.AdjustmentType)
class AdjustmentType(Enum):
    """Filled from the contract."""


@words(adjustments_pb2.AdjustmentKind)
class AdjustmentKind(Enum):
    """Filled from the contract."""


@words(adjustments_pb2.AdjustmentOrder)
class AdjustmentOrder(Enum):
    """Filled from the contract."""


@shows(adjustments_pb2.Adjustment, get=ADJUSTMENTS["BatchGetAdjustments"])
class Adjustment(Node):
    transaction_id: strawberry.ID
    operation_type: AdjustmentType
    kind: AdjustmentKind
    amount: Money
    operate_time: DateTime
    operator: str | None
    memo: str | None
    partner: Partner | None = one("partner_id")
    customer: Customer | None = one("customer_id")
    target_partner: Partner | None = one("target_partner_id")


@shows(adjustments_pb2.BatchAllocateResponse.AllocatedAmount)
class AllocatedAmount:
    adjustment: Adjustment | None
    error: ErrorDetail | None
    customer: Customer | None = one("customer_id")
    indirect_partner: Partner | None = one("indirect_partner_id")


@takes(adjustments_pb2.AdjustmentFilter)
class AdjustmentFilter:
    customer_id: strawberry.ID | None
    target_partner_id: strawberry.ID | None
    target_name: str | None
    operation_types: list[AdjustmentType] | None
    kind: AdjustmentKind | None
    operate_time_from: DateTime | None
    operate_time_to: DateTime | None
    transaction_id: strawberry.ID | None
    indirect_partner_id: strawberry.ID | None


@takes(adjustments_pb2.AdjustmentTarget)
class AdjustmentTargetInput:
    customer_id: strawberry.ID | None
    indirect_partner_id: strawberry.ID | None


@takes(adjustments_pb2.AllocateRequest)
class AllocateInput:
    request_id: strawberry.ID
    target: AdjustmentTargetInput
    kind: AdjustmentKind
    amount: MoneyInput
    memo: str | None
    verification: VerificationInput | None


@takes(adjustments_pb2.ReclaimRequest)
class ReclaimInput:
    request_id: strawberry.ID
    target: AdjustmentTargetInput
    kind: AdjustmentKind
    amount: MoneyInput
    memo: str | None
    verification: VerificationInput | None


@takes(adjustments_pb2.BatchAllocateRequest)
class BatchAllocateInput:
    request_id: strawberry.ID
    targets: list[AdjustmentTargetInput]
    kind: AdjustmentKind
    amount: MoneyInput
    memo: str | None
    verification: VerificationInput | None


@answers(ADJUSTMENTS["Allocate"])
class AllocatePayload(Payload):
    adjustment: Adjustment | None


@answers(ADJUSTMENTS["Reclaim"])
class ReclaimPayload(Payload):
    adjustment: Adjustment | None


@answers(ADJUSTMENTS["BatchAllocate"])
class BatchAllocatePayload(Payload):
    results: list[AllocatedAmount] | None


@extends(Customer)
class CustomerAdjustments:
    adjustments: Connection[Adjustment] | None = many(
        ADJUSTMENTS["BatchListAdjustments"],
        ADJUSTMENTS["ListAdjustments"],
        description="What its partner allocated to it and reclaimed from it (调账记录).",
    )


@strawberry.type
class AdjustmentQuery:
    adjustments: Connection[Adjustment] | None = listing(ADJUSTMENTS["ListAdjustments"])


@strawberry.type
class AdjustmentMutation:
    allocate: AllocatePayload | None = writing(ADJUSTMENTS["Allocate"], AllocateInput)
    reclaim: ReclaimPayload | None = writing(ADJUSTMENTS["Reclaim"], ReclaimInput)
    batch_allocate: BatchAllocatePayload | None = writing(
        ADJUSTMENTS["BatchAllocate"], BatchAllocateInput
    )
