"""Balances of the past: of each account, and of all of them together."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy import text

from partner.billing.v1 import accounts_pb2
from services.kit.ids import new_id
from tests.builders.billing import money
from tests.builders.funds import balance_at, top_up
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService


async def test_a_balance_of_the_past_is_that_of_the_last_entry_until_then(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    before = datetime.now(UTC)
    first = await top_up(billing, tenant, "10 CNY")
    between = datetime.now(UTC)
    await top_up(billing, tenant, "5 CNY")
    after = datetime.now(UTC)

    found = [
        await balance_at(billing, tenant, first.account_id, time)
        for time in (before, between, after)
    ]

    assert [one.amount for one in found] == [money("0 CNY"), money("10 CNY"), money("15 CNY")]
    assert (found[1].account_id, found[1].time.ToDatetime(tzinfo=UTC)) == (
        first.account_id,
        between,
    )


async def test_a_balance_of_the_past_needs_an_account_in_scope_and_a_time(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    paid = await top_up(billing, tenant)
    request = accounts_pb2.GetBalanceAtRequest(account_id=paid.account_id)

    without_time = await billing.refusal(request, principal=an_administrator(tenant))
    request.time.FromDatetime(datetime.now(UTC))
    unseen = await billing.refusal(request, principal=an_administrator(tenant, partner_id=new_id()))

    assert without_time.violations[0][0] == "time"
    assert unseen.code == "NOT_FOUND"


TIMES_GO_UP = """
    SELECT account_id, version FROM (
        SELECT account_id, version, create_time, lag(create_time) OVER chain AS time_before
        FROM entries WINDOW chain AS (PARTITION BY account_id ORDER BY version)
    ) links WHERE create_time < time_before
"""
SUM_AT = """
    SELECT sum(last.balance) FROM accounts a CROSS JOIN LATERAL (
        SELECT balance FROM entries e
        WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id AND e.create_time <= :time
        ORDER BY create_time DESC, version DESC LIMIT 1
    ) last
"""


async def test_at_every_moment_of_the_past_all_accounts_add_up_to_nothing(
    ledger: TenantLedger,
) -> None:
    accounts = [await ledger.open(filled_with=10_000) for _ in range(3)]
    begin = datetime.now(UTC)

    async def write(first: int) -> None:
        for step in range(12):
            await ledger.post(accounts[first], accounts[(first + 1 + step % 2) % 3], 1 + step)

    await asyncio.gather(*(write(number % 3) for number in range(7)))
    length = datetime.now(UTC) - begin
    async with ledger.transaction() as session:
        backward = list(await session.execute(text(TIMES_GO_UP)))
        sums = {
            await session.scalar(text(SUM_AT), {"time": begin + length * step / 100})
            for step in range(100)
        }

    assert backward == []
    assert sums == {0}
