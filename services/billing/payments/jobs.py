"""What happens by itself: debts are repaid, usage is charged, and holds whose time is up end."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from services.billing.ledger.model import InsufficientBalance
from services.billing.payments import arrears, charging, due, operations
from services.kit import log
from services.kit.database import Database
from services.kit.identity import Principal
from services.kit.jobs import Job, over_tenants, system_principal

EVERY: Final = timedelta(seconds=3)
HOLDS_AT_ONCE: Final = 100
# While the database keeps one batch, the next is counted.
BATCHES_AT_ONCE: Final = 2

_log: Final = log.logger("jobs")


async def charge(database: Database, now: datetime) -> int:
    """Sweep once over the queue of every tenant; give how much was done."""
    async with over_tenants(database) as session:
        tenants = await due.list_due_tenants(session, now=now)
    done = 0
    for tenant_id in tenants:
        principal = system_principal("billing", tenant_id=tenant_id)
        # What was allocated since repays old debts before it pays for new usage.
        done += await _repay(database, principal, now)
        done += await _Sweep(database, principal, now).run()
        async with database.transaction(principal) as session:
            done += await operations.expire_held(
                session, scope=principal.scope, now=now, at_most=HOLDS_AT_ONCE
            )
    return done


async def _repay(database: Database, principal: Principal, now: datetime) -> int:
    try:
        async with database.transaction(principal) as session:
            return await arrears.repay_arrears(session, scope=principal.scope, now=now)
    except InsufficientBalance:
        return _next_time(principal)


def _next_time(principal: Principal) -> int:
    """Leave it to the next run: somebody else took what was counted on before it was moved."""
    _log.warning("counted in vain", tenant=str(principal.tenant_id))
    return 0


@dataclass
class _Sweep:
    """One way through a tenant's queue, from customer to customer, so that each has its turn."""

    database: Database
    principal: Principal
    now: datetime
    _place: tuple[Any, ...] | None = None
    _is_over: bool = False
    # Where a batch ends is known when it is read; the next begins there.
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> int:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._charge()) for _ in range(BATCHES_AT_ONCE)]
        return sum(task.result() for task in tasks)

    async def _charge(self) -> int:
        done = 0
        while not self._is_over:
            try:
                done += await self._charge_batch()
            except InsufficientBalance:
                done += _next_time(self.principal)
        return done

    async def _charge_batch(self) -> int:
        scope = self.principal.scope
        async with self.database.transaction(self.principal) as session:
            async with self._reading:
                found = await due.list_waiting_for_update(
                    session, scope=scope, after=self._place, at_most=charging.BATCH_ROWS
                )
                self._is_over = self._is_over or not found
                self._place = found[-1].place if found else self._place
            return await charging.charge_waiting(session, scope=scope, found=found, now=self.now)


CHARGE_USAGE: Final = Job(name="payments.charge_usage", every=EVERY, run=charge)
