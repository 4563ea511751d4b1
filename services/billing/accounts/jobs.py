"""What time does to fund accounts: lots of credit expire, low balances are told."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select

from services.billing.accounts import alerts, credit
from services.billing.accounts.alerts import Send
from services.billing.accounts.model import BalanceAlert
from services.billing.days import day_at
from services.billing.ledger.model import Account
from services.kit.database import Database
from services.kit.jobs import Job, over_tenants, system_principal

TENANTS_AT_ONCE: Final = 20
LOTS_AT_ONCE: Final = 200
ALERTS_AT_ONCE: Final = 50


async def expire_credit(database: Database, now: datetime) -> int:
    async with over_tenants(database) as session:
        due = select(Account.tenant_id).where(*credit.has_expired(day_at(now)))
        tenants = list(await session.scalars(due.distinct().limit(TENANTS_AT_ONCE)))
    done = 0
    for tenant_id in tenants:
        principal = system_principal("billing", tenant_id=tenant_id)
        async with database.transaction(principal) as session:
            done += await credit.expire_credit(
                session,
                scope=principal.scope,
                operator=principal.subject,
                now=now,
                at_most=LOTS_AT_ONCE,
            )
    return done


async def tell_low_balances(database: Database, now: datetime, *, send: Send) -> int:
    """Tell the receivers of some tenants.

    :raises ExceptionGroup: what kept some from being told, when all others have been
    """
    async with over_tenants(database) as session:
        due = select(BalanceAlert.tenant_id).join(Account, alerts.ITS_ACCOUNT)
        due = due.where(or_(alerts.IS_LOW, alerts.IS_ENOUGH)).group_by(BalanceAlert.tenant_id)
        # Nobody stands behind those who can not be told.
        due = due.order_by(func.random()).limit(TENANTS_AT_ONCE)
        tenants = list(await session.scalars(due))
    failed: list[Exception] = []
    done = 0
    for tenant_id in tenants:
        done += await _tell(database, tenant_id, now=now, send=send, failed=failed)
    if failed:
        raise ExceptionGroup("some receivers were not told", failed)
    return done


async def _tell(
    database: Database, tenant_id: UUID, *, now: datetime, send: Send, failed: list[Exception]
) -> int:
    """Send outside of any transaction, then note it: better twice than never."""
    principal = system_principal("billing", tenant_id=tenant_id)
    async with database.transaction(principal) as session:
        again = await alerts.forget(session, scope=principal.scope, at_most=ALERTS_AT_ONCE)
        due = await alerts.list_due(session, scope=principal.scope, at_most=ALERTS_AT_ONCE)
    for alert in due:
        try:
            await send(alert)
        except Exception as error:  # noqa: BLE001 - whatever keeps one from being told
            failed.append(error)
            continue
        async with database.transaction(principal) as session:
            await alerts.note(
                session, scope=principal.scope, account_ids=[alert.account_id], now=now
            )
    return again + len(due)


def telling_low_balances(send: Send) -> Job:
    """Make the job that sends by this way."""
    return Job(
        name="accounts.tell_low_balances",
        every=timedelta(minutes=1),
        run=partial(tell_low_balances, send=send),
    )


EXPIRE_CREDIT: Final = Job(
    name="accounts.expire_credit", every=timedelta(minutes=5), run=expire_credit
)
