"""Reads fund accounts with their balances, inside the scope of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, case, func, literal, null, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.billing.accounts.model import (
    CASH_KINDS,
    CREDIT_KINDS,
    FUND_KINDS,
    PARTNER_KINDS,
    BalanceAlert,
    InvoiceArrears,
    lot_from,
)
from services.billing.ledger.chart import AccountKind
from services.billing.ledger.model import Account
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.paging import Page, keyset

# Of each partner, where many are asked for.
LOTS_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """What a list is narrowed by; empty narrows nothing."""

    holder_id: UUID
    kinds: Sequence[AccountKind] = ()


async def get_cash(session: AsyncSession, *, scope: Scope, holder_id: UUID) -> Account | None:
    """Give a holder's cash account with the balance that it has now."""
    statement = _held_by(holder_id, scope=scope).where(Account.kind.in_(CASH_KINDS))
    return (await session.scalars(statement)).one_or_none()


async def list_credit_lots(
    session: AsyncSession, *, scope: Scope, holder_id: UUID
) -> list[Account]:
    """Give a holder's lots of credit, the next to expire first, those that never do last."""
    statement = (
        _held_by(holder_id, scope=scope)
        .where(Account.kind.in_(CREDIT_KINDS))
        # Days are digits, and digits stand before "NEVER".
        .order_by(Account.unit)
    )
    return list(await session.scalars(statement))


async def get_own(session: AsyncSession, *, scope: Scope, account_id: UUID) -> Account | None:
    """Give an account of the caller's own partner."""
    statement = _held_by(own_partner(scope), scope=scope)
    found = statement.where(Account.kind.in_(PARTNER_KINDS), Account.id == account_id)
    return (await session.scalars(found)).one_or_none()


async def batch_get(
    session: AsyncSession, *, scope: Scope, columns: Sequence[str], ids: Sequence[UUID], today: date
) -> list[Sequence[Any]]:
    """Give those in scope in the order of the ids; behind its columns, a row has its id."""
    statement = _shown(scope, columns, today=today).add_columns(Account.id.label("row_id"))
    rows = await fetch(session, statement.where(Account.id.in_(ids), Account.kind.in_(FUND_KINDS)))
    found = {row[-1]: row for row in rows}
    return [found[one] for one in ids if one in found]


async def list_page(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: AccountFilter,
    page: Page,
    today: date,
) -> Sequence[Sequence[Any]]:
    """Give one row more than the page has, if there are any; rows end with their place."""
    statement = _shown(scope, columns, today=today).add_columns(
        Account.kind.label("sort_kind"), Account.unit.label("sort_unit"), Account.id.label("row_id")
    )
    statement = statement.where(
        Account.holder_id == narrowed.holder_id, Account.kind.in_(narrowed.kinds or PARTNER_KINDS)
    )
    sort = [(Account.kind, "asc"), (Account.unit, "asc"), (Account.id, "asc")]
    return await fetch(session, keyset(statement, sort=sort, page=page))  # type: ignore[arg-type]


async def batch_list_by_partner(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    partner_ids: Sequence[UUID],
    today: date,
) -> dict[UUID, list[Sequence[Any]]]:
    """Give each partner's own accounts by one statement; behind its columns, a row has whose."""
    asked = (
        func.unnest(literal(list(partner_ids), ARRAY(Uuid())))
        .table_valued("partner_id", name="asked")
        .render_derived()
    )
    own = (
        _shown(scope, columns, today=today)
        .add_columns(Account.kind.label("sort_kind"), Account.unit.label("sort_unit"))
        .where(Account.holder_id == asked.c.partner_id, Account.kind.in_(PARTNER_KINDS))
        .order_by(Account.kind, Account.unit)
        .limit(LOTS_MAX)
        .correlate(asked)
        .lateral("own")
    )
    *chosen, kind, unit = own.c
    rows = await fetch(
        session,
        select(*chosen, asked.c.partner_id)
        .select_from(asked.join(own, true()))
        .order_by(kind, unit),
    )
    groups: dict[UUID, list[Sequence[Any]]] = {one: [] for one in partner_ids}
    for row in rows:
        groups[row[-1]].append(row)
    return groups


