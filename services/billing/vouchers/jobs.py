"""Returns what is left of expired vouchers to the quotas that they came from."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from services.billing.ledger.model import Account
from services.billing.vouchers.model import Voucher
from services.billing.vouchers.reclaims import settle_vouchers
from services.billing.vouchers.shown import ITS_ACCOUNT
from services.kit.database import Database
from services.kit.jobs import Job, over_tenants, system_principal

EVERY: Final = timedelta(seconds=10)
TENANTS_AT_ONCE: Final = 20
VOUCHERS_AT_ONCE: Final = 200


async def settle(database: Database, now: datetime) -> int:
    """Settle a batch of each of some tenants' due vouchers, and give how many there were."""
    async with over_tenants(database) as session:
        # One that an unpaid order holds is looked at again when the order is done.
        due = (
            select(Voucher.tenant_id)
            .join(Account, ITS_ACCOUNT)
            .where(Voucher.due_time <= now, Account.debits_pending == 0)
        )
        tenants = list(await session.scalars(due.distinct().limit(TENANTS_AT_ONCE)))
    done = 0
    for tenant_id in tenants:
        principal = system_principal("billing", tenant_id=tenant_id)
        async with database.transaction(principal) as session:
            done += await settle_vouchers(
                session,
                scope=principal.scope,
                operator=principal.subject,
                now=now,
                at_most=VOUCHERS_AT_ONCE,
            )
    return done


SETTLE_VOUCHERS: Final = Job(name="vouchers.settle", every=EVERY, run=settle)
