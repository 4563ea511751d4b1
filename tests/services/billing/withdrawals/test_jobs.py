"""Approved withdrawals are paid once, whatever the provider does or fails to say."""

import asyncio

import pytest
import pytest_asyncio

from services.billing.withdrawals.payouts import pause
from services.billing.withdrawals.providers import (
    BankTarget,
    PayoutOrder,
    PayoutState,
    RouteTarget,
    SimulatedBank,
)
from services.kit.ids import new_id
from services.kit.money import Money
from tests.builders.billing import in_days, money
from tests.builders.principals import a_tenant
from tests.builders.running import RunningService
from tests.builders.withdrawals import (
    FAILED,
    NAME,
    NUMBER,
    PENDING,
    ScriptedBank,
    a_rich_tenant,
    amounts,
    balance,
    decide,
    earn_rebate,
    flow_states,
    found,
    pay,
    state,
    submit,
    violations,
)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nothing_is_due(billing: RunningService) -> None:
    """Let an hour pass for what other tests left behind."""
    await pay(billing, ScriptedBank(), minutes=60)


async def test_a_paid_withdrawal_is_completed_and_its_money_gone(billing: RunningService) -> None:
    tenant, bank = a_tenant(), ScriptedBank()
    await a_rich_tenant(billing, tenant, "30 CNY", "20 CNY")
    made = await submit(billing, tenant, "45 CNY")
    await decide(billing, made, tenant)

    await pay(billing, bank)
    done = await found(billing, tenant, made.id)

    assert (state(done), flow_states(done)) == ("COMPLETED", ["PAID", "PAID"])
    assert done.paid_amount == money("45 CNY")
    assert done.HasField("finish_time")
    assert await balance(billing, tenant) == ("5", "0")
    assert not await violations(billing, tenant)


async def test_nothing_is_paid_before_it_is_approved(billing: RunningService) -> None:
    tenant, bank = a_tenant(), ScriptedBank()
    await a_rich_tenant(billing, tenant, "30.77 CNY")
    await submit(billing, tenant, "30.77 CNY")

    await pay(billing, bank)

    assert [
        one for one in bank.orders.values() if one.amount.to_message() == money("30.77 CNY")
    ] == []


async def test_what_fails_returns_and_the_rest_is_paid(billing: RunningService) -> None:
    tenant = a_tenant()
    bank = ScriptedBank({"20.2": FAILED})
    await a_rich_tenant(billing, tenant, "30 CNY", "20.2 CNY")
    made = await submit(billing, tenant, "45 CNY")
    await decide(billing, made, tenant)

    await pay(billing, bank)
    done = await found(billing, tenant, made.id)

    assert (state(done), flow_states(done)) == ("PARTIALLY_COMPLETED", ["FAILED", "PAID"])
    assert done.flows[0].failure_reason == "the account is closed"
    assert done.paid_amount == money("24.8 CNY")
    assert await balance(billing, tenant) == ("25.4", "0")
    assert (await amounts(billing, tenant)).original_route_amount == money("25.4 CNY")
    assert not await violations(billing, tenant)


async def test_where_all_fails_all_returns(billing: RunningService) -> None:
    tenant = a_tenant()
    bank = ScriptedBank({"12.34": FAILED})
    await a_rich_tenant(billing, tenant, "30 CNY")
    made = await submit(billing, tenant, "12.34 CNY")
    await decide(billing, made, tenant)

    await pay(billing, bank)
    done = await found(billing, tenant, made.id)
    again = await submit(billing, tenant, "30 CNY")

    assert (state(done), flow_states(done)) == ("FAILED", ["FAILED"])
    assert state(again) == "SUBMITTED"
    assert not await violations(billing, tenant)


