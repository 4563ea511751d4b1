"""Writes operation records."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.voucher_operations.model import (
    About,
    Occasion,
    VoucherOperation,
    VoucherOperationResult,
)
from services.kit.errors import Refusal
from services.kit.money import Money


def note_done(
    session: AsyncSession,
    *,
    occasion: Occasion,
    about: About,
    amount: Money,
    transaction_id: UUID | None,
) -> None:
    """Record what was done, and the transfer that moves the amount, if there is one to move."""
    session.add(_record(occasion, about, amount, transaction_id=transaction_id, refusal=None))


def note_refused(
    session: AsyncSession, *, occasion: Occasion, about: About, amount: Money, refusal: Refusal
) -> None:
    """Record what was asked for and why it was not done."""
    session.add(_record(occasion, about, amount, transaction_id=None, refusal=refusal))


def _record(
    occasion: Occasion,
    about: About,
    amount: Money,
    *,
    transaction_id: UUID | None,
    refusal: Refusal | None,
) -> VoucherOperation:
    succeeded = refusal is None
    return VoucherOperation(
        **asdict(about),
        operation_type=occasion.operation_type,
        currency_code=amount.currency_code,
        amount=amount.amount,
        operate_time=occasion.now,
        operator=occasion.operator,
        result=VoucherOperationResult.SUCCESS if succeeded else VoucherOperationResult.FAILURE,
        failure_reason=None if refusal is None else refusal.reason,
        remark=occasion.remark,
        transaction_id=transaction_id,
    )
