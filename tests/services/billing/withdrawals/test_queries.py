"""What invariants find when rows are touched, and what is read behind locks."""

import asyncpg
import pytest

from partner_center.databases import with_database
from partner_center.postgres import EmbeddedPostgres
from services.billing.withdrawals import amounts, queries
from services.billing.withdrawals.invariants import INVARIANTS
from services.billing.withdrawals.model import WithdrawalKind
from services.kit import ids
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService
from tests.builders.withdrawals import a_rich_tenant, submit, violations

# One row touched, and what notices it.
TOUCHED = {
    "what withdrawals froze is what is held": (
        "UPDATE withdrawal_flows SET state = 'PAID', finish_time = now() WHERE tenant_id = $1"
    ),
    "flows have their transfers": (
        "UPDATE withdrawal_flows SET transaction_id = gen_random_uuid() WHERE tenant_id = $1"
    ),
    "transfers of withdrawals have their flow": (
        "UPDATE withdrawal_flows SET transaction_id = gen_random_uuid() WHERE tenant_id = $1"
    ),
    "withdrawals are their flows": (
        "UPDATE withdrawals SET amount = amount + 1 WHERE tenant_id = $1"
    ),
    "what was returned of top-ups is what flows took": (
        "UPDATE top_ups SET returned_amount = 0 WHERE tenant_id = $1"
    ),
}


@pytest.mark.parametrize("name", INVARIANTS)
async def test_an_invariant_notices_a_row_that_was_touched(
    billing: RunningService, postgres: EmbeddedPostgres, name: str
) -> None:
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "30 CNY")
    await submit(billing, tenant, "10 CNY")
    before = await violations(billing, tenant)

    connection = await asyncpg.connect(with_database(postgres.admin_url, "billing"))
    await connection.execute(TOUCHED[name], tenant)
    await connection.close()

    assert before == {}
    assert name in await violations(billing, tenant)


async def test_who_reads_behind_a_lock_sees_what_is_open_and_busy(billing: RunningService) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant)
    old, new = await a_rich_tenant(billing, tenant, "30 CNY", "20 CNY")
    made = await submit(billing, tenant, "10 CNY")
    scope, wanted = principal.scope, ids.from_text("wdr", made.id, field="id")

    async with billing.database.transaction(principal) as session:
        is_open = [
            await queries.has_open(session, scope=scope, partner_id=tenant, kind=kind)
            for kind in (WithdrawalKind.ORIGINAL_ROUTE, WithdrawalKind.BANK_CARD)
        ]
        busy = await queries.list_busy_top_ups(session, scope=scope)
        locked = await queries.get_for_update(session, scope=scope, withdrawal_id=wanted)
        flows = await queries.list_flows(session, scope=scope, withdrawal_id=wanted)
        assert locked is not None
        arrears = await amounts.get_arrears(session, scope=scope, account_id=locked.account_id)

    assert is_open == [True, False]
    assert busy == {ids.from_text("tup", new, field="id")}
    assert old != new
    assert [flow.amount for flow in flows] == [1000]
    assert arrears == 0


async def test_a_withdrawal_is_read_in_its_own_tenant_only(billing: RunningService) -> None:
    tenant, stranger = a_tenant(), an_administrator(a_tenant())
    await a_rich_tenant(billing, tenant, "30 CNY")
    made = await submit(billing, tenant)

    async with billing.database.transaction(stranger) as session:
        seen = await queries.get_for_update(
            session,
            scope=stranger.scope,
            withdrawal_id=ids.from_text("wdr", made.id, field="id"),
        )

    assert seen is None
