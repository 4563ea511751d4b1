"""Reads how much can be withdrawn, by each kind, inside the scope of who asks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.billing.accounts.model import InvoiceArrears
from services.billing.ledger.chart import AccountKind, Phase, TransferCode
from services.billing.ledger.model import Account, Transfer
from services.billing.top_ups.model import TopUp
from services.billing.withdrawals.model import (
    RETURNED,
    UNFINISHED,
    Payee,
    Withdrawal,
    WithdrawalFlow,
    WithdrawalKind,
)
from services.billing.withdrawals.routes import ChannelWindows
from services.kit.fields import fetch, selected
from services.kit.identity import Scope


async def get_amounts(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    windows: ChannelWindows,
    now: datetime,
) -> Sequence[Any] | None:
    """Give what can be withdrawn from the root partner's cash; None while it has no account."""
    left = Account.credits_posted - Account.debits_posted - Account.debits_pending
    arrears = func.coalesce(_of_account(InvoiceArrears.amount, InvoiceArrears), 0)
    total = func.greatest(left - arrears, 0)
    computed = {
        "total": total,
        "original_route": func.least(total, _returnable("ORIGINAL_ROUTE", windows, now=now)),
        "bank_card": func.least(total, _returnable("BANK_CARD", windows, now=now)),
        "incentive_rebate": func.least(total, func.greatest(_rebate(), 0)),
        "arrears": arrears,
        "verified_name": select(Payee.verified_name)
        .where(Payee.tenant_id == Account.tenant_id, Payee.partner_id == Account.holder_id)
        .scalar_subquery(),
    }
    statement = select(*selected(Account, columns, **computed)).where(
        *scope.covers(Account, customer=Account.holder_id),
        Account.holder_id == scope.tenant_id,
        Account.kind == AccountKind.PARTNER_CASH,
    )
    rows = await fetch(session, statement)
    return rows[0] if rows else None


async def get_arrears(session: AsyncSession, *, scope: Scope, account_id: UUID) -> int:
    """Give what of an account was invoiced and not consumed, in its smallest unit."""
    statement = select(InvoiceArrears.amount).where(
        *scope.covers(InvoiceArrears), InvoiceArrears.account_id == account_id
    )
    return (await session.scalars(statement)).one_or_none() or 0


def _of_account(column: Any, table: Any) -> ColumnElement[Any]:
    return (
        select(column)
        .where(table.tenant_id == Account.tenant_id, table.account_id == Account.id)
        .scalar_subquery()
    )


def _returnable(kind: str, windows: ChannelWindows, *, now: datetime) -> ColumnElement[Any]:
    """Say in SQL how much of an account's top-ups can go a way."""
    is_busy = (
        select(WithdrawalFlow.id)
        .where(
            WithdrawalFlow.tenant_id == TopUp.tenant_id,
            WithdrawalFlow.top_up_id == TopUp.id,
            WithdrawalFlow.state.in_(UNFINISHED),
        )
        .exists()
    )
    unreturned = TopUp.amount - TopUp.designated_amount - TopUp.returned_amount
    return (
        select(func.coalesce(func.sum(unreturned), 0))
        .where(
            TopUp.tenant_id == Account.tenant_id,
            TopUp.account_id == Account.id,
            TopUp.earned_bonus.is_(False),
            windows.condition(kind, now=now),
            ~is_busy,
        )
        .scalar_subquery()
    )


def _rebate() -> ColumnElement[Any]:
    """Say in SQL how much incentive money came into an account and was not withdrawn."""
    reversal = aliased(Transfer)
    is_reversed = (
        select(reversal.id)
        .where(reversal.tenant_id == Transfer.tenant_id, reversal.reverses_id == Transfer.id)
        .exists()
    )
    came = (
        select(func.coalesce(func.sum(Transfer.amount), 0))
        .where(
            Transfer.tenant_id == Account.tenant_id,
            Transfer.credit_account_id == Account.id,
            Transfer.code == TransferCode.REBATE_TO_CASH,
            Transfer.phase.in_((Phase.POSTED, Phase.POST)),
            ~is_reversed,
        )
        .scalar_subquery()
    )
    went = (
        select(func.coalesce(func.sum(WithdrawalFlow.amount), 0))
        .join(
            Withdrawal,
            (Withdrawal.tenant_id == WithdrawalFlow.tenant_id)
            & (Withdrawal.id == WithdrawalFlow.withdrawal_id),
        )
        .where(
            Withdrawal.tenant_id == Account.tenant_id,
            Withdrawal.account_id == Account.id,
            Withdrawal.kind == WithdrawalKind.INCENTIVE_REBATE,
            WithdrawalFlow.state.not_in(RETURNED),
        )
        .scalar_subquery()
    )
    return came - went
