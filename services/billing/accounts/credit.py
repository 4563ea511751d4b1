"""Raises, lowers and ends the credit of partners, each change with its document."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import (
    CREDIT_KINDS,
    REASON_LENGTH_MAX,
    Change,
    CreditChange,
    Holder,
    lot_from,
    refuse_odd_amount,
    refuse_past_lot,
)
from services.billing.accounts.operations import open_credit, open_platform
from services.billing.days import day_at
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.billing.ledger.model import Account, Posting, transfer_id
from services.kit.errors import InvalidArgument
from services.kit.identity import Scope
from services.kit.money import Money

_CODES: Final = {
    Change.GRANT: TransferCode.CREDIT_GRANT,
    Change.REDUCE: TransferCode.CREDIT_REDUCE,
    Change.EXPIRE: TransferCode.CREDIT_EXPIRE,
}
_LEFT: Final = Account.credits_posted - Account.debits_posted - Account.debits_pending


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By how much a lot of credit is raised or lowered, and why."""

    amount: Money
    expire_date: date | None
    reason: str | None


async def grant_credit(
    session: AsyncSession,
    *,
    tenant_id: UUID,
    operator: str,
    request_id: str,
    terms: Terms,
    now: datetime,
) -> UUID:
    """Raise a lot of the root partner's credit; give its account's id.

    :raises InvalidArgument, CurrencyMismatch:
    """
    refuse_past_lot(terms.expire_date, today=day_at(now))
    return await _change(
        session,
        change=Change.GRANT,
        tenant_id=tenant_id,
        operator=operator,
        request_id=request_id,
        terms=terms,
        now=now,
    )


async def reduce_credit(
    session: AsyncSession,
    *,
    tenant_id: UUID,
    operator: str,
    request_id: str,
    terms: Terms,
    now: datetime,
) -> UUID:
    """Lower a lot of the root partner's credit by no more than is left; give its account's id.

    :raises InvalidArgument, CurrencyMismatch, InsufficientBalance:
    """
    return await _change(
        session,
        change=Change.REDUCE,
        tenant_id=tenant_id,
        operator=operator,
        request_id=request_id,
        terms=terms,
        now=now,
    )


def has_expired(today: date) -> list[Any]:
    """Give the conditions of lots that have expired and still hold something to be taken."""
    return [
        Account.kind.in_(CREDIT_KINDS),
        Account.unit < lot_from(today),
        _LEFT > 0,
    ]


async def expire_credit(
    session: AsyncSession, *, scope: Scope, operator: str, now: datetime, at_most: int
) -> int:
    """Take what is left of lots that have expired, held amounts excepted; give how many."""
    statement = select(Account, _LEFT).where(
        *scope.covers(Account, customer=Account.holder_id), *has_expired(day_at(now))
    )
    # Locked in the ledger's order: what is left stays so until it is posted.
    locked = statement.order_by(Account.id).limit(at_most).with_for_update(key_share=True)
    found = list(await session.execute(locked.execution_options(populate_existing=True)))
    postings = []
    for account, units in found:
        unit = Unit.parse(account.unit)
        source = await open_platform(
            session, tenant_id=scope.tenant_id, kind=AccountKind.CREDIT_SOURCE, unit=unit
        )
        # Each version of an account expires once.
        id_ = transfer_id(
            scope.tenant_id, method="ExpireCredit", request_id=str(account.id), leg=account.version
        )
        postings.append(
            Posting(
                id=id_,
                code=TransferCode.CREDIT_EXPIRE,
                debit_account_id=account.id,
                credit_account_id=source,
                amount=unit.money(units),
                unit=unit,
            )
        )
    _write(session, found, postings=postings, operator=operator, now=now)
    await session.flush()
    for outcome in await ledger.post_many(session, postings=postings):
        if outcome.refusal is not None:
            raise outcome.refusal
    return len(postings)


def _write(
    session: AsyncSession,
    found: Sequence[Any],
    *,
    postings: Sequence[Posting],
    operator: str,
    now: datetime,
) -> None:
    session.add_all(
        CreditChange(
            tenant_id=account.tenant_id,
            partner_id=account.partner_id,
            account_id=account.id,
            change=Change.EXPIRE,
            expire_date=posting.unit.expire_date,
            amount=units,
            operator=operator,
            transaction_id=posting.id,
            create_time=now,
        )
        for (account, units), posting in zip(found, postings, strict=True)
    )


async def _change(
    session: AsyncSession,
    *,
    change: Change,
    tenant_id: UUID,
    operator: str,
    request_id: str,
    terms: Terms,
    now: datetime,
) -> UUID:
    refuse_odd_amount(terms.amount, field="amount")
    if terms.reason is not None and len(terms.reason) > REASON_LENGTH_MAX:
        raise InvalidArgument(f"must have at most {REASON_LENGTH_MAX} characters", field="reason")
    lot, source = await _open(session, tenant_id=tenant_id, terms=terms)
    debit, credit = (source, lot) if change is Change.GRANT else (lot, source)
    posting = Posting(
        id=transfer_id(tenant_id, method=f"{change.title()}Credit", request_id=request_id),
        code=_CODES[change],
        debit_account_id=debit,
        credit_account_id=credit,
        amount=terms.amount,
        unit=_unit(terms),
    )
    session.add(
        CreditChange(
            tenant_id=tenant_id,
            partner_id=tenant_id,
            account_id=lot,
            change=change,
            expire_date=terms.expire_date,
            amount=posting.unit.count(terms.amount),
            operator=operator,
            reason=terms.reason,
            transaction_id=posting.id,
            create_time=now,
        )
    )
    # The ledger's accounts stay locked from here on: it comes last.
    await session.flush()
    await ledger.post(session, posting=posting)
    return lot


async def _open(session: AsyncSession, *, tenant_id: UUID, terms: Terms) -> tuple[UUID, UUID]:
    """Open the lot of the root partner, whose id is the tenant's, and where it comes from."""
    lot = await open_credit(
        session,
        tenant_id=tenant_id,
        holder=Holder.partner(tenant_id),
        currency_code=terms.amount.currency_code,
        expire_date=terms.expire_date,
    )
    source = await open_platform(
        session, tenant_id=tenant_id, kind=AccountKind.CREDIT_SOURCE, unit=_unit(terms)
    )
    return lot, source


def _unit(terms: Terms) -> Unit:
    return Unit.credit(terms.amount.currency_code, expire_date=terms.expire_date)
