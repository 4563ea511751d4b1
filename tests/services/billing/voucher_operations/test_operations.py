"""Operation records are written once, and what moved names its transfer."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from services.billing.voucher_operations import operations
from services.billing.voucher_operations.invariants import INVARIANTS
from services.billing.voucher_operations.model import (
    About,
    Occasion,
    VoucherOperation,
    VoucherOperationType,
)
from services.billing.voucher_quotas.model import QuotaInsufficient
from services.kit import ids
from services.kit.ids import new_id
from tests.builders.billing import grant_quota
from tests.builders.ledger import TenantLedger, yuan
from tests.builders.principals import a_tenant
from tests.builders.running import RunningService

OCCASION = Occasion(
    operation_type=VoucherOperationType.ISSUE,
    operator="somebody",
    now=datetime(2026, 1, 1, tzinfo=UTC),
    remark="why",
)


async def about_a_quota(billing: RunningService, ledger: TenantLedger) -> About:
    quota = await grant_quota(billing, ledger.tenant_id)
    return About(
        tenant_id=ledger.tenant_id,
        partner_id=ledger.tenant_id,
        quota_id=ids.from_text("quo", quota.id, field="id"),
    )


async def test_a_refusal_says_why_and_names_no_transfer(billing: RunningService) -> None:
    ledger = TenantLedger(billing.database, a_tenant())
    about = await about_a_quota(billing, ledger)

    async with ledger.transaction() as session:
        operations.note_refused(
            session,
            occasion=OCCASION,
            about=about,
            amount=yuan(700),
            refusal=QuotaInsufficient("the quota is short"),
        )

    async with ledger.transaction() as session:
        (record,) = await session.scalars(select(VoucherOperation))
    assert (record.result, record.failure_reason) == ("FAILURE", "QUOTA_INSUFFICIENT")
    assert (record.amount, record.remark, record.transaction_id) == (7, "why", None)
    assert not await ledger.violations()


async def test_a_record_is_written_once(billing: RunningService) -> None:
    ledger = TenantLedger(billing.database, a_tenant())
    about = await about_a_quota(billing, ledger)
    async with ledger.transaction() as session:
        operations.note_done(
            session, occasion=OCCASION, about=about, amount=yuan(0), transaction_id=None
        )

    with pytest.raises(DBAPIError, match="permission denied"):
        async with ledger.transaction() as session:
            await session.execute(update(VoucherOperation).values(remark="other"))


@pytest.mark.parametrize("transaction_id", [None, new_id()])
async def test_a_record_of_a_transfer_that_was_never_posted_is_found(
    billing: RunningService, transaction_id: object
) -> None:
    ledger = TenantLedger(billing.database, a_tenant())
    about = await about_a_quota(billing, ledger)
    async with ledger.transaction() as session:
        operations.note_done(
            session,
            occasion=OCCASION,
            about=about,
            amount=yuan(700),
            transaction_id=transaction_id,  # type: ignore[arg-type]
        )
        await session.flush()

        found = {
            name: list(await session.execute(text(query))) for name, query in INVARIANTS.items()
        }
        await session.start_over()

    assert [len(rows) for rows in found.values()] == [1, 0]
