"""Moves on what is left of quotas that expired, and what returned to those taken back."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from services.billing.voucher_quotas.model import VoucherQuota
from services.billing.voucher_quotas.rests import settle_voucher_quotas
from services.kit.database import Database
from services.kit.jobs import Job, over_tenants, system_principal

EVERY: Final = timedelta(seconds=10)
TENANTS_AT_ONCE: Final = 20
QUOTAS_AT_ONCE: Final = 200


async def settle(database: Database, now: datetime) -> int:
    """Settle a batch of each of some tenants' due quotas, and give how many there were."""
    async with over_tenants(database) as session:
        due = select(VoucherQuota.tenant_id).where(VoucherQuota.due_time <= now)
        tenants = list(await session.scalars(due.distinct().limit(TENANTS_AT_ONCE)))
    done = 0
    for tenant_id in tenants:
        principal = system_principal("billing", tenant_id=tenant_id)
        async with database.transaction(principal) as session:
            done += await settle_voucher_quotas(
                session,
                scope=principal.scope,
                operator=principal.subject,
                now=now,
                at_most=QUOTAS_AT_ONCE,
            )
    return done


SETTLE_VOUCHER_QUOTAS: Final = Job(name="voucher_quotas.settle", every=EVERY, run=settle)