async def test_a_payment_on_its_way_stays_frozen_until_there_is_an_answer(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    bank = ScriptedBank({"11.11": PENDING})
    await a_rich_tenant(billing, tenant, "30 CNY")
    made = await submit(billing, tenant, "11.11 CNY")
    await decide(billing, made, tenant)

    await pay(billing, bank)
    waiting = await found(billing, tenant, made.id)
    frozen = await balance(billing, tenant)
    bank.answers.clear()
    await pay(billing, bank, minutes=2)
    done = await found(billing, tenant, made.id)

    assert (state(waiting), flow_states(waiting)) == ("PAYING", ["PAYING"])
    assert frozen == ("30", "11.11")
    assert state(done) == "COMPLETED"
    assert len(bank.sent) == len(set(bank.sent))
    assert not await violations(billing, tenant)


@pytest.mark.parametrize("lost", ["requests", "answers"])
async def test_silence_voids_nothing_and_pays_nothing_twice(
    billing: RunningService, lost: str
) -> None:
    tenant = a_tenant()
    bank = ScriptedBank(**{f"lost_{lost}": 2})
    await a_rich_tenant(billing, tenant, "30 CNY")
    made = await submit(billing, tenant, "10 CNY")
    await decide(billing, made, tenant)

    await pay(billing, bank)
    unknown = await found(billing, tenant, made.id)
    frozen = await balance(billing, tenant)
    held = await violations(billing, tenant)
    for minutes in (2, 4, 6):
        await pay(billing, bank, minutes=minutes)
    done = await found(billing, tenant, made.id)

    assert (state(unknown), flow_states(unknown)) == ("PAYING", ["PAYING"])
    assert (frozen, held) == (("30", "10"), {})
    assert state(done) == "COMPLETED"
    assert len(bank.sent) == len(set(bank.sent))
    assert await balance(billing, tenant) == ("20", "0")
    assert not await violations(billing, tenant)


async def test_two_processes_at_once_pay_everything_once(billing: RunningService) -> None:
    bank, tenants = ScriptedBank(), [a_tenant() for _ in range(4)]
    for tenant in tenants:
        await a_rich_tenant(billing, tenant, "30 CNY", "20 CNY")
        await decide(billing, await submit(billing, tenant, "45 CNY"), tenant)

    await asyncio.gather(*(pay(billing, bank) for _ in range(3)))
    await pay(billing, bank, minutes=2)

    assert len(bank.sent) == len(set(bank.sent))
    for tenant in tenants:
        assert await balance(billing, tenant) == ("5", "0")
        assert not await violations(billing, tenant)


async def test_the_provider_hears_where_to_and_nobody_else(billing: RunningService) -> None:
    tenant, bank = a_tenant(), ScriptedBank()
    await a_rich_tenant(billing, tenant, "30.09 CNY", channel_number="A-1")
    await earn_rebate(billing, tenant, "40.07 CNY")
    await decide(billing, await submit(billing, tenant, "30.09 CNY"), tenant)
    to_bank = await submit(billing, tenant, "40.07 CNY", kind="INCENTIVE_REBATE")
    await decide(billing, to_bank, tenant)

    await pay(billing, bank)

    targets = {order.amount.to_message().amount: order.target for order in bank.orders.values()}
    assert targets["30.09"] == RouteTarget("ALIPAY", "A-1", None)
    assert targets["40.07"] == BankTarget("Harbour Bank", "North", NAME, NUMBER)
    assert NUMBER not in repr(targets)
    assert not await violations(billing, tenant)


async def test_the_simulated_bank_pays_but_for_what_it_does_not_know() -> None:
    bank = SimulatedBank()
    orders = [
        PayoutOrder(
            new_id(),
            Money.from_message(money(amount), field="amount"),
            RouteTarget("ALIPAY", "1", None),
        )
        for amount in ("10 CNY", "10.13 CNY")
    ]

    before = await bank.ask(orders[0].id)
    for order in orders:
        await bank.send(order)

    assert before.state is PayoutState.UNKNOWN
    assert [(await bank.ask(order.id)).state for order in orders] == [
        PayoutState.PAID,
        PayoutState.FAILED,
    ]


def test_questions_become_rarer() -> None:
    seconds = [pause(attempts).total_seconds() for attempts in (1, 2, 3, 4, 5, 6, 99)]

    assert seconds == [2, 4, 8, 16, 32, 60, 60]


async def test_a_payment_on_its_way_is_not_asked_for_again_at_once(billing: RunningService) -> None:
    tenant, bank = a_tenant(), ScriptedBank({"10.01": PENDING})
    await a_rich_tenant(billing, tenant, "30 CNY", pay_time=in_days(-1))
    await decide(billing, await submit(billing, tenant, "10.01 CNY"), tenant)

    await pay(billing, bank)
    await pay(billing, ScriptedBank())

    assert await balance(billing, tenant) == ("30", "10.01")
