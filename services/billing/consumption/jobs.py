"""What happens by itself: the customers service is told what customers spent in this cycle."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from services.billing.consumption import operations, queries
from services.billing.consumption.cycles import cycle_at
from services.billing.consumption.model import CustomerSpend
from services.billing.peers import BATCH_MAX, Customers, PeerRefused, Spend
from services.kit import log
from services.kit.database import Database
from services.kit.identity import Principal
from services.kit.jobs import Job, over_tenants, step_id, system_principal
from services.kit.money import Money

EVERY: Final = timedelta(seconds=5)

_log: Final = log.logger("jobs")


def push_customer_spends(customers: Customers) -> Job:
    return Job(name="push customer spends", every=EVERY, run=partial(_push, customers))


async def _push(customers: Customers, database: Database, now: datetime) -> int:
    """Push one batch of one tenant's due spends, and give how many there were.

    The call stands between two transactions; the second notes what was told, and a spend that
    grew meanwhile stays due.
    """
    cycle = cycle_at(now)
    async with over_tenants(database) as session:
        due = await queries.list_due_spends(session, cycle=cycle, at_most=BATCH_MAX)
    if not due:
        return 0
    principal = system_principal("billing", tenant_id=due[0].tenant_id)
    versions = {spend.customer_id: spend.version for spend in due}
    await _tell(customers, due, principal=principal)
    async with database.transaction(principal) as session:
        await operations.note_pushed(session, scope=principal.scope, cycle=cycle, versions=versions)
    return len(due)


async def _tell(
    customers: Customers, due: Sequence[CustomerSpend], *, principal: Principal
) -> None:
    """Tell customers of spends; one that it will never take keeps no other from being told."""
    spends = list(due)
    while spends:
        told = [f"{one.customer_id}:{one.version}" for one in spends]
        try:
            await customers.record_customer_spend(
                [
                    Spend(
                        customer_id=one.customer_id,
                        billing_cycle=one.billing_cycle,
                        amount=Money(one.amount, one.currency_code),
                    )
                    for one in spends
                ],
                principal=principal,
                request_id=step_id(due[0].tenant_id, "spends", due[0].billing_cycle, *told),
            )
        except PeerRefused as refused:
            if refused.item is None:
                raise
            spend = spends.pop(refused.item)
            _log.error("spend refused", customer=str(spend.customer_id), why=refused.flaws)
        else:
            return
