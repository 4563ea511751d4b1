"""Returns what was set aside and has expired to the accounts' counters."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from services.billing.ledger import operations, queries
from services.billing.ledger.model import Transfer
from services.kit.database import Database
from services.kit.jobs import Job, over_tenants, system_principal

TENANTS_AT_ONCE: Final = 20
TRANSFERS_AT_ONCE: Final = 200


async def expire_pending(database: Database, now: datetime) -> int:
    async with over_tenants(database) as session:
        due = queries.unresolved(select(Transfer.tenant_id)).where(Transfer.expire_time <= now)
        tenants = list(await session.scalars(due.distinct().limit(TENANTS_AT_ONCE)))
    done = 0
    for tenant_id in tenants:
        principal = system_principal("billing", tenant_id=tenant_id)
        async with database.transaction(principal) as session:
            done += await operations.expire_pending(
                session, scope=principal.scope, at_most=TRANSFERS_AT_ONCE
            )
    return done


EXPIRE_PENDING: Final = Job(
    name="ledger.expire_pending", every=timedelta(seconds=10), run=expire_pending
)
