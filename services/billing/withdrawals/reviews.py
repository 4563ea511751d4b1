"""Decides on withdrawals, for the platform (domain.md 6.4)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.withdrawals import holds, operations, queries
from services.billing.withdrawals.model import Withdrawal, WithdrawalState
from services.billing.withdrawals.terms import REASON_LENGTH_MAX, refuse_long
from services.kit.errors import PermissionDenied
from services.kit.identity import Scope


async def review_withdrawal(session: AsyncSession, *, scope: Scope, withdrawal_id: UUID) -> None:
    """Begin to look at a withdrawal.

    :raises NotFound, WithdrawalStateConflict:
    """
    withdrawal = await operations.get_for_update(session, scope=scope, withdrawal_id=withdrawal_id)
    withdrawal.move(WithdrawalState.UNDER_REVIEW, out_of=(WithdrawalState.SUBMITTED,))
    await session.flush()


async def approve_withdrawal(
    session: AsyncSession, *, scope: Scope, withdrawal_id: UUID, reviewer: str, now: datetime
) -> None:
    """Let a withdrawal be paid: its flows are due at once.

    :raises NotFound, WithdrawalStateConflict, PermissionDenied:
    """
    withdrawal = await operations.get_for_update(session, scope=scope, withdrawal_id=withdrawal_id)
    withdrawal.move(WithdrawalState.APPROVED, out_of=(WithdrawalState.UNDER_REVIEW,))
    _decide(withdrawal, reviewer=reviewer, now=now)
    for flow in await queries.list_flows(session, scope=scope, withdrawal_id=withdrawal.id):
        flow.next_attempt_time = now
    await session.flush()


async def reject_withdrawal(
    session: AsyncSession,
    *,
    scope: Scope,
    withdrawal_id: UUID,
    reviewer: str,
    reason: str,
    now: datetime,
) -> None:
    """Refuse a withdrawal; its amount is free again.

    :raises InvalidArgument, NotFound, WithdrawalStateConflict, PermissionDenied:
    """
    refuse_long(reason, field="reason", at_most=REASON_LENGTH_MAX)
    withdrawal = await operations.get_for_update(session, scope=scope, withdrawal_id=withdrawal_id)
    withdrawal.move(WithdrawalState.REJECTED, out_of=(WithdrawalState.UNDER_REVIEW,))
    _decide(withdrawal, reviewer=reviewer, now=now)
    withdrawal.reject_reason = reason
    withdrawal.finish_time = now
    await holds.release(session, scope=scope, withdrawal=withdrawal, now=now)


def _decide(withdrawal: Withdrawal, *, reviewer: str, now: datetime) -> None:
    if reviewer == withdrawal.applicant:
        raise PermissionDenied("nobody decides on what they asked for themselves")
    withdrawal.reviewer = reviewer
    withdrawal.review_time = now
