"""Reads what customers can spend and owe, and what was in an account at a moment of the past."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import FUND_KINDS, TenantCurrency, lot_from
from services.billing.ledger.chart import AccountKind
from services.billing.ledger.model import Account, Entry
from services.billing.links.model import AssociationType, CustomerLink
from services.kit.errors import NotFound
from services.kit.fields import fetch, selected
from services.kit.identity import Scope

_BALANCE: Final = Account.credits_posted - Account.debits_posted


async def batch_get_by_customer(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    customer_ids: Sequence[UUID],
    today: date,
) -> list[Sequence[Any]]:
    """Give the balances of resale customers in scope, in the order of the ids.

    Behind its columns, a row has its customer's id.
    """
    cash, credit = AccountKind.CUSTOMER_CASH, AccountKind.CUSTOMER_CREDIT
    is_valid = Account.unit >= lot_from(today)
    left = _BALANCE - Account.debits_pending
    computed = {
        "currency_code": _currency(),
        "available": _sum(left, (Account.kind == cash) | (Account.kind == credit) & is_valid),
        "cash": _sum(left, Account.kind == cash),
        "credit": _sum(left, Account.kind == credit, is_valid),
        "frozen": _sum(Account.debits_pending, Account.kind.in_((cash, credit))),
        "debt": _sum(-_BALANCE, Account.kind == AccountKind.RECEIVABLE),
    }
    statement = (
        select(*selected(CustomerLink, columns, **computed))
        .add_columns(CustomerLink.customer_id.label("row_id"))
        .where(
            *scope.covers(CustomerLink),
            CustomerLink.customer_id.in_(customer_ids),
            CustomerLink.association_type == AssociationType.RESALE,
        )
    )
    found = {row[-1]: row for row in await fetch(session, statement)}
    return [found[one] for one in customer_ids if one in found]


async def get_balance_at(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    account_id: UUID,
    time: datetime,
) -> Sequence[Any]:
    """Give an account's balance at a moment: that of its last entry until then.

    :raises NotFound:
    """
    computed = {"balance": func.coalesce(_last_balance(time), 0), "time": literal(time)}
    statement = select(*selected(Account, columns, **computed)).where(
        *scope.covers(Account, customer=Account.holder_id),
        Account.id == account_id,
        Account.kind.in_(FUND_KINDS),
    )
    rows = await fetch(session, statement)
    if not rows:
        raise NotFound("account not found")
    row: Sequence[Any] = rows[0]
    return row


def _last_balance(time: datetime) -> ColumnElement[Any]:
    return (
        select(Entry.balance)
        .where(
            Entry.tenant_id == Account.tenant_id,
            Entry.account_id == Account.id,
            Entry.create_time <= time,
        )
        .order_by(Entry.create_time.desc(), Entry.version.desc())
        .limit(1)
        .scalar_subquery()
    )


def _sum(value: Any, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    """Say in SQL how much a customer has in its accounts of some kind."""
    return (
        select(func.coalesce(func.sum(value), 0))
        .where(
            Account.tenant_id == CustomerLink.tenant_id,
            Account.holder_id == CustomerLink.customer_id,
            *conditions,
        )
        .scalar_subquery()
    )


def _currency() -> ColumnElement[Any]:
    return (
        select(TenantCurrency.currency_code)
        .where(TenantCurrency.tenant_id == CustomerLink.tenant_id)
        .scalar_subquery()
    )
