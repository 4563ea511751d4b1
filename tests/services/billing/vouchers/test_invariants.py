"""What always holds would be missed if it did not: each break is found, and named."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from services.billing.ledger import operations as ledger_operations
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.billing.ledger.model import Account
from services.billing.voucher_quotas.model import VoucherQuota
from services.billing.vouchers import queries
from services.billing.vouchers.model import Voucher
from services.kit import ids
from services.kit.ids import new_id
from tests.builders.billing import an_issue, grant_quota, in_days, some_customers
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService


async def a_ledger(billing: RunningService) -> tuple[TenantLedger, queries.UsableVoucher]:
    """Give a tenant with a voucher of 10 CNY that expires in a month."""
    ledger = TenantLedger(billing.database, a_tenant())
    quota = await grant_quota(billing, ledger.tenant_id)
    (customer,) = await some_customers(billing, ledger.tenant_id, 1)
    await billing.call(
        an_issue(quota.id, [customer], expire_time=in_days(30)),
        principal=an_administrator(ledger.tenant_id),
    )
    async with ledger.transaction() as session:
        (voucher,) = await queries.list_usable(
            session,
            scope=ledger.principal.scope,
            customer_ids=[ids.from_text("cus", customer, field="id")],
            at=datetime.now(UTC),
        )
    return ledger, voucher


async def test_a_quota_and_a_voucher_without_transfers_are_found(billing: RunningService) -> None:
    ledger, _ = await a_ledger(billing)
    async with ledger.transaction() as session:
        for kind in (VoucherQuota, Voucher):
            row: Any = (await session.scalars(select(kind))).one()
            values = {column.key: getattr(row, column.key) for column in kind.__table__.columns} | {
                "id": new_id()
            }
            account = await session.get_one(Account, (ledger.tenant_id, row.account_id))
            values["account_id"] = await ledger.open(
                AccountKind(account.kind), unit=Unit.parse(account.unit)
            )
            session.add(kind(**values))

    found = await ledger.violations()

    assert set(found) == {
        "voucher quotas have their grant",
        "face totals are accounted for",
        "balances of vouchers are what documents say",
    }


async def test_an_amount_that_was_never_granted_is_found(billing: RunningService) -> None:
    ledger, voucher = await a_ledger(billing)
    sink = await ledger.open(AccountKind.VQ_USED, unit=voucher.unit)
    source = await ledger.open(AccountKind.VQ_GRANTED, unit=voucher.unit)

    await ledger.post(source, sink, 1, unit=voucher.unit, code=TransferCode.ADJUST)

    assert set(await ledger.violations()) == {"amounts of a root quota are conserved"}


async def test_a_voucher_worth_more_than_its_face_value_is_found(billing: RunningService) -> None:
    ledger, voucher = await a_ledger(billing)
    sink = await ledger.open(AccountKind.VQ_USED, unit=voucher.unit)

    await ledger.post(sink, voucher.account_id, 1, unit=voucher.unit, code=TransferCode.REFUND)

    assert set(await ledger.violations()) == {"balances of vouchers are within face values"}


async def test_a_use_after_expiry_is_found(billing: RunningService) -> None:
    ledger, voucher = await a_ledger(billing)
    sink = await ledger.open(AccountKind.VQ_USED, unit=voucher.unit)
    posting = ledger.posting(
        voucher.account_id, sink, 1, unit=voucher.unit, code=TransferCode.CONSUME_VOUCHER
    )

    async with ledger.transaction(now=datetime.now(UTC) + timedelta(days=31)) as session:
        await ledger_operations.post(session, posting=posting)

    assert set(await ledger.violations()) == {"nothing is taken from vouchers after expiry"}


async def test_a_transfer_without_a_record_is_found(billing: RunningService) -> None:
    ledger, voucher = await a_ledger(billing)
    async with ledger.transaction() as session:
        quota = (await session.scalars(select(VoucherQuota))).one()

    await ledger.post(
        voucher.account_id,
        quota.account_id,
        1,
        unit=voucher.unit,
        code=TransferCode.VOUCHER_RECLAIM,
    )

    assert set(await ledger.violations()) == {
        "transfers of vouchers have their operation record",
        "face totals are accounted for",
        "balances of vouchers are what documents say",
    }
