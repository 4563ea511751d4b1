"""What happens by itself: debts are repaid, usage is charged, and holds whose time is up end."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger.model import InsufficientBalance
from services.billing.payments import arrears, charging, due, operations
from services.kit.database import Database
from services.kit.identity import Principal
from services.kit.jobs import Job, over_tenants, system_principal

EVERY: Final = timedelta(seconds=3)
HOLDS_AT_ONCE: Final = 100
# Somebody may take what was counted on in the moment before it is moved, but not again and again.
ATTEMPTS: Final = 5

T = TypeVar("T")


async def charge(database: Database, now: datetime) -> int:
    """Sweep once over the queue of every tenant; give how much was done."""
    async with over_tenants(database) as session:
        tenants = await due.list_due_tenants(session, now=now)
    done = 0
    for tenant_id in tenants:
        done += await _sweep(database, system_principal("billing", tenant_id=tenant_id), now)
    return done


async def _sweep(database: Database, principal: Principal, now: datetime) -> int:
    scope = principal.scope

    async def repay(session: AsyncSession) -> int:
        return await arrears.repay_arrears(session, scope=scope, now=now)

    # What was allocated since repays old debts before it pays for new usage.
    done = await _counting_again(database, principal, repay)
    after: tuple[Any, ...] | None = None
    while True:

        async def next_batch(
            session: AsyncSession, after: tuple[Any, ...] | None = after
        ) -> charging.Batch | None:
            return await charging.charge_waiting(session, scope=scope, now=now, after=after)

        batch = await _counting_again(database, principal, next_batch)
        if batch is None:
            break
        done, after = done + batch.count, batch.place
    async with database.transaction(principal) as session:
        done += await operations.expire_held(session, scope=scope, now=now, at_most=HOLDS_AT_ONCE)
    return done


async def _counting_again(
    database: Database, principal: Principal, run: Callable[[AsyncSession], Awaitable[T]]
) -> T:
    """Run in a transaction; where somebody else was quicker, count again in another.

    :raises InsufficientBalance: where that happens every time.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            async with database.transaction(principal) as session:
                return await run(session)
        except InsufficientBalance:
            continue
    async with database.transaction(principal) as session:
        return await run(session)


CHARGE_USAGE: Final = Job(name="payments.charge_usage", every=EVERY, run=charge)
