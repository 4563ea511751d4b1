"""Pays approved withdrawals: takes what is due, and writes what the provider says of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import TransferCode, Unit
from services.billing.ledger.model import transfer_id
from services.billing.top_ups import operations as top_ups
from services.billing.top_ups.model import TopUp
from services.billing.withdrawals import holds, operations, queries
from services.billing.withdrawals.model import (
    UNFINISHED,
    BankAccount,
    Payee,
    Withdrawal,
    WithdrawalFlow,
    WithdrawalFlowState,
    WithdrawalState,
)
from services.billing.withdrawals.providers import (
    BankTarget,
    PayoutAnswer,
    PayoutOrder,
    PayoutState,
    RouteTarget,
)
from services.billing.withdrawals.vault import NumberVault
from services.kit.identity import Scope

# Between two questions about the same payment.
PAUSE_MAX: Final = timedelta(seconds=60)
ERROR_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Due:
    """A payment whose turn it is."""

    tenant_id: UUID
    withdrawal_id: UUID
    order: PayoutOrder


async def take_due(
    session: AsyncSession, *, vault: NumberVault, now: datetime, at_most: int
) -> list[Due]:
    """Take payments of all tenants that are due; they come up again, later each time."""
    flows = list(
        await session.scalars(
            select(WithdrawalFlow)
            .where(WithdrawalFlow.next_attempt_time <= now, WithdrawalFlow.state.in_(UNFINISHED))
            .order_by(WithdrawalFlow.next_attempt_time, WithdrawalFlow.id)
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
    )
    for flow in flows:
        flow.state = WithdrawalFlowState.PAYING
        flow.attempts = min(flow.attempts + 1, 1000)
        flow.next_attempt_time = now + pause(flow.attempts)
    await session.flush()
    keys = {(flow.tenant_id, flow.withdrawal_id) for flow in flows}
    for tenant_id, withdrawal_id in sorted(keys):
        await session.execute(
            update(Withdrawal)
            .where(
                Withdrawal.tenant_id == tenant_id,
                Withdrawal.id == withdrawal_id,
                Withdrawal.state == WithdrawalState.APPROVED,
            )
            .values(state=WithdrawalState.PAYING)
        )
    return [await _due(session, flow, vault=vault) for flow in flows]


def pause(attempts: int) -> timedelta:
    """Say how long to wait for the next question: from 2 s on, twice as long each time."""
    return min(timedelta(seconds=1 << min(attempts, 10)), PAUSE_MAX)


async def settle(
    session: AsyncSession, *, scope: Scope, due: Due, answer: PayoutAnswer, now: datetime
) -> bool:
    """Write what became of a payment; tell whether that ended it.

    Only an answer ends it: paid is posted, failed is voided. Silence changes nothing.
    """
    if answer.state not in {PayoutState.PAID, PayoutState.FAILED}:
        return False
    withdrawal = await operations.get_for_update(
        session, scope=scope, withdrawal_id=due.withdrawal_id
    )
    flows = await queries.list_flows(session, scope=scope, withdrawal_id=withdrawal.id)
    (flow,) = [one for one in flows if one.id == due.order.id]
    if flow.state != WithdrawalFlowState.PAYING:
        return False
    is_paid = answer.state == PayoutState.PAID
    if is_paid:
        flow.end(WithdrawalFlowState.PAID, now=now)
        withdrawal.paid_amount += flow.amount
    else:
        reason = answer.reason or "the provider gave no reason"
        flow.end(WithdrawalFlowState.FAILED, now=now, failure_reason=reason)
        if flow.top_up_id is not None:
            parts = {flow.top_up_id: withdrawal.unit.money(flow.amount)}
            await top_ups.keep(session, scope=scope, parts=parts)
    if not any(one.state in UNFINISHED for one in flows):
        withdrawal.finish(now=now)
    await session.flush()
    if is_paid:
        await ledger.post_pending(
            session,
            id=transfer_id(flow.tenant_id, method="PayWithdrawal", request_id=str(flow.id)),
            pending_id=flow.transaction_id,
            code=TransferCode.WITHDRAWAL,
            amount=None,
            unit=withdrawal.unit,
        )
    else:
        await holds.void(session, flow=flow)
    return True


async def note_silence(
    session: AsyncSession, *, scope: Scope, due: Due, error: BaseException
) -> None:
    """Keep that nobody knows what became of a payment; it is asked for again."""
    await session.execute(
        update(WithdrawalFlow)
        .where(WithdrawalFlow.tenant_id == scope.tenant_id, WithdrawalFlow.id == due.order.id)
        .values(last_error=repr(error)[:ERROR_LENGTH_MAX])
    )


async def _due(session: AsyncSession, flow: WithdrawalFlow, *, vault: NumberVault) -> Due:
    statement = (
        select(Withdrawal, TopUp, BankAccount, Payee.remittance_branch)
        .outerjoin(TopUp, (TopUp.tenant_id == Withdrawal.tenant_id) & (TopUp.id == flow.top_up_id))
        .outerjoin(
            BankAccount,
            (BankAccount.tenant_id == Withdrawal.tenant_id)
            & (BankAccount.id == Withdrawal.bank_account_id),
        )
        .outerjoin(
            Payee,
            (Payee.tenant_id == Withdrawal.tenant_id) & (Payee.partner_id == Withdrawal.partner_id),
        )
        .where(Withdrawal.tenant_id == flow.tenant_id, Withdrawal.id == flow.withdrawal_id)
    )
    withdrawal, top_up, bank, branch = (await session.execute(statement)).one()
    order = PayoutOrder(
        id=flow.id,
        amount=Unit.cash(withdrawal.currency_code).money(flow.amount),
        target=RouteTarget(top_up.channel, top_up.channel_number, branch)
        if bank is None
        else _bank_target(bank, vault=vault),
    )
    return Due(flow.tenant_id, flow.withdrawal_id, order)


def _bank_target(bank: Any, *, vault: NumberVault) -> BankTarget:
    number = vault.open(bank.number_sealed, tenant_id=bank.tenant_id, bank_account_id=bank.id)
    return BankTarget(bank.bank_name, bank.branch, bank.account_name, number)
