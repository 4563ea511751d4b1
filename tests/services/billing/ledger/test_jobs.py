"""The job that returns what was set aside and has expired."""

from datetime import UTC, datetime, timedelta

from services.billing.ledger.chart import AccountKind
from services.billing.ledger.jobs import EXPIRE_PENDING
from services.kit.jobs import run_once
from tests.builders.ledger import TenantLedger

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def test_expire_pending_returns_what_has_expired_in_every_tenant(
    ledger: TenantLedger,
) -> None:
    ledgers = [ledger, TenantLedger(ledger.database)]
    accounts = []
    for one in ledgers:
        account = await one.open(filled_with=30)
        outside = await one.open(AccountKind.CASH_CLEARING)
        await one.reserve(account, outside, 10, expire_time=LONG_AGO)
        await one.reserve(account, outside, 5, expire_time=datetime.now(UTC) + timedelta(days=1))
        accounts.append(account)

    while await run_once(EXPIRE_PENDING, ledger.database, now=datetime.now(UTC)):
        pass

    for one, account in zip(ledgers, accounts, strict=True):
        assert await one.cents(account) == 25
        assert not await one.violations()
