"""What paying an order would take: reads who pays and with what, and counts; writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts import operations as accounts
from services.billing.accounts.model import Holder
from services.billing.days import day_at
from services.billing.ledger.model import InsufficientBalance
from services.billing.links import queries as links
from services.billing.links.model import CustomerLink, NotSubCustomer
from services.billing.payments.books import Books, coupon_of
from services.billing.payments.coupons import Coupon
from services.billing.payments.deduction import Deduction, Fitting, deduct, fitting_coupons
from services.billing.payments.model import AdvisoryPaysItself
from services.billing.payments.orders import Order, Payer, money_of
from services.billing.vouchers import queries as vouchers
from services.kit import ids
from services.kit.errors import PermissionDenied
from services.kit.identity import Scope
from services.kit.money import decimal_text


@dataclass(frozen=True, slots=True)
class Counted:
    """What paying an order takes, who pays it, and the accounts that are known."""

    holder: Holder
    books: Books
    deduction: Deduction
    # The coupons that it may be paid with.
    fitting: Sequence[Fitting]


async def count(session: AsyncSession, *, scope: Scope, order: Order, now: datetime) -> Counted:
    """Count what paying an order would take.

    :raises NotSubCustomer, AdvisoryPaysItself: for the customer;
    :raises PriceAdjustmentExclusive, TooManyCoupons, OneVoucherPerOrder, CouponNotUsable,
        CouponDoesNotFit, CouponExcludesDiscount: for discounts and coupons.
    """
    order.check()
    if scope.customer_id is not None and order.payer != Payer.CUSTOMER:
        raise PermissionDenied("what the partner has is not for customers")
    link = await _link(session, scope=scope, order=order)
    holder = (
        Holder.customer(order.customer_id, partner_id=link.partner_id)
        if order.payer == Payer.CUSTOMER
        else Holder.partner(link.partner_id)
    )
    books = Books(tenant_id=scope.tenant_id, currency_code=order.currency_code)
    await books.read(session, scope=scope, holder_ids=[holder.id])
    coupons = await _coupons(session, scope=scope, order=order, now=now)
    funds = books.funds(holder, coupons=coupons, today=day_at(now))
    return Counted(holder, books, deduct(order, funds), fitting_coupons(order, coupons))


async def payable(session: AsyncSession, *, scope: Scope, order: Order, now: datetime) -> Counted:
    """Count an order that the payer can pay, and open the accounts that it goes to.

    :raises InsufficientBalance, CurrencyMismatch: and what counting raises.
    """
    await accounts.refuse_other_currency(
        session, tenant_id=scope.tenant_id, currency_code=order.currency_code
    )
    counted = await count(session, scope=scope, order=order, now=now)
    deduction = counted.deduction
    if deduction.missing:
        required = money_of(deduction.payable, order.currency_code)
        missing = money_of(deduction.missing, order.currency_code)
        raise InsufficientBalance(
            "the payer is short",
            available=decimal_text((required - missing).amount),
            required=decimal_text(required.amount),
        )
    await counted.books.open(session, holders=[(counted.holder, deduction.legs)])
    return counted


async def _link(session: AsyncSession, *, scope: Scope, order: Order) -> CustomerLink:
    found = await links.batch_get(session, scope=scope, customer_ids=[order.customer_id])
    link = found.get(order.customer_id)
    named = {"customer_id": ids.to_text("cus", order.customer_id)}
    if link is None:
        raise NotSubCustomer("the customer is not associated with you", **named)
    # Who may receive vouchers spends what its partner allocates, and nobody else does.
    if order.payer == Payer.CUSTOMER and not link.may_receive_vouchers():
        raise AdvisoryPaysItself("customers of referral sale pay the platform itself", **named)
    return link


async def _coupons(
    session: AsyncSession, *, scope: Scope, order: Order, now: datetime
) -> list[Coupon]:
    if order.payer != Payer.CUSTOMER:
        return []
    usable = await vouchers.list_usable(
        session, scope=scope, customer_ids=[order.customer_id], at=now
    )
    return [coupon_of(one) for one in usable if one.unit.currency_code == order.currency_code]
