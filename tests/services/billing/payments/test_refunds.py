"""What was paid comes back to where it came from, by the rules of domain.md 4.2."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from services.billing.accounts.model import Holder
from services.billing.payments import refunds
from services.billing.payments.model import (
    Payment,
    PaymentStateConflict,
    RefundExceedsPayment,
)
from services.billing.payments.orders import Payer
from services.billing.payments.returns import RefundLine
from services.billing.vouchers.model import Voucher
from services.kit.errors import NotFound
from services.kit.ids import new_id
from tests.builders.payments import NOW, PayingTenant, a_line, amounts, an_order

LATE = NOW + timedelta(days=5, seconds=1)


async def refund(
    tenant: PayingTenant, payment_id: UUID, *lines: RefundLine, now: datetime = NOW
) -> Payment:
    async with tenant.transaction() as session:
        refund_id = await refunds.refund_order(
            session,
            scope=tenant.principal.scope,
            request_id=str(uuid4()),
            payment_id=payment_id,
            lines=lines,
            now=now,
        )
    return await tenant.payment(refund_id)


async def a_paid_order(tenant: PayingTenant, **said: Any) -> tuple[Payment, dict[str, UUID]]:
    """Pay 100 yuan: 30 by a voucher, 20 by a cash coupon, 25 in cash, 25 from credit."""
    coupons = {
        "voucher": await tenant.issue("30"),
        "cash_coupon": await tenant.issue("20", coupon_type="CASH_COUPON"),
    }
    purses = {
        "cash": await tenant.allocate(2_500),
        "credit": await tenant.allocate_credit(2_500),
    }
    order = an_order(tenant.customer_id, voucher_ids=list(coupons.values()), **said)
    return await tenant.pay(order), coupons | purses


async def balances(tenant: PayingTenant, sources: dict[str, UUID]) -> dict[str, int]:
    return {
        name: await (
            tenant.left_of(one) if name in {"voucher", "cash_coupon"} else tenant.cents(one)
        )
        for name, one in sources.items()
    }


async def test_an_early_refund_of_the_whole_order_returns_everything(tenant: PayingTenant) -> None:
    payment, sources = await a_paid_order(tenant)

    given = await refund(tenant, payment.id)

    assert amounts(given) == amounts(payment)
    assert given.returns_coupons
    assert await balances(tenant, sources) == {
        "voucher": 3_000,
        "cash_coupon": 2_000,
        "cash": 2_500,
        "credit": 2_500,
    }
    assert (await tenant.payment(payment.id)).refunded_amount == 100
    assert await tenant.violations() == {}


async def test_a_refund_leaves_a_detail_below_zero(tenant: PayingTenant) -> None:
    payment, _ = await a_paid_order(tenant)

    await refund(tenant, payment.id, now=LATE)

    details = {detail.bill_type: detail for detail in await tenant.details()}
    assert amounts(details["UNSUBSCRIBE_REFUND"]) == {
        "cash_coupon": "-20.00",
        "cash": "-25.00",
        "credit": "-25.00",
    }
    assert details["UNSUBSCRIBE_REFUND"].payable_amount == -70


async def test_a_late_refund_returns_no_voucher(tenant: PayingTenant) -> None:
    payment, sources = await a_paid_order(tenant)

    given = await refund(tenant, payment.id, now=LATE)

    assert amounts(given) == {"cash_coupon": "20.00", "cash": "25.00", "credit": "25.00"}
    assert (given.payable_amount, given.forfeited_amount) == (100, 30)
    assert (await balances(tenant, sources))["voucher"] == 0
    assert await tenant.violations() == {}


async def test_a_part_of_a_line_returns_a_part_of_each_source(tenant: PayingTenant) -> None:
    payment, sources = await a_paid_order(tenant)
    half = RefundLine(line_number=1, units=5_000)

    first = await refund(tenant, payment.id, half)
    rest = await refund(tenant, payment.id)

    for given in (first, rest):
        assert amounts(given) == {"cash_coupon": "10.00", "cash": "12.50", "credit": "12.50"}
    assert await balances(tenant, sources) == {
        "voucher": 0,
        "cash_coupon": 2_000,
        "cash": 2_500,
        "credit": 2_500,
    }
    with pytest.raises(RefundExceedsPayment):
        await refund(tenant, payment.id)
    assert await tenant.violations() == {}


async def test_vouchers_return_for_a_period_that_has_not_begun(tenant: PayingTenant) -> None:
    payment, sources = await a_paid_order(tenant)
    unstarted = RefundLine(line_number=1, is_period_unstarted=True)

    await refund(tenant, payment.id, unstarted, now=LATE)

    assert (await balances(tenant, sources))["voucher"] == 3_000
    assert await tenant.violations() == {}


async def test_coupons_return_for_ten_lines_a_year(tenant: PayingTenant) -> None:
    await tenant.allocate(100_000)
    ten = [a_line(number, 100) for number in range(1, 11)]
    early = await tenant.pay(an_order(tenant.customer_id, *ten))
    payment, sources = await a_paid_order(tenant)

    first, second = await refund(tenant, early.id), await refund(tenant, payment.id)

    assert (first.returns_coupons, second.returns_coupons) == (True, False)
    assert (await balances(tenant, sources))["voucher"] == 0
    assert await tenant.violations() == {}


async def test_what_comes_back_to_a_voucher_that_was_reclaimed_is_due_to_its_quota(
    tenant: PayingTenant,
) -> None:
    payment, sources = await a_paid_order(tenant)
    async with tenant.transaction() as session:
        await session.execute(
            update(Voucher).where(Voucher.id == sources["voucher"]).values(reclaim_time=NOW)
        )

    await refund(tenant, payment.id)

    assert (await balances(tenant, sources))["voucher"] == 3_000
    assert (await tenant.voucher(sources["voucher"])).due_time is not None
    assert await tenant.violations() == {}


async def test_what_a_customer_paid_who_has_left_returns_to_its_partner(
    tenant: PayingTenant,
) -> None:
    soon = (NOW + timedelta(days=30)).date()
    await tenant.allocate(4_000)
    await tenant.allocate_credit(6_000, expire_date=soon)
    payment = await tenant.pay(an_order(tenant.customer_id))
    await tenant.link(partner_id=new_id(), version=2)

    await refund(tenant, payment.id)

    partner = Holder.partner(tenant.tenant_id)
    cash = await tenant.allocate(0, holder=partner)
    credit = await tenant.allocate_credit(0, expire_date=soon, holder=partner)
    assert [await tenant.cents(one) for one in (cash, credit)] == [4_000, 6_000]
    assert await tenant.violations() == {}


async def test_what_the_partner_paid_returns_to_the_partner(tenant: PayingTenant) -> None:
    purse = await tenant.allocate(10_000, holder=Holder.partner(tenant.tenant_id))
    payment = await tenant.pay(an_order(tenant.customer_id, payer=Payer.PARTNER))

    await refund(tenant, payment.id, now=LATE)

    assert await tenant.cents(purse) == 10_000
    assert await tenant.violations() == {}


async def test_only_an_order_that_was_paid_is_refunded(tenant: PayingTenant) -> None:
    await tenant.allocate(50_000)
    held = await tenant.hold(an_order(tenant.customer_id))
    payment = await tenant.pay(an_order(tenant.customer_id))
    given = await refund(tenant, payment.id)

    for payment_id in (held.id, given.id):
        with pytest.raises(PaymentStateConflict):
            await refund(tenant, payment_id)
    with pytest.raises(NotFound):
        await refund(tenant, new_id())
