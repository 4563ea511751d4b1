"""Granting a quota: its accounts, its transfer, and a repetition."""

from uuid import uuid4

from sqlalchemy import select

from services.billing.ledger import queries as ledger_queries
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.billing.ledger.model import Transfer
from services.kit import ids
from tests.builders.billing import grant_quota, in_days
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_tenant
from tests.builders.running import RunningService


async def test_grant_voucher_quota_posts_its_amount_from_the_platform_to_the_partner(
    billing: RunningService,
) -> None:
    ledger = TenantLedger(billing.database, a_tenant())

    quota = await grant_quota(billing, ledger.tenant_id, face_total="12.30 CNY")

    async with ledger.transaction() as session:
        granted, available = await ledger_queries.list_by_holder(
            session,
            scope=ledger.principal.scope,
            holder_id=ids.from_text("quo", quota.id, field="id"),
            kinds=[AccountKind.VQ_GRANTED, AccountKind.VQ_AVAILABLE],
        )
        (transfer,) = await session.scalars(select(Transfer))
    unit = Unit("CNY", 2, f"VQ:{quota.id}")
    assert (granted.unit, available.unit) == (str(unit), str(unit))
    assert (granted.partner_id, available.partner_id) == (None, ledger.tenant_id)
    assert (granted.balance, available.balance) == (-unit.money(1230), unit.money(1230))
    assert transfer.code == TransferCode.VQ_GRANT
    assert not await ledger.violations()


async def test_grant_voucher_quota_repeated_grants_nothing_twice(billing: RunningService) -> None:
    ledger = TenantLedger(billing.database, a_tenant())
    said = {
        "request_id": str(uuid4()),
        "effective_time": in_days(-1),
        "expire_time": in_days(9),
    }

    answers = [await grant_quota(billing, ledger.tenant_id, **said) for _ in range(2)]

    assert answers[0] == answers[1]
    async with ledger.transaction() as session:
        assert len(list(await session.scalars(select(Transfer)))) == 1
