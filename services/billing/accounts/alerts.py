"""Tells receivers that an account has run low: once, until there was enough again."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import BalanceAlert
from services.billing.ledger.chart import Unit
from services.billing.ledger.model import Account
from services.kit import ids, log
from services.kit.identity import Scope
from services.kit.money import Money, decimal_text

_log: Final = log.logger("alerts")
_LEFT: Final = Account.credits_posted - Account.debits_posted - Account.debits_pending
IS_LOW: Final = (BalanceAlert.threshold > _LEFT) & BalanceAlert.note_time.is_(None)
IS_ENOUGH: Final = (BalanceAlert.threshold <= _LEFT) & BalanceAlert.note_time.is_not(None)
ITS_ACCOUNT: Final = (Account.tenant_id == BalanceAlert.tenant_id) & (
    Account.id == BalanceAlert.account_id
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What receivers hear."""

    account_id: UUID
    partner_id: UUID
    receivers: Sequence[str]
    available: Money
    threshold: Money


Send = Callable[[Alert], Awaitable[None]]


async def write_to_log(alert: Alert) -> None:
    """Tell the log, where nobody sends mail; addresses stay out of it."""
    _log.warning(
        "balance is low",
        account=ids.to_text("acc", alert.account_id),
        available=decimal_text(alert.available.amount),
        threshold=decimal_text(alert.threshold.amount),
        currency=alert.available.currency_code,
        receivers=len(alert.receivers),
    )


async def list_due(session: AsyncSession, *, scope: Scope, at_most: int) -> list[Alert]:
    """Give alerts of accounts that have run low and that nobody has heard of, in any order."""
    statement = (
        select(BalanceAlert, Account.unit, _LEFT)
        .join(Account, ITS_ACCOUNT)
        .where(*scope.covers(BalanceAlert), IS_LOW)
        .order_by(func.random())
        .limit(at_most)
    )
    alerts = []
    for alert, text, left in await session.execute(statement):
        unit = Unit.parse(text)
        alerts.append(
            Alert(
                account_id=alert.account_id,
                partner_id=alert.partner_id,
                receivers=alert.receivers,
                available=unit.money(left),
                threshold=unit.money(alert.threshold),
            )
        )
    return alerts


async def note(
    session: AsyncSession, *, scope: Scope, account_ids: Sequence[UUID], now: datetime
) -> None:
    """Note that the receivers have heard of these accounts."""
    await session.execute(
        update(BalanceAlert)
        .where(*scope.covers(BalanceAlert), BalanceAlert.account_id.in_(account_ids))
        .values(note_time=now)
        .execution_options(synchronize_session=False)
    )


async def forget(session: AsyncSession, *, scope: Scope, at_most: int) -> int:
    """Let receivers hear again of accounts that have enough by now; give how many there are."""
    enough = (
        select(BalanceAlert.tenant_id, BalanceAlert.account_id)
        .join(Account, ITS_ACCOUNT)
        .where(*scope.covers(BalanceAlert), IS_ENOUGH)
        .limit(at_most)
    )
    key = tuple_(BalanceAlert.tenant_id, BalanceAlert.account_id)
    done = await session.execute(
        update(BalanceAlert)
        .where(key.in_(enough))
        .values(note_time=None)
        .returning(BalanceAlert.account_id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())
