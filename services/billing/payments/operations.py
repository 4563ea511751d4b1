"""Holds, pays and cancels orders (domain.md 4.2); the ledger moves what the deduction counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts import operations as accounts
from services.billing.accounts.model import Holder
from services.billing.consumption.cycles import SITE_ZONE
from services.billing.ledger import groups
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import TransferCode, Unit
from services.billing.ledger.groups import Resolution
from services.billing.ledger.model import InsufficientBalance
from services.billing.links import queries as links
from services.billing.links.model import CustomerLink
from services.billing.payments import consumed, queries
from services.billing.payments.books import CODES, Books, coupon_of
from services.billing.payments.deduction import Deduction, Fitting, Source, deduct, fitting_coupons
from services.billing.payments.documents import (
    Transfers,
    legs_json,
    order_payment,
    postings,
)
from services.billing.payments.model import (
    AdvisoryPaysItself,
    OrderAlreadyPaid,
    Payment,
    PaymentKind,
    PaymentState,
)
from services.billing.payments.orders import Order, Payer, money_of
from services.billing.vouchers import queries as vouchers
from services.billing.vouchers import uses
from services.billing.vouchers.model import NotSubCustomer
from services.kit import ids
from services.kit.errors import InvalidArgument, NotFound
from services.kit.identity import Scope
from services.kit.money import decimal_text


@dataclass(frozen=True, slots=True)
class Quote:
    """What paying an order would take, and the coupons that it may be paid with."""

    deduction: Deduction
    fitting: Sequence[Fitting]


@dataclass(frozen=True, slots=True)
class _Counted:
    """An order with who pays it, what that takes, and the accounts that are read."""

    link: CustomerLink
    holder: Holder
    books: Books
    deduction: Deduction
    fitting: Sequence[Fitting]


async def quote_order(session: AsyncSession, *, scope: Scope, order: Order, now: datetime) -> Quote:
    """Count what paying an order would take; nothing is written.

    :raises NotSubCustomer, AdvisoryPaysItself: for the customer;
    :raises PriceAdjustmentExclusive, TooManyCoupons, OneVoucherPerOrder, CouponNotUsable,
        CouponDoesNotFit, CouponExcludesDiscount: for discounts and coupons.
    """
    counted = await _count(session, scope=scope, order=order, now=now)
    return Quote(counted.deduction, counted.fitting)


async def hold_order(
    session: AsyncSession,
    *,
    scope: Scope,
    request_id: str,
    order: Order,
    expire_time: datetime,
    now: datetime,
) -> UUID:
    """Set aside what an order takes, until it expires.

    :raises InsufficientBalance, OrderAlreadyPaid, CurrencyMismatch: and what a quote raises.
    """
    if expire_time <= now:
        raise InvalidArgument("must be in the future", field="expire_time")
    names = Transfers(tenant_id=scope.tenant_id, method="HoldOrder", request_id=request_id)
    counted = await _ready(session, scope=scope, order=order, now=now)
    legs = _legs(counted, names, is_held=True)
    state = {"state": PaymentState.HELD, "expire_time": expire_time}
    payment_id = await _write(
        session, order=order, counted=counted, names=names, legs=legs, state=state, now=now
    )
    await uses.lock_for_order(
        session,
        tenant_id=scope.tenant_id,
        voucher_ids=_voucher_ids(legs),
        order_number=order.number,
    )
    await groups.reserve_group(
        session,
        group_id=names.group_id,
        postings=postings(legs, key="hold_id", code=TransferCode.ORDER_HOLD),
        expire_time=expire_time,
    )
    return payment_id


async def pay_order(
    session: AsyncSession, *, scope: Scope, request_id: str, order: Order, now: datetime
) -> UUID:
    """Pay an order at once.

    :raises InsufficientBalance, OrderAlreadyPaid, CurrencyMismatch: and what a quote raises.
    """
    names = Transfers(tenant_id=scope.tenant_id, method="PayOrder", request_id=request_id)
    counted = await _ready(session, scope=scope, order=order, now=now)
    legs = _legs(counted, names)
    state = {"state": PaymentState.PAID, "pay_time": now}
    payment_id = await _write(
        session, order=order, counted=counted, names=names, legs=legs, state=state, now=now
    )
    payment = await queries.get_for_update(session, scope=scope, payment_id=payment_id)
    assert payment is not None
    await _note_paid(session, scope=scope, payment=payment, now=now)
    if legs:
        await ledger.post_group(session, group_id=names.group_id, postings=postings(legs))
    return payment_id


async def pay_held_order(
    session: AsyncSession, *, scope: Scope, request_id: str, payment_id: UUID, now: datetime
) -> None:
    """Pay an order with what was set aside for it.

    :raises NotFound, PaymentStateConflict:
    """
    names = Transfers(tenant_id=scope.tenant_id, method="PayHeldOrder", request_id=request_id)
    payment = await _held(session, scope=scope, payment_id=payment_id, now=now)
    held = payment.legs
    payment.legs = [
        leg | {"transfer_id": str(names.name(number))} for number, leg in enumerate(held)
    ]
    payment.pay(transaction_id=names.group_id, now=now)
    await _note_paid(session, scope=scope, payment=payment, now=now)
    await _release(session, payment)
    await session.flush()
    if held:
        await groups.post_pending_group(
            session,
            group_id=names.group_id,
            resolutions=[
                Resolution(
                    id=UUID(leg["transfer_id"]),
                    pending_id=UUID(leg["hold_id"]),
                    code=CODES[Source(leg["source"])],
                    unit=Unit.parse(leg["unit"]),
                )
                for leg in payment.legs
            ],
        )


async def cancel_order(
    session: AsyncSession, *, scope: Scope, request_id: str, payment_id: UUID, now: datetime
) -> None:
    """Let what was set aside for an order return.

    :raises NotFound, PaymentStateConflict:
    """
    names = Transfers(tenant_id=scope.tenant_id, method="CancelOrder", request_id=request_id)
    payment = await _held(session, scope=scope, payment_id=payment_id, now=now)
    payment.cancel(now=now)
    await _release(session, payment)
    await session.flush()
    if payment.legs:
        await groups.void_pending_group(
            session,
            group_id=names.group_id,
            resolutions=[
                Resolution(
                    id=names.name(number),
                    pending_id=UUID(leg["hold_id"]),
                    code=TransferCode.ORDER_HOLD,
                    unit=Unit.parse(leg["unit"]),
                )
                for number, leg in enumerate(payment.legs)
            ],
        )


async def expire_held(session: AsyncSession, *, scope: Scope, now: datetime, at_most: int) -> int:
    """Write down that held payments have expired, and release their vouchers; give how many.

    Nobody waits for this: they are shown as expired, and the ledger posts nothing that is.
    """
    due = await queries.list_expired_for_update(session, scope=scope, now=now, at_most=at_most)
    for payment in due:
        payment.expire()
        await _release(session, payment)
    await session.flush()
    return len(due)


async def _ready(session: AsyncSession, *, scope: Scope, order: Order, now: datetime) -> _Counted:
    """Count an order that can be paid, and open the accounts that it goes to."""
    await accounts.refuse_other_currency(
        session, tenant_id=scope.tenant_id, currency_code=order.currency_code
    )
    counted = await _count(session, scope=scope, order=order, now=now)
    deduction = counted.deduction
    if deduction.missing:
        available = deduction.payable - deduction.missing
        raise InsufficientBalance(
            "the payer is short",
            available=decimal_text(money_of(available, order.currency_code).amount),
            required=decimal_text(money_of(deduction.payable, order.currency_code).amount),
        )
    await counted.books.open(session, holders=[(counted.holder, deduction.legs)])
    return counted


async def _count(session: AsyncSession, *, scope: Scope, order: Order, now: datetime) -> _Counted:
    order.check()
    link = await _payable_link(session, scope=scope, order=order)
    pays_itself = order.payer == Payer.CUSTOMER
    holder = (
        Holder.customer(order.customer_id, partner_id=link.partner_id)
        if pays_itself
        else Holder.partner(link.partner_id)
    )
    books = Books(tenant_id=scope.tenant_id, currency_code=order.currency_code)
    await books.read(session, scope=scope, holder_ids=[holder.id])
    usable = (
        await vouchers.list_usable(session, scope=scope, customer_ids=[order.customer_id], at=now)
        if pays_itself
        else []
    )
    coupons = [
        coupon_of(one) for one in usable if one.unit.currency_code == order.currency_code
    ]
    funds = books.funds(holder, coupons=coupons, today=now.astimezone(SITE_ZONE).date())
    return _Counted(link, holder, books, deduct(order, funds), fitting_coupons(order, coupons))


async def _payable_link(session: AsyncSession, *, scope: Scope, order: Order) -> CustomerLink:
    found = await links.batch_get(session, scope=scope, customer_ids=[order.customer_id])
    link = found.get(order.customer_id)
    named = {"customer_id": ids.to_text("cus", order.customer_id)}
    if link is None:
        raise NotSubCustomer("the customer is not associated with you", **named)
    if order.payer == Payer.CUSTOMER and not link.may_receive_vouchers():
        raise AdvisoryPaysItself("customers of referral sale pay the platform itself", **named)
    return link


def _legs(counted: _Counted, names: Transfers, *, is_held: bool = False) -> list[dict[str, Any]]:
    return legs_json(
        counted.deduction.legs,
        books=counted.books,
        holder=counted.holder,
        names=names,
        is_held=is_held,
    )


async def _write(
    session: AsyncSession,
    *,
    order: Order,
    counted: _Counted,
    names: Transfers,
    legs: list[dict[str, Any]],
    state: dict[str, Any],
    now: datetime,
) -> UUID:
    """Write the payment of an order that none is for yet."""
    tenant_id = names.tenant_id
    await session.execute(
        update(Payment)
        .where(
            Payment.tenant_id == tenant_id,
            Payment.customer_id == order.customer_id,
            Payment.order_number == order.number,
            Payment.state == PaymentState.HELD,
            Payment.expire_time <= now,
        )
        .values(state=PaymentState.EXPIRED)
        .execution_options(synchronize_session=False)
    )
    values = order_payment(
        order, counted.deduction, holder=counted.holder, tenant_id=tenant_id, now=now
    ) | {"legs": legs, "transaction_id": names.group_id}
    written = await session.scalar(
        insert(Payment)
        .values(values | state)
        .on_conflict_do_nothing(
            index_elements=["tenant_id", "customer_id", "order_number"],
            index_where=text("kind = 'ORDER' AND state IN ('HELD', 'PAID')"),
        )
        .returning(Payment.id)
    )
    if written is None:
        raise OrderAlreadyPaid("another payment is for this order", order_number=order.number)
    return written


async def _held(
    session: AsyncSession, *, scope: Scope, payment_id: UUID, now: datetime
) -> Payment:
    payment = await queries.get_for_update(session, scope=scope, payment_id=payment_id)
    if payment is None:
        raise NotFound("payment not found", field="payment_id")
    payment.refuse_unless(kind=PaymentKind.ORDER, state=PaymentState.HELD, now=now)
    return payment


async def _note_paid(
    session: AsyncSession, *, scope: Scope, payment: Payment, now: datetime
) -> None:
    """Note what was bought: on the vouchers, and in the consumption details."""
    await uses.note_use(
        session,
        tenant_id=payment.tenant_id,
        voucher_ids=_voucher_ids(payment.legs),
        order_number=payment.order_number,
        now=now,
    )
    found = await links.batch_get(session, scope=scope, customer_ids=[payment.customer_id])
    await consumed.take_order(session, payment=payment, link=found.get(payment.customer_id), now=now)


async def _release(session: AsyncSession, payment: Payment) -> None:
    await uses.release(
        session,
        tenant_id=payment.tenant_id,
        voucher_ids=_voucher_ids(payment.legs),
        order_number=payment.order_number or "",
    )


def _voucher_ids(legs: Sequence[dict[str, Any]]) -> list[UUID]:
    return [UUID(leg["voucher_id"]) for leg in legs if leg["voucher_id"]]
