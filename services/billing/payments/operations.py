"""Holds, pays and cancels orders (domain.md 4.2); the ledger moves what the deduction counted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger import groups
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import TradeDetail, TransferCode, Unit
from services.billing.ledger.groups import Resolution
from services.billing.links import queries as links
from services.billing.payments import consumed, queries, quotes
from services.billing.payments.books import CODES
from services.billing.payments.deduction import Source
from services.billing.payments.documents import Transfers, legs_json, order_payment, postings
from services.billing.payments.model import OrderAlreadyPaid, Payment, PaymentKind, PaymentState
from services.billing.payments.orders import Order
from services.billing.vouchers import uses
from services.kit.errors import InvalidArgument, NotFound
from services.kit.identity import Scope


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
    counted = await quotes.payable(session, scope=scope, order=order, now=now)
    held = {"state": PaymentState.HELD, "expire_time": expire_time}
    values = _values(order, counted, names=names, now=now, is_held=True) | held
    payment = await _write(session, scope=scope, values=values, now=now)
    for voucher_id in _voucher_ids(payment):
        await uses.note_lock(session, scope=scope, voucher_id=voucher_id, order_number=order.number)
    if payment.legs:
        reserved = postings(
            payment.legs,
            trade_detail=TradeDetail.PERIOD,
            key="hold_id",
            code=TransferCode.ORDER_HOLD,
        )
        await groups.reserve_group(
            session, group_id=names.group_id, postings=reserved, expire_time=expire_time
        )
    return payment.id


async def pay_order(
    session: AsyncSession, *, scope: Scope, request_id: str, order: Order, now: datetime
) -> UUID:
    """Pay an order at once.

    :raises InsufficientBalance, OrderAlreadyPaid, CurrencyMismatch: and what a quote raises.
    """
    names = Transfers(tenant_id=scope.tenant_id, method="PayOrder", request_id=request_id)
    counted = await quotes.payable(session, scope=scope, order=order, now=now)
    paid = {"state": PaymentState.PAID, "pay_time": now}
    values = _values(order, counted, names=names, now=now) | paid
    payment = await _write(session, scope=scope, values=values, now=now)
    await _note_paid(session, scope=scope, payment=payment, now=now)
    if payment.legs:
        moved = postings(payment.legs, trade_detail=TradeDetail.PERIOD)
        await ledger.post_group(session, group_id=names.group_id, postings=moved)
    return payment.id


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
                    trade_detail=TradeDetail.PERIOD,
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
    payment = await _held(session, scope=scope, payment_id=payment_id, now=now)
    names = Transfers(tenant_id=scope.tenant_id, method="CancelOrder", request_id=request_id)
    await _cancel(session, payment, names=names, now=now)


async def cancel_all_of_customer(
    session: AsyncSession, *, scope: Scope, customer_id: UUID, now: datetime
) -> None:
    """Let return what is set aside of what a customer has, for whichever orders."""
    for payment in await queries.list_held_for_update(
        session, scope=scope, customer_id=customer_id, now=now
    ):
        names = Transfers(
            tenant_id=scope.tenant_id, method="cancel_all_of_customer", request_id=str(payment.id)
        )
        await _cancel(session, payment, names=names, now=now)


async def _cancel(
    session: AsyncSession, payment: Payment, *, names: Transfers, now: datetime
) -> None:
    payment.cancel(now=now)
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
    """Write down that held payments have expired; give how many.

    Nobody waits for this: they are shown as expired, and the ledger posts nothing that is.
    """
    lapsed = await queries.list_lapsed_for_update(session, scope=scope, now=now, at_most=at_most)
    await _expire(session, lapsed)
    return len(lapsed)


async def _expire(session: AsyncSession, lapsed: Sequence[Payment]) -> None:
    for payment in lapsed:
        payment.expire()
        await session.flush()


def _values(
    order: Order,
    counted: quotes.Counted,
    *,
    names: Transfers,
    now: datetime,
    is_held: bool = False,
) -> dict[str, Any]:
    """Write the payment of an order, but for its state."""
    written = order_payment(
        order, counted.deduction, holder=counted.holder, tenant_id=names.tenant_id, now=now
    )
    legs = legs_json(
        counted.deduction.legs,
        books=counted.books,
        holder=counted.holder,
        names=names,
        is_held=is_held,
    )
    return written | {"legs": legs, "transaction_id": names.group_id}


async def _write(
    session: AsyncSession, *, scope: Scope, values: dict[str, Any], now: datetime
) -> Payment:
    """Keep the payment of an order that none is for yet.

    :raises OrderAlreadyPaid:
    """
    order = values["customer_id"], values["order_number"]
    lapsed = await queries.list_lapsed_for_update(
        session, scope=scope, now=now, at_most=1, of=order
    )
    await _expire(session, lapsed)
    written: Payment | None = await session.scalar(
        insert(Payment)
        .values(values)
        .on_conflict_do_nothing(
            index_elements=["tenant_id", "customer_id", "order_number"],
            index_where=text("kind = 'ORDER' AND state IN ('HELD', 'PAID')"),
        )
        .returning(Payment)
    )
    if written is None:
        raise OrderAlreadyPaid("another payment is for this order", order_number=order[1])
    return written


async def _held(session: AsyncSession, *, scope: Scope, payment_id: UUID, now: datetime) -> Payment:
    payment = await queries.get_for_update(session, scope=scope, payment_id=payment_id)
    if payment is None:
        raise NotFound("payment not found", field="payment_id")
    payment.refuse_unless(kind=PaymentKind.ORDER, state=PaymentState.HELD, now=now)
    return payment


async def _note_paid(
    session: AsyncSession, *, scope: Scope, payment: Payment, now: datetime
) -> None:
    """Note what was bought: on the vouchers, and in the consumption details."""
    for voucher_id in _voucher_ids(payment):
        await uses.note_use(
            session,
            scope=scope,
            voucher_id=voucher_id,
            order_number=payment.order_number,
            now=now,
        )
    found = await links.batch_get(session, scope=scope, customer_ids=[payment.customer_id])
    await consumed.take_order(
        session, payment=payment, link=found.get(payment.customer_id), now=now
    )


def _voucher_ids(payment: Payment) -> list[UUID]:
    return [UUID(leg["voucher_id"]) for leg in payment.legs if leg["voucher_id"]]
