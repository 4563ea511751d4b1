"""Top-ups on a real ledger: recorded once, moved in whole, sent back bit by bit."""

import asyncio
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.billing.accounts.model import CurrencyMismatch
from services.billing.top_ups import operations, queries
from services.billing.top_ups.model import ChannelNumberReused, Payment, TopUpReturned
from services.kit.database import Database
from services.kit.errors import NotFound
from services.kit.ids import new_id
from services.kit.jobs import system_principal
from services.kit.money import Money
from tests.builders.billing import money
from tests.builders.funds import own_accounts, top_up, violations
from tests.builders.principals import a_tenant
from tests.builders.running import RunningService


def yuan(amount: str) -> Money:
    return Money(Decimal(amount), "CNY")


class Payer:
    """A tenant that pays in, each word a transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tenant = a_tenant()
        self.principal = system_principal("billing", tenant_id=self.tenant)
        self.scope = self.principal.scope

    async def pay(self, amount: str, *, now: datetime, **fields: Any) -> UUID:
        said = {"channel": "ALIPAY", "channel_number": "A-1"} | fields
        payment = Payment(amount=Money.from_message(money(amount), field="amount"), **said)
        async with self.database.transaction(self.principal) as session:
            return await operations.record_top_up(
                session, scope=self.scope, operator="operator", payment=payment, now=now
            )

    async def send_back(self, parts: dict[UUID, Money]) -> None:
        async with self.database.transaction(self.principal) as session:
            await operations.send_back(session, scope=self.scope, parts=parts)


@pytest.fixture
def payer(billing: RunningService) -> Payer:
    return Payer(billing.database)


async def amounts(billing: RunningService, payer: Payer) -> list[str]:
    return [account.amount.amount for account in await own_accounts(billing, payer.tenant)]


async def test_a_top_up_goes_to_cash_and_its_designated_part_beside_it(
    billing: RunningService, payer: Payer, now: datetime
) -> None:
    await payer.pay("100 CNY", now=now, designated_amount=yuan("30.50"))

    assert await amounts(billing, payer) == ["69.5", "30.5"]
    assert await violations(billing, payer.tenant) == {}


async def test_a_payment_wholly_for_stated_uses_leaves_cash_as_it_was(
    billing: RunningService, payer: Payer, now: datetime
) -> None:
    await payer.pay("100 CNY", now=now, designated_amount=yuan("100"))

    assert await amounts(billing, payer) == ["0", "100"]
    assert await violations(billing, payer.tenant) == {}


async def test_a_payment_told_by_many_at_once_is_recorded_once(
    billing: RunningService, payer: Payer, now: datetime
) -> None:
    told = await asyncio.gather(*(payer.pay("100 CNY", now=now) for _ in range(8)))

    assert len(set(told)) == 1
    assert await amounts(billing, payer) == ["100"]
    assert await violations(billing, payer.tenant) == {}


async def test_a_number_that_stands_for_another_payment_is_refused(
    billing: RunningService, payer: Payer, now: datetime
) -> None:
    await payer.pay("100 CNY", now=now)

    with pytest.raises(ChannelNumberReused):
        await payer.pay("100.01 CNY", now=now)
    await payer.pay("100.01 CNY", now=now, channel="WECHAT")

    assert await amounts(billing, payer) == ["200.01"]


async def test_money_of_another_currency_is_refused(payer: Payer, now: datetime) -> None:
    await payer.pay("100 CNY", now=now)

    with pytest.raises(CurrencyMismatch):
        await payer.pay("100 USD", now=now, channel_number="A-2")


async def test_no_two_withdrawals_send_the_same_part_back(payer: Payer, now: datetime) -> None:
    top_up_id = await payer.pay("100 CNY", now=now)

    done = await asyncio.gather(
        *(payer.send_back({top_up_id: yuan("60")}) for _ in range(4)), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in done) == ["NoneType", *["TopUpReturned"] * 3]


async def test_what_could_not_be_sent_can_be_sent_again(payer: Payer, now: datetime) -> None:
    parts = {await payer.pay("100 CNY", now=now): yuan("100")}
    await payer.send_back(parts)

    with pytest.raises(TopUpReturned):
        await payer.send_back(parts)
    async with payer.database.transaction(payer.principal) as session:
        await operations.keep(session, scope=payer.scope, parts=parts)
    await payer.send_back(parts)


async def test_parts_of_top_ups_that_are_not_there_are_not_found(
    payer: Payer, now: datetime
) -> None:
    top_up_id = await payer.pay("100 CNY", now=now)

    with pytest.raises(NotFound):
        await payer.send_back({top_up_id: yuan("1"), new_id(): yuan("1")})


async def test_the_last_paid_is_sent_back_first_and_what_earned_a_bonus_never(
    billing: RunningService, payer: Payer, now: datetime
) -> None:
    tenant = payer.tenant
    first = await top_up(billing, tenant, "10 CNY")
    await top_up(billing, tenant, "20 CNY", earned_bonus=True)
    last = await top_up(billing, tenant, "30 CNY")

    async with payer.database.transaction(payer.principal) as session:
        found = await queries.list_unreturned_for_update(
            session, scope=payer.scope, partner_id=tenant
        )

    assert [one.channel_number for one in found] == [last.channel_number, first.channel_number]
