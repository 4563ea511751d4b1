"""What customers owe is repaid as soon as they have something; vouchers repay nothing."""

import asyncio

from services.billing.payments import arrears
from services.billing.payments.jobs import CHARGE_USAGE
from services.kit.jobs import run_once
from tests.builders.payments import NOW, PayingTenant, amounts, some_usage


async def repay(tenant: PayingTenant) -> int:
    async with tenant.transaction() as session:
        return await arrears.repay_arrears(session, scope=tenant.principal.scope, now=NOW)


async def owe(tenant: PayingTenant, amount: str) -> None:
    await tenant.bring(some_usage(tenant.customer_id, amount))
    await tenant.charge()


async def test_a_debt_is_repaid_from_cash_then_from_credit(tenant: PayingTenant) -> None:
    await owe(tenant, "10")
    cash = await tenant.allocate(600)
    credit = await tenant.allocate_credit(600)

    done = await repay(tenant)

    (payment,) = await tenant.payments(kind="ARREARS")
    assert (done, amounts(payment)) == (1, {"cash": "6.00", "credit": "4.00"})
    assert [await tenant.cents(one) for one in (cash, credit)] == [0, 200]
    assert await tenant.owed() == 0
    assert await tenant.violations() == {}


async def test_a_debt_is_repaid_in_part_and_the_rest_stays(tenant: PayingTenant) -> None:
    await owe(tenant, "10")
    await tenant.allocate(600)

    await repay(tenant)

    assert await tenant.owed() == 400
    assert await repay(tenant) == 0
    assert await tenant.violations() == {}


async def test_vouchers_repay_nothing(tenant: PayingTenant) -> None:
    await owe(tenant, "10")
    voucher = await tenant.issue("50")

    assert await repay(tenant) == 0
    assert await tenant.left_of(voucher) == 5_000


async def test_two_at_once_repay_once(tenant: PayingTenant) -> None:
    await owe(tenant, "10")
    cash = await tenant.allocate(5_000)

    done = await asyncio.gather(*[repay(tenant) for _ in range(4)])

    assert sum(done) == 1
    assert await tenant.cents(cash) == 4_000
    assert await tenant.violations() == {}


async def test_the_run_repays_old_debts_before_it_pays_for_new_usage(tenant: PayingTenant) -> None:
    await owe(tenant, "10")
    await tenant.allocate(1_200)
    await tenant.bring(some_usage(tenant.customer_id, "5"))

    await run_once(CHARGE_USAGE, tenant.database, now=NOW)

    payments = {payment.kind: amounts(payment) for payment in (await tenant.payments())[1:]}
    assert payments == {
        "ARREARS": {"cash": "10.00"},
        "USAGE": {"cash": "2.00", "debt": "3.00"},
    }
    assert await tenant.owed() == 300
    assert await tenant.violations() == {}
