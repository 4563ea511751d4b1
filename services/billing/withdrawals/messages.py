"""Withdrawals, payees and what can be withdrawn as messages, and the filter of withdrawals."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from partner.billing.v1 import withdrawals_pb2
from services.billing.accounts.messages import cash_parts, day_parts, unit_parts
from services.billing.top_ups.messages import CHANNELS
from services.billing.withdrawals.queries import WithdrawalFilter
from services.kit import ids, wire
from services.kit.fields import Field, Fields

FILTER_IDS_MAX: Final = 50

KINDS: Final = wire.Words(withdrawals_pb2.WithdrawalKind, prefix="WITHDRAWAL_KIND_")
STATES: Final = wire.Words(withdrawals_pb2.WithdrawalState, prefix="WITHDRAWAL_STATE_")
FLOW_STATES: Final = wire.Words(
    withdrawals_pb2.WithdrawalFlowState, prefix="WITHDRAWAL_FLOW_STATE_"
)

Json = Mapping[str, Any]


def _flows(flows: Sequence[Json], currency_code: str) -> list[dict[str, Any]]:
    return [_flow(flow, currency_code) for flow in flows]


def _flow(flow: Json, currency_code: str) -> dict[str, Any]:
    top_up_id, finish_time = flow["top_up_id"], flow["finish_time"]
    return {
        "top_up_id": top_up_id and ids.to_text("tup", UUID(top_up_id)),
        "channel": CHANNELS.number(flow["channel"]),
        "amount": cash_parts(flow["amount"], currency_code),
        "state": FLOW_STATES.number(flow["state"]),
        "failure_reason": flow["failure_reason"],
        "finish_time": finish_time and wire.time_parts(datetime.fromisoformat(finish_time)),
        "transaction_id": ids.to_text("txn", UUID(flow["transaction_id"])),
    }


WITHDRAWAL: Final = Fields(
    withdrawals_pb2.Withdrawal,
    id=Field(partial(ids.to_text, "wdr")),
    partner_id=Field(partial(ids.to_text, "ptr")),
    kind=Field(KINDS.number),
    amount=Field(cash_parts, "amount", "currency_code"),
    paid_amount=Field(cash_parts, "paid_amount", "currency_code"),
    state=Field(STATES.number),
    bank=Field(),
    flows=Field(_flows, "flows", "currency_code"),
    apply_time=Field(wire.time_parts),
    applicant=Field(),
    review_time=Field(wire.time_parts),
    reject_reason=Field(),
    finish_time=Field(wire.time_parts),
    expect_date=Field(day_parts),
)

PAYEE: Final = Fields(
    withdrawals_pb2.Payee,
    partner_id=Field(partial(ids.to_text, "ptr")),
    verified_name=Field(),
    business_verified=Field(None, "is_business_verified"),
    update_time=Field(wire.time_parts),
)

AMOUNTS: Final = Fields(
    withdrawals_pb2.WithdrawableAmounts,
    total_amount=Field(unit_parts, "total", "unit"),
    original_route_amount=Field(unit_parts, "original_route", "unit"),
    bank_card_amount=Field(unit_parts, "bank_card", "unit"),
    incentive_rebate_amount=Field(unit_parts, "incentive_rebate", "unit"),
    invoice_arrears_amount=Field(unit_parts, "arrears", "unit"),
    verified_name=Field(),
)


def to_filter(message: withdrawals_pb2.WithdrawalFilter) -> WithdrawalFilter:
    return WithdrawalFilter(
        withdrawal_ids=wire.to_ids(
            "wdr", message.withdrawal_ids, field="filter.withdrawal_ids", at_most=FILTER_IDS_MAX
        ),
        kinds=KINDS.required_words(message.kinds, field="filter.kinds"),
        states=STATES.required_words(message.states, field="filter.states"),
        apply_time=wire.to_time_range(message, "apply_time"),
    )