def own_partner(scope: Scope) -> UUID:
    """Say whose money is meant where no reseller is named: the platform means the root's."""
    return scope.own_partner_id or scope.tenant_id


def _held_by(holder_id: UUID, *, scope: Scope) -> Select[Account]:
    return (
        select(Account)
        .where(*scope.covers(Account, customer=Account.holder_id), Account.holder_id == holder_id)
        # Balances were moved behind the session's back.
        .execution_options(populate_existing=True)
    )


def _shown(scope: Scope, columns: Sequence[str], *, today: date) -> Select[Any]:
    computed = {
        "customer_id": case((Account.kind.not_in(PARTNER_KINDS), Account.holder_id)),
        "amount": _BALANCE,
        "frozen": Account.debits_pending,
        "designated": _of_partners_cash(_beside(AccountKind.PARTNER_CASH_DESIGNATED)),
        "allocatable": _allocatable(today),
        "withdrawable": _withdrawable(),
        "arrears": _of_partners_cash(_ARREARS),
        "credit_limit": _credit_limit(),
        "used": _credit_limit() - _BALANCE,
        "threshold": _told(BalanceAlert, BalanceAlert.threshold),
        "receivers": _told(BalanceAlert, BalanceAlert.receivers),
    }
    return select(*selected(Account, columns, **computed)).where(
        *scope.covers(Account, customer=Account.holder_id)
    )


def _of_partners_cash(units: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((_IS_PARTNERS_CASH, func.coalesce(units, 0)))


def _allocatable(today: date) -> ColumnElement[Any]:
    """Say in SQL what a partner can hand on: what has expired is worth nothing, taken or not."""
    return case(
        (_IS_PARTNERS_CASH, _LEFT),
        (Account.kind != AccountKind.PARTNER_CREDIT, null()),
        (Account.unit < lot_from(today), 0),
        else_=_LEFT,
    )


def _withdrawable() -> ColumnElement[Any]:
    """Say in SQL what can be paid out: to the root partner only, less what was invoiced."""
    is_paid_out = _IS_PARTNERS_CASH & _IS_THE_ROOTS
    return case((is_paid_out, func.greatest(_LEFT - func.coalesce(_ARREARS, 0), 0)))


def _credit_limit() -> ColumnElement[Any]:
    """Say in SQL how much credit was granted in a lot.

    The platform owes it in the tenant of the root partner; others hold it or have used it.
    """
    granted, used = _beside(AccountKind.CREDIT_SOURCE), _beside(AccountKind.CREDIT_USED)
    return case(
        (Account.kind.not_in(CREDIT_KINDS), null()),
        (_IS_THE_ROOTS, -func.coalesce(granted, 0)),
        else_=_BALANCE + func.coalesce(used, 0),
    )


def _beside(kind: AccountKind) -> ColumnElement[Any]:
    """Say in SQL what the same holder has in another account of the same unit."""
    other = aliased(Account)
    return (
        select(other.credits_posted - other.debits_posted)
        .where(
            other.tenant_id == Account.tenant_id,
            other.holder_id == Account.holder_id,
            other.kind == kind,
            other.unit == Account.unit,
        )
        .scalar_subquery()
    )


def _told(table: Any, column: Any) -> ColumnElement[Any]:
    return (
        select(column)
        .where(table.tenant_id == Account.tenant_id, table.account_id == Account.id)
        .scalar_subquery()
    )


_BALANCE: Final = Account.credits_posted - Account.debits_posted
_LEFT: Final = _BALANCE - Account.debits_pending
_IS_PARTNERS_CASH: Final = Account.kind == AccountKind.PARTNER_CASH
# The root partner's id is the tenant's.
_IS_THE_ROOTS: Final = Account.holder_id == Account.tenant_id
_ARREARS: Final = _told(InvoiceArrears, InvoiceArrears.amount)
