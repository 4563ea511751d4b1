"""Gives back what was paid for an order, by the rules of domain.md 4.2."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts import operations as accounts
from services.billing.accounts.model import Holder
from services.billing.days import day_at, start_of_day
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import TradeDetail, TransferCode, Unit
from services.billing.links import queries as links
from services.billing.links.model import CustomerLink
from services.billing.payments import consumed, queries
from services.billing.payments.deduction import Source
from services.billing.payments.documents import Transfers, amounts, postings
from services.billing.payments.model import (
    RETURN_PERIOD,
    RETURNS_A_YEAR,
    Payment,
    PaymentKind,
    PaymentState,
)
from services.billing.payments.orders import Payer, money_of
from services.billing.payments.returns import (
    RefundLine,
    Returned,
    noted_legs,
    noted_lines,
    returned_lines,
    undone_legs,
)
from services.billing.vouchers import uses
from services.kit.errors import NotFound
from services.kit.identity import Scope
from services.kit.ids import new_id

_COUPONS: Final = (Source.VOUCHER, Source.CASH_COUPON)


async def refund_order(
    session: AsyncSession,
    *,
    scope: Scope,
    request_id: str,
    payment_id: UUID,
    lines: Sequence[RefundLine],
    now: datetime,
) -> UUID:
    """Give back parts of an order's lines, each to where it came from; give the refund's id.

    :raises NotFound, PaymentStateConflict, RefundExceedsPayment:
    """
    payment = await queries.get_for_update(session, scope=scope, payment_id=payment_id)
    if payment is None:
        raise NotFound("payment not found", field="payment_id")
    payment.refuse_unless(kind=PaymentKind.ORDER, state=PaymentState.PAID, now=now)
    asked = lines or [RefundLine(line_number=line["line_number"]) for line in payment.lines]
    returns_coupons = not lines and await _returns_coupons(
        session, scope=scope, payment=payment, now=now
    )
    returned = returned_lines(payment, asked, returns_coupons=returns_coupons)
    link = await _link(session, scope=scope, payment=payment)
    legs = undone_legs(payment, returned)
    names = Transfers(tenant_id=scope.tenant_id, method="RefundOrder", request_id=request_id)
    destinations = [
        await _destination(session, payment=payment, leg=leg, link=link) for leg in legs
    ]
    refund = _refund(
        payment,
        returned,
        legs=_refund_legs(legs, destinations=destinations, names=names),
        names=names,
        returns_coupons=returns_coupons,
        now=now,
    )
    session.add(refund)
    payment.refunded_amount += refund.payable_amount
    payment.lines = noted_lines(payment, returned)
    payment.legs = noted_legs(payment, legs)
    await session.flush()
    await _note_refunded(session, scope=scope, refund=refund, link=link, now=now)
    if refund.legs:
        moved = postings(
            refund.legs, trade_detail=TradeDetail.UNSUBSCRIBE, code=TransferCode.REFUND
        )
        await ledger.post_group(session, group_id=names.group_id, postings=moved)
    return refund.id


async def _note_refunded(
    session: AsyncSession,
    *,
    scope: Scope,
    refund: Payment,
    link: CustomerLink | None,
    now: datetime,
) -> None:
    """Note what came back: on the vouchers, and in the consumption details."""
    for leg in refund.legs:
        if leg["voucher_id"]:
            voucher_id = UUID(leg["voucher_id"])
            await uses.note_refund(session, scope=scope, voucher_id=voucher_id, now=now)
    await consumed.take_refund(session, refund=refund, link=link, now=now)


async def _returns_coupons(
    session: AsyncSession, *, scope: Scope, payment: Payment, now: datetime
) -> bool:
    """Tell whether the whole order may be given back as if it had never been."""
    is_whole = not payment.refunded_amount
    is_early = payment.pay_time is not None and now - payment.pay_time <= RETURN_PERIOD
    if not (is_whole and is_early):
        return False
    new_year = start_of_day(day_at(now).replace(month=1, day=1))
    returned = await queries.count_returns(
        session, scope=scope, customer_id=payment.customer_id, since=new_year
    )
    return returned + len(payment.lines) <= RETURNS_A_YEAR


async def _link(session: AsyncSession, *, scope: Scope, payment: Payment) -> CustomerLink | None:
    """Give the customer's link, if it is still to the partner that it paid under."""
    found = await links.batch_get(session, scope=scope, customer_ids=[payment.customer_id])
    link = found.get(payment.customer_id)
    return link if link is not None and link.partner_id == payment.partner_id else None


async def _destination(
    session: AsyncSession, *, payment: Payment, leg: Mapping[str, Any], link: CustomerLink | None
) -> str:
    """Give the account that an amount came from or, where the customer has left, its partner's."""
    is_money = leg["source"] not in _COUPONS
    if link is not None or payment.payer == Payer.PARTNER or not is_money:
        return str(leg["account_id"])
    partner = Holder.partner(payment.partner_id)
    unit = Unit.parse(leg["unit"])
    if leg["source"] == Source.CASH:
        account_id = await accounts.open_cash(
            session,
            tenant_id=payment.tenant_id,
            holder=partner,
            currency_code=payment.currency_code,
        )
    else:
        account_id = await accounts.open_credit(
            session,
            tenant_id=payment.tenant_id,
            holder=partner,
            currency_code=payment.currency_code,
            expire_date=unit.expire_date,
        )
    return str(account_id)


def _refund_legs(
    legs: Sequence[Mapping[str, Any]], *, destinations: Sequence[str], names: Transfers
) -> list[dict[str, Any]]:
    """Write legs the other way round."""
    return [
        {
            "source": leg["source"],
            "account_id": leg["to_account_id"],
            "to_account_id": destination,
            "unit": leg["unit"],
            "units": leg["units"],
            "voucher_id": leg["voucher_id"],
            "transfer_id": str(names.name(number)),
        }
        for number, (leg, destination) in enumerate(zip(legs, destinations, strict=True))
    ]


def _refund(
    payment: Payment,
    returned: Sequence[Returned],
    *,
    legs: list[dict[str, Any]],
    names: Transfers,
    returns_coupons: bool,
    now: datetime,
) -> Payment:
    """Write the refund: a payment whose amounts go the other way."""
    parts: Counter[Source] = Counter()
    for leg in legs:
        parts[Source(leg["source"])] += leg["units"]
    whole = sum(one.units for one in returned)
    values = amounts(
        payment.currency_code,
        listed=money_of(whole, payment.currency_code).amount,
        parts=parts,
        forfeited=whole - parts.total(),
    )
    return Payment(
        tenant_id=payment.tenant_id,
        id=new_id(),
        partner_id=payment.partner_id,
        customer_id=payment.customer_id,
        kind=PaymentKind.REFUND,
        state=PaymentState.PAID,
        payer=payment.payer,
        order_number=payment.order_number,
        refunded_payment_id=payment.id,
        returns_coupons=returns_coupons,
        legs=legs,
        lines=[
            one.line | {"list": one.units, "payable": one.units, "parts": one.parts, "refunded": {}}
            for one in returned
        ],
        transaction_id=names.group_id,
        create_time=now,
        pay_time=now,
        **values,
    )
