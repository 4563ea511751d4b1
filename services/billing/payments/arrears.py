"""Repays what customers owe as soon as they have something: from cash, then from credit.

Vouchers pay no arrears (domain.md 6.7). What is repaid from credit is no cash that came in: it
leaves the revenue in cash again, and stands with the credit that was used.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import Holder
from services.billing.days import day_at
from services.billing.ledger import groups
from services.billing.ledger.chart import AccountKind, TradeDetail, TransferCode, Unit
from services.billing.payments import due
from services.billing.payments.books import Books
from services.billing.payments.deduction import Leg, Source
from services.billing.payments.documents import Transfers, postings, settled_payment
from services.billing.payments.model import Payment, PaymentKind
from services.kit.identity import Scope
from services.kit.ids import new_id

DEBTORS_AT_ONCE: Final = 100


async def repay_arrears(session: AsyncSession, *, scope: Scope, now: datetime) -> int:
    """Let customers who owe something and have something repay it; give how many did.

    :raises InsufficientBalance: where somebody else took what was counted on; count again.
    """
    debtors = await due.list_debtors(session, scope=scope, at_most=DEBTORS_AT_ONCE)
    if not debtors:
        return 0
    customer_ids = sorted(customer_id for customer_id, _, _ in debtors)
    # Nobody else repays, or charges, for these customers meanwhile.
    await due.list_totals_for_update(session, scope=scope, customer_ids=customer_ids)
    # One currency is all that a tenant has.
    currency_code = Unit.parse(debtors[0][2]).currency_code
    books = Books(tenant_id=scope.tenant_id, currency_code=currency_code)
    await books.read(session, scope=scope, holder_ids=customer_ids)
    repaying = [
        (holder, legs)
        for customer_id, partner_id, _ in debtors
        for holder in [Holder.customer(customer_id, partner_id=partner_id)]
        if (legs := _legs(books, holder, now=now))
    ]
    await books.open(session, holders=repaying)
    payments = [_payment(books, holder, legs, now=now) for holder, legs in repaying]
    if payments:
        await session.execute(insert(Payment), payments)
    moved = [
        posting
        for payment in payments
        for posting in postings(
            payment["legs"],
            trade_detail=TradeDetail.DEBT_REPAYMENT,
            code=TransferCode.CREDIT_REPAY,
            group_id=payment["transaction_id"],
        )
    ]
    await groups.post_all(session, postings=moved)
    return len(payments)


def _legs(books: Books, holder: Holder, *, now: datetime) -> list[Leg]:
    funds = books.funds(holder, today=day_at(now))
    owed, legs = books.debt(holder.id), []
    purses = [(Source.CASH, funds.cash)] if funds.cash else []
    for source, purse in [*purses, *((Source.CREDIT, lot) for lot in funds.lots)]:
        units = min(owed, purse.units)
        if units:
            owed -= units
            account_id = purse.account_id
            legs.append(Leg(source=source, account_id=account_id, unit=purse.unit, units=units))
    return legs


def _payment(books: Books, holder: Holder, legs: list[Leg], *, now: datetime) -> dict[str, Any]:
    names = Transfers(tenant_id=books.tenant_id, method="repay_arrears", request_id=str(new_id()))
    parts: dict[Source, int] = {}
    written: list[dict[str, Any]] = []
    for leg in legs:
        parts[leg.source] = parts.get(leg.source, 0) + leg.units
        for source, debit, credit, unit in _ways(books, holder, leg):
            written.append(
                {
                    "source": source,
                    "account_id": str(debit),
                    "to_account_id": str(credit),
                    "unit": unit,
                    "units": leg.units,
                    "voucher_id": None,
                    "transfer_id": str(names.name(len(written))),
                }
            )
    return settled_payment(
        PaymentKind.ARREARS,
        holder=holder,
        names=names,
        currency_code=books.currency_code,
        parts=parts,
        now=now,
    ) | {"legs": written}


def _ways(books: Books, holder: Holder, leg: Leg) -> list[tuple[Source, UUID | None, UUID, str]]:
    """Give what a repayment moves: cash to what is owed, or credit and with it the revenue."""
    owed = books.receivable(holder.id)
    if leg.source is Source.CASH:
        return [(leg.source, leg.account_id, owed, leg.unit)]
    cash = str(Unit.cash(books.currency_code))
    revenue = books.account_of(books.tenant_id, AccountKind.REVENUE, cash)
    used = books.counterpart(leg, holder)
    return [(leg.source, leg.account_id, used, leg.unit), (Source.DEBT, revenue, owed, cash)]
