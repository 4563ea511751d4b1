"""What happens by itself: the customers service is told what customers spent in this cycle."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from services.billing.consumption import operations, queries
from services.billing.consumption.cycles import cycle_at
from services.billing.peers import BATCH_MAX, Customers, Spend
from services.kit.database import Database
from services.kit.jobs import Job, over_tenants, step_id, system_principal
from services.kit.money import Money

EVERY: Final = timedelta(seconds=5)


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
    told = sorted(f"{customer_id}:{version}" for customer_id, version in versions.items())
    await customers.record_customer_spend(
        [
            Spend(
                customer_id=spend.customer_id,
                billing_cycle=spend.billing_cycle,
                amount=Money(spend.amount, spend.currency_code),
            )
            for spend in due
        ],
        principal=principal,
        request_id=step_id(due[0].tenant_id, "spends", cycle, *told),
    )
    async with database.transaction(principal) as session:
        await operations.note_pushed(session, scope=principal.scope, cycle=cycle, versions=versions)
    return len(due)
