"""Pays approved withdrawals by the provider, outside any transaction."""

from datetime import datetime, timedelta
from typing import Final

from services.billing.withdrawals import payouts
from services.billing.withdrawals.payouts import Due
from services.billing.withdrawals.providers import (
    PayoutAnswer,
    PayoutOrder,
    PayoutProvider,
    PayoutState,
)
from services.billing.withdrawals.vault import NumberVault
from services.kit import log
from services.kit.database import Database
from services.kit.jobs import Job, over_tenants, system_principal

AT_ONCE: Final = 20

_log: Final = log.logger("withdrawals")


def pay_withdrawals(provider: PayoutProvider, vault: NumberVault) -> Job:
    async def run(database: Database, now: datetime) -> int:
        async with over_tenants(database) as session:
            taken = await payouts.take_due(session, vault=vault, now=now, at_most=AT_ONCE)
        ended = 0
        for due in taken:
            ended += await _pay(database, due, provider=provider, now=now)
        return ended

    return Job(name="withdrawals.pay", every=timedelta(seconds=1), run=run)


async def _pay(database: Database, due: Due, *, provider: PayoutProvider, now: datetime) -> bool:
    principal = system_principal("billing", tenant_id=due.tenant_id)
    try:
        answer = await _answer(provider, due.order)
    except OSError as error:
        # Nobody knows whether it was paid: the amount stays frozen, and the same is asked again.
        _log.warning("payout unknown", flow=str(due.order.id), error=type(error).__name__)
        async with database.transaction(principal) as session:
            await payouts.note_silence(session, scope=principal.scope, due=due, error=error)
        return False
    async with database.transaction(principal) as session:
        return await payouts.settle(session, scope=principal.scope, due=due, answer=answer, now=now)


async def _answer(provider: PayoutProvider, order: PayoutOrder) -> PayoutAnswer:
    """Ask before sending: an earlier attempt may have arrived though nobody said so."""
    known = await provider.ask(order.id)
    if known.state is not PayoutState.UNKNOWN:
        return known
    await provider.send(order)
    return await provider.ask(order.id)
