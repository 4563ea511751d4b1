"""Orders are paid at once, or held and then paid, cancelled, or expired; on a real PostgreSQL."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from services.billing.accounts.model import CurrencyMismatch, Holder
from services.billing.ledger.model import InsufficientBalance
from services.billing.links.model import NotSubCustomer
from services.billing.payments import operations
from services.billing.payments.model import (
    AdvisoryPaysItself,
    OrderAlreadyPaid,
    PaymentState,
    PaymentStateConflict,
)
from services.billing.payments.orders import Payer
from services.kit.errors import InvalidArgument, NotFound
from services.kit.ids import new_id
from tests.builders.payments import NOW, PayingTenant, a_line, amounts, an_order

SOON = NOW + timedelta(days=20)


async def test_pay_order_takes_a_voucher_then_cash_coupons_then_cash_then_credit(
    tenant: PayingTenant,
) -> None:
    voucher = await tenant.issue("30")
    cash_coupon = await tenant.issue("20", coupon_type="CASH_COUPON")
    cash = await tenant.allocate(2_500)
    soon = await tenant.allocate_credit(1_000, expire_date=SOON.date())
    later = await tenant.allocate_credit(5_000)
    order = an_order(tenant.customer_id, voucher_ids=[cash_coupon, voucher])

    payment = await tenant.pay(order)

    assert amounts(payment) == {
        "voucher": "30.00",
        "cash_coupon": "20.00",
        "cash": "25.00",
        "credit": "25.00",
    }
    assert [await tenant.left_of(one) for one in (voucher, cash_coupon)] == [0, 0]
    assert [await tenant.cents(one) for one in (cash, soon, later)] == [0, 0, 3_500]
    assert await tenant.violations() == {}


async def test_pay_order_keeps_a_detail_of_each_line_with_what_paid_it(
    tenant: PayingTenant,
) -> None:
    await tenant.allocate(100_000)
    order = an_order(
        tenant.customer_id, a_line(1, 10_000), a_line(2, 333, order_type="RENEW", product_id=None)
    )

    payment = await tenant.pay(order)

    details = {detail.bill_type: detail for detail in await tenant.details()}
    assert {kind: amounts(detail) for kind, detail in details.items()} == {
        "PURCHASE": {"cash": "100.00"},
        "RENEWAL": {"cash": "3.33"},
    }
    assert {detail.trade_number for detail in details.values()} == {order.number}
    assert {detail.rated_amount for detail in details.values()} == {None}
    assert payment.payable_amount == Decimal("103.33")


async def test_pay_order_is_done_once_however_often_it_is_asked(tenant: PayingTenant) -> None:
    cash = await tenant.allocate(50_000)
    order, request_id = an_order(tenant.customer_id), str(uuid4())
    await tenant.pay(order, request_id=request_id)

    with pytest.raises(OrderAlreadyPaid):
        await tenant.pay(order, request_id=str(uuid4()))

    assert await tenant.cents(cash) == 40_000
    assert await tenant.violations() == {}


async def test_pay_order_refuses_when_the_payer_is_short(tenant: PayingTenant) -> None:
    cash = await tenant.allocate(9_999)

    with pytest.raises(InsufficientBalance) as refused:
        await tenant.pay(an_order(tenant.customer_id))

    assert refused.value.metadata == {"available": "99.99", "required": "100"}
    assert await tenant.cents(cash) == 9_999
    assert await tenant.payments() == []


async def test_pay_order_takes_no_credit_that_has_expired(tenant: PayingTenant) -> None:
    await tenant.allocate_credit(10_000, expire_date=(NOW - timedelta(days=2)).date())

    with pytest.raises(InsufficientBalance):
        await tenant.pay(an_order(tenant.customer_id))


async def test_pay_order_refuses_another_currency_than_the_tenants(tenant: PayingTenant) -> None:
    await tenant.allocate(50_000)

    with pytest.raises(CurrencyMismatch):
        await tenant.pay(an_order(tenant.customer_id, currency_code="USD"))


async def test_pay_order_refuses_strangers(tenant: PayingTenant) -> None:
    with pytest.raises(NotSubCustomer):
        await tenant.pay(an_order(new_id()))


async def test_a_customer_of_referral_sale_pays_the_platform_itself_or_its_partner_does(
    tenant: PayingTenant,
) -> None:
    customer_id = await tenant.link(customer_id=new_id(), association_type="ADVISORY")
    purse = await tenant.allocate(10_000, holder=Holder.partner(tenant.tenant_id))

    with pytest.raises(AdvisoryPaysItself):
        await tenant.pay(an_order(customer_id))
    payment = await tenant.pay(an_order(customer_id, payer=Payer.PARTNER))

    assert amounts(payment) == {"cash": "100.00"}
    assert await tenant.cents(purse) == 0
    assert [one.association_type for one in await tenant.details()] == ["ADVISORY"]
    assert await tenant.violations() == {}


async def test_an_order_that_costs_nothing_is_paid_with_nothing(tenant: PayingTenant) -> None:
    payment = await tenant.pay(an_order(tenant.customer_id, a_line(cents=0)))

    assert (payment.state, payment.legs, payment.payable_amount) == ("PAID", [], 0)
    assert await tenant.violations() == {}


async def test_an_unpaid_order_holds_what_it_would_take_and_no_more(tenant: PayingTenant) -> None:
    voucher = await tenant.issue("150")
    cash = await tenant.allocate(10_000)

    payment = await tenant.hold(an_order(tenant.customer_id, voucher_ids=[voucher]))

    assert (payment.state, amounts(payment)) == ("HELD", {"voucher": "100.00"})
    assert await tenant.left_of(voucher) == 5_000
    assert await tenant.cents(cash) == 10_000
    assert (await tenant.voucher(voucher)).lock_order_number == payment.order_number
    assert await tenant.details() == []
    assert await tenant.violations() == {}


async def test_the_rest_of_a_held_voucher_pays_another_order(tenant: PayingTenant) -> None:
    voucher = await tenant.issue("150")
    await tenant.hold(an_order(tenant.customer_id, voucher_ids=[voucher]))
    order = an_order(tenant.customer_id, a_line(cents=5_000), voucher_ids=[voucher])

    payment = await tenant.pay(order)

    assert amounts(payment) == {"voucher": "50.00"}
    assert await tenant.left_of(voucher) == 0
    assert await tenant.violations() == {}


async def test_hold_order_refuses_a_time_that_is_over(tenant: PayingTenant) -> None:
    await tenant.allocate(10_000)

    with pytest.raises(InvalidArgument):
        await tenant.hold(an_order(tenant.customer_id), until=NOW)


async def pay_held(tenant: PayingTenant, payment_id: object, *, now: object = NOW) -> None:
    async with tenant.transaction() as session:
        await operations.pay_held_order(
            session,
            scope=tenant.principal.scope,
            request_id=str(uuid4()),
            payment_id=payment_id,
            now=now,
        )


async def cancel(tenant: PayingTenant, payment_id: object) -> None:
    async with tenant.transaction() as session:
        await operations.cancel_order(
            session,
            scope=tenant.principal.scope,
            request_id=str(uuid4()),
            payment_id=payment_id,
            now=NOW,
        )


async def test_pay_held_order_moves_what_was_held(tenant: PayingTenant) -> None:
    voucher = await tenant.issue("30")
    cash = await tenant.allocate(10_000)
    held = await tenant.hold(an_order(tenant.customer_id, voucher_ids=[voucher]))

    await pay_held(tenant, held.id)

    payment = await tenant.payment(held.id)
    assert (payment.state, amounts(payment)) == ("PAID", {"voucher": "30.00", "cash": "70.00"})
    assert await tenant.cents(cash) == 3_000
    used = await tenant.voucher(voucher)
    assert (used.order_number, used.last_use_time) == (payment.order_number, NOW)
    assert [amounts(one) for one in await tenant.details()] == [amounts(payment)]
    assert await tenant.violations() == {}


async def test_cancel_order_lets_return_what_was_held(tenant: PayingTenant) -> None:
    voucher = await tenant.issue("30")
    cash = await tenant.allocate(10_000)
    held = await tenant.hold(an_order(tenant.customer_id, voucher_ids=[voucher]))

    await cancel(tenant, held.id)

    assert (await tenant.payment(held.id)).state == PaymentState.CANCELLED
    assert (await tenant.cents(cash), await tenant.left_of(voucher)) == (10_000, 3_000)
    assert await tenant.violations() == {}


async def test_what_was_paid_or_cancelled_is_not_held_any_more(tenant: PayingTenant) -> None:
    await tenant.allocate(50_000)
    paid = await tenant.hold(an_order(tenant.customer_id))
    cancelled = await tenant.hold(an_order(tenant.customer_id))
    await pay_held(tenant, paid.id)
    await cancel(tenant, cancelled.id)

    for attempt in (pay_held(tenant, cancelled.id), cancel(tenant, paid.id)):
        with pytest.raises(PaymentStateConflict):
            await attempt
    with pytest.raises(NotFound):
        await pay_held(tenant, new_id())
    with pytest.raises(NotFound):
        await cancel(tenant, new_id())


async def test_a_held_order_whose_time_is_up_is_not_paid(tenant: PayingTenant) -> None:
    await tenant.allocate(10_000)
    held = await tenant.hold(an_order(tenant.customer_id))

    with pytest.raises(PaymentStateConflict) as refused:
        await pay_held(tenant, held.id, now=NOW + timedelta(hours=1))

    assert refused.value.metadata == {"state": "EXPIRED"}


async def test_expire_held_writes_down_what_is_over(tenant: PayingTenant) -> None:
    await tenant.allocate(20_000)
    over = await tenant.hold(an_order(tenant.customer_id))
    other = await tenant.hold(an_order(tenant.customer_id), until=NOW + timedelta(hours=3))

    async with tenant.transaction() as session:
        done = await operations.expire_held(
            session, scope=tenant.principal.scope, now=NOW + timedelta(hours=2), at_most=10
        )

    states = [(await tenant.payment(one.id)).state for one in (over, other)]
    assert (done, states) == (1, ["EXPIRED", "HELD"])


async def test_an_order_is_held_once_until_its_time_is_up(tenant: PayingTenant) -> None:
    await tenant.allocate(50_000)
    order = an_order(tenant.customer_id)
    first = await tenant.hold(order)

    with pytest.raises(OrderAlreadyPaid):
        await tenant.hold(order)
    async with tenant.transaction() as session:
        later = await operations.hold_order(
            session,
            scope=tenant.principal.scope,
            request_id=str(uuid4()),
            order=order,
            expire_time=NOW + timedelta(hours=3),
            now=NOW + timedelta(hours=2),
        )

    states = [(await tenant.payment(one)).state for one in (first.id, later)]
    assert states == ["EXPIRED", "HELD"]
    assert await tenant.violations() == {}
