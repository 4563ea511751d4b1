"""Charges usage that waits: counted customer by customer, written and moved batch by batch.

A batch is one transaction: its usage leaves the queue and becomes consumption details, what it
took is one payment for each customer and month, and the ledger moves that last of all. Whoever
runs this twice, or two at once, charges nothing twice: a row is in the queue or it is charged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import Holder
from services.billing.days import day_at
from services.billing.ledger import groups
from services.billing.ledger.chart import TradeDetail, Unit
from services.billing.payments.books import Books, coupon_of
from services.billing.payments.charged import take_charged
from services.billing.payments.coupons import Coupon
from services.billing.payments.deduction import Leg, Source
from services.billing.payments.documents import Transfers, legs_json, postings, settled_payment
from services.billing.payments.model import Payment, PaymentKind, UsageRow
from services.billing.payments.orders import decimals_of, money_of
from services.billing.payments.totals import TotalKey, keep_totals, lock_totals
from services.billing.payments.usage import Charge, Charging, Total, Usage
from services.billing.vouchers import queries as vouchers
from services.billing.vouchers import uses
from services.kit import ids
from services.kit.identity import Scope
from services.kit.ids import new_id

BATCH_ROWS: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What usage of one customer and month takes."""

    holder: Holder
    billing_cycle: date
    currency_code: str
    listed: Decimal
    charges: Sequence[Charge]
    legs: Sequence[Leg]
    payment_id: UUID = field(default_factory=new_id)


async def charge_waiting(
    session: AsyncSession, *, scope: Scope, found: Sequence[Usage], now: datetime
) -> int:
    """Charge usage that was found waiting, and is locked; give how much it was.

    :raises InsufficientBalance: where somebody else took what was counted on; count again.
    """
    await _forget_known(session, scope=scope, found=found)
    waiting = [row for row in found if not row.is_charged]
    if waiting:
        await _charge(session, scope=scope, waiting=waiting, now=now)
    return len(waiting)


async def _charge(
    session: AsyncSession, *, scope: Scope, waiting: Sequence[Usage], now: datetime
) -> None:
    totals = await lock_totals(session, scope=scope, waiting=waiting)
    customer_ids = sorted({row.customer_id for row in waiting})
    # One currency is all that a tenant has.
    books = Books(tenant_id=scope.tenant_id, currency_code=waiting[0].currency_code)
    await books.read(session, scope=scope, holder_ids=customer_ids)
    coupons = await _coupons(session, scope=scope, customer_ids=customer_ids, now=now)
    bills = [
        bill
        for customer_id, rows in groupby(waiting, key=lambda row: row.customer_id)
        for bill in _bills(
            list(rows), totals=totals, books=books, coupons=coupons.get(customer_id, ()), now=now
        )
    ]
    await books.open(session, holders=[(bill.holder, bill.legs) for bill in bills])
    await keep_totals(session, scope=scope, totals=totals)
    await take_charged(session, scope=scope, splits=_splits(bills))
    used = [leg.voucher_id for bill in bills for leg in bill.legs if leg.voucher_id]
    await uses.note_uses(session, scope=scope, voucher_ids=used, now=now)
    await _settle(session, bills=bills, books=books, now=now)


async def _settle(
    session: AsyncSession, *, bills: Iterable[Bill], books: Books, now: datetime
) -> None:
    """Write a payment for each bill that takes something, and move the amounts."""
    payments, moved = [], []
    for bill in bills:
        if not bill.legs:
            continue
        names = Transfers(
            tenant_id=books.tenant_id, method="charge_usage", request_id=str(bill.payment_id)
        )
        legs = legs_json(bill.legs, books=books, holder=bill.holder, names=names)
        payments.append(_payment(bill, names=names, now=now) | {"legs": legs})
        moved += postings(legs, trade_detail=TradeDetail.USAGE, group_id=names.group_id)
    if payments:
        await session.execute(insert(Payment), payments)
    await groups.post_all(session, postings=moved)


def _payment(bill: Bill, *, names: Transfers, now: datetime) -> dict[str, Any]:
    parts: dict[Source, int] = {}
    for leg in bill.legs:
        parts[leg.source] = parts.get(leg.source, 0) + leg.units
    return settled_payment(
        PaymentKind.USAGE,
        holder=bill.holder,
        names=names,
        currency_code=bill.currency_code,
        parts=parts,
        now=now,
        listed=bill.listed,
        billing_cycle=bill.billing_cycle,
    )


async def _forget_known(session: AsyncSession, *, scope: Scope, found: Sequence[Usage]) -> None:
    """Take what came in again while it was charged out of the queue."""
    known = [row.id for row in found if row.is_charged]
    if known:
        cycles = {row.billing_cycle for row in found}
        await session.execute(
            delete(UsageRow).where(
                UsageRow.tenant_id == scope.tenant_id,
                UsageRow.billing_cycle.in_(cycles),
                UsageRow.id.in_(known),
            )
        )


async def _coupons(
    session: AsyncSession, *, scope: Scope, customer_ids: Sequence[UUID], now: datetime
) -> dict[UUID, list[Coupon]]:
    found: dict[UUID, list[Coupon]] = {}
    for one in await vouchers.list_usable(session, scope=scope, customer_ids=customer_ids, at=now):
        found.setdefault(one.customer_id, []).append(coupon_of(one))
    return found


def _bills(
    rows: Sequence[Usage],
    *,
    totals: Mapping[TotalKey, Total],
    books: Books,
    coupons: Sequence[Coupon],
    now: datetime,
) -> Iterable[Bill]:
    """Count the usage of one customer, month by month and, should it have moved, by partner."""
    first = rows[0]
    holder = Holder.customer(first.customer_id, partner_id=first.partner_id)
    charging = Charging(
        funds=books.funds(holder, coupons=coupons, today=day_at(now)),
        currency_code=books.currency_code,
        decimals=decimals_of(books.currency_code),
    )
    for (cycle, partner_id), of_month in groupby(
        rows, key=lambda row: (row.billing_cycle, row.partner_id)
    ):
        usages = list(of_month)
        total = totals[first.customer_id, cycle, books.currency_code]
        charges, legs = charging.charge(usages, total=total)
        yield Bill(
            holder=Holder.customer(first.customer_id, partner_id=partner_id),
            billing_cycle=cycle,
            currency_code=books.currency_code,
            listed=sum((usage.list_amount for usage in usages), Decimal(0)),
            charges=charges,
            legs=[*legs, *_debt(charges, currency_code=books.currency_code)],
        )


def _debt(charges: Sequence[Charge], *, currency_code: str) -> list[Leg]:
    units = sum(charge.parts.get(Source.DEBT, 0) for charge in charges)
    unit = str(Unit.cash(currency_code))
    return [Leg(source=Source.DEBT, account_id=None, unit=unit, units=units)] if units else []


def _splits(bills: Iterable[Bill]) -> list[dict[str, Any]]:
    """Write what each row was charged, for the statement that makes details of them."""
    return [
        {
            "id": charge.usage.id,
            "billing_cycle": bill.billing_cycle,
            "trade_number": number,
            "unit_value": value,
            "payable": charge.units,
            **charge.parts,
        }
        for bill in bills
        for number in [ids.to_text("pmt", bill.payment_id)]
        for value in [str(money_of(1, bill.currency_code).amount)]
        for charge in bill.charges
    ]
