"""Money that a partner takes out of its cash (提现)."""

from enum import Enum

import strawberry

from gateway.billing.top_ups import Channel, TopUp
from gateway.billing.verification_codes import VerificationInput
from gateway.customers.partners import Partner
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing, single
from gateway.kit.money import Money, MoneyInput
from gateway.kit.nodes import Node, one
from gateway.kit.pages import Connection
from gateway.kit.scalars import Date, DateTime
from gateway.kit.shows import shows
from gateway.kit.words import words
from gateway.kit.writes import Payload, answers, writing
from partner.billing.v1 import withdrawals_pb2

WITHDRAWALS = rpcs(withdrawals_pb2.DESCRIPTOR, "WithdrawalService")


@words(withdrawals_pb2.WithdrawalKind)
class WithdrawalKind(Enum):
    """Filled from the contract."""


@words(withdrawals_pb2.WithdrawalState)
class WithdrawalState(Enum):
    """Filled from the contract."""


@words(withdrawals_pb2.WithdrawalFlowState)
class WithdrawalFlowState(Enum):
    """Filled from the contract."""


@words(withdrawals_pb2.WithdrawalOrder)
class WithdrawalOrder(Enum):
    """Filled from the contract."""


@shows(withdrawals_pb2.WithdrawalBank)
class WithdrawalBank:
    bank_name: str
    branch: str | None
    account_name: str
    last_four: str


@shows(withdrawals_pb2.WithdrawalFlow)
class WithdrawalFlow:
    channel: Channel | None
    amount: Money
    state: WithdrawalFlowState
    failure_reason: str | None
    finish_time: DateTime | None
    transaction_id: strawberry.ID
    top_up: TopUp | None = one("top_up_id")


@shows(withdrawals_pb2.Withdrawal, get=WITHDRAWALS["BatchGetWithdrawals"])
class Withdrawal(Node):
    kind: WithdrawalKind
    amount: Money
    paid_amount: Money
    state: WithdrawalState
    bank: WithdrawalBank | None
    flows: list[WithdrawalFlow]
    apply_time: DateTime
    applicant: str
    review_time: DateTime | None
    reject_reason: str | None
    finish_time: DateTime | None
    expect_date: Date
    partner: Partner | None = one("partner_id")


@shows(withdrawals_pb2.WithdrawableAmounts)
class WithdrawableAmounts:
    total_amount: Money | None
    original_route_amount: Money | None
    bank_card_amount: Money | None
    incentive_rebate_amount: Money | None
    invoice_arrears_amount: Money | None
    verified_name: str | None


@shows(withdrawals_pb2.Payee)
class Payee:
    verified_name: str
    business_verified: bool
    update_time: DateTime
    partner: Partner | None = one("partner_id")


@takes(withdrawals_pb2.WithdrawalFilter)
class WithdrawalFilter:
    withdrawal_ids: list[strawberry.ID] | None
    kinds: list[WithdrawalKind] | None
    states: list[WithdrawalState] | None
    apply_time_from: DateTime | None
    apply_time_to: DateTime | None


@takes(withdrawals_pb2.WithdrawalBankDetails)
class WithdrawalBankInput:
    bank_name: str
    branch: str | None
    account_name: str
    account_number: str


@takes(withdrawals_pb2.SubmitWithdrawalRequest)
class SubmitWithdrawalInput:
    request_id: strawberry.ID
    kind: WithdrawalKind
    amount: MoneyInput
    top_up_ids: list[strawberry.ID] | None
    bank: WithdrawalBankInput | None
    remittance_branch: str | None
    verification: VerificationInput | None


@takes(withdrawals_pb2.CancelWithdrawalRequest)
class CancelWithdrawalInput:
    request_id: strawberry.ID
    withdrawal_id: strawberry.ID


@takes(withdrawals_pb2.DeleteWithdrawalRequest)
class DeleteWithdrawalInput:
    request_id: strawberry.ID
    withdrawal_id: strawberry.ID


@takes(withdrawals_pb2.ReviewWithdrawalRequest)
class ReviewWithdrawalInput:
    request_id: strawberry.ID
    withdrawal_id: strawberry.ID


@takes(withdrawals_pb2.ApproveWithdrawalRequest)
class ApproveWithdrawalInput:
    request_id: strawberry.ID
    withdrawal_id: strawberry.ID


@takes(withdrawals_pb2.RejectWithdrawalRequest)
class RejectWithdrawalInput:
    request_id: strawberry.ID
    withdrawal_id: strawberry.ID
    reason: str


@takes(withdrawals_pb2.RecordPayeeRequest)
class RecordPayeeInput:
    request_id: strawberry.ID
    verified_name: str
    business_verified: bool


@answers(WITHDRAWALS["SubmitWithdrawal"])
class SubmitWithdrawalPayload(Payload):
    withdrawal: Withdrawal | None


@answers(WITHDRAWALS["CancelWithdrawal"])
class CancelWithdrawalPayload(Payload):
    withdrawal: Withdrawal | None


@answers(WITHDRAWALS["DeleteWithdrawal"])
class DeleteWithdrawalPayload(Payload):
    withdrawal: Withdrawal | None


@answers(WITHDRAWALS["ReviewWithdrawal"])
class ReviewWithdrawalPayload(Payload):
    withdrawal: Withdrawal | None


@answers(WITHDRAWALS["ApproveWithdrawal"])
class ApproveWithdrawalPayload(Payload):
    withdrawal: Withdrawal | None


@answers(WITHDRAWALS["RejectWithdrawal"])
class RejectWithdrawalPayload(Payload):
    withdrawal: Withdrawal | None


@answers(WITHDRAWALS["RecordPayee"])
class RecordPayeePayload(Payload):
    payee: Payee | None


@strawberry.type
class WithdrawalQuery:
    withdrawable_amounts: WithdrawableAmounts | None = single(WITHDRAWALS["GetWithdrawableAmounts"])
    withdrawals: Connection[Withdrawal] | None = listing(WITHDRAWALS["ListWithdrawals"])


@strawberry.type
class WithdrawalMutation:
    submit_withdrawal: SubmitWithdrawalPayload | None = writing(
        WITHDRAWALS["SubmitWithdrawal"], SubmitWithdrawalInput
    )
    cancel_withdrawal: CancelWithdrawalPayload | None = writing(
        WITHDRAWALS["CancelWithdrawal"], CancelWithdrawalInput
    )
    delete_withdrawal: DeleteWithdrawalPayload | None = writing(
        WITHDRAWALS["DeleteWithdrawal"], DeleteWithdrawalInput
    )
    review_withdrawal: ReviewWithdrawalPayload | None = writing(
        WITHDRAWALS["ReviewWithdrawal"], ReviewWithdrawalInput
    )
    approve_withdrawal: ApproveWithdrawalPayload | None = writing(
        WITHDRAWALS["ApproveWithdrawal"], ApproveWithdrawalInput
    )
    reject_withdrawal: RejectWithdrawalPayload | None = writing(
        WITHDRAWALS["RejectWithdrawal"], RejectWithdrawalInput
    )
    record_payee: RecordPayeePayload | None = writing(WITHDRAWALS["RecordPayee"], RecordPayeeInput)
