"""Reads withdrawals and what can be withdrawn, inside the scope of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger.model import Account
from services.billing.withdrawals.model import (
    OPEN,
    UNFINISHED,
    BankAccount,
    Payee,
    Withdrawal,
    WithdrawalFlow,
)
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, keyset


class WithdrawalOrder(StrEnum):
    APPLY_TIME_DESC = "APPLY_TIME_DESC"
    APPLY_TIME_ASC = "APPLY_TIME_ASC"


_SORT: Final[dict[str, Direction]] = {
    WithdrawalOrder.APPLY_TIME_DESC: "desc",
    WithdrawalOrder.APPLY_TIME_ASC: "asc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalFilter:
    """What a list is narrowed by; None and empty narrow nothing."""

    withdrawal_ids: Sequence[UUID] = ()
    kinds: Sequence[str] = ()
    states: Sequence[str] = ()
    apply_time: tuple[datetime | None, datetime | None] = (None, None)


async def get_for_update(
    session: AsyncSession, *, scope: Scope, withdrawal_id: UUID
) -> Withdrawal | None:
    """Give a withdrawal that nobody else moves; whoever changes its flows takes this lock first."""
    statement = (
        select(Withdrawal)
        .where(
            *scope.covers(Withdrawal),
            Withdrawal.id == withdrawal_id,
            Withdrawal.delete_time.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def list_flows(
    session: AsyncSession, *, scope: Scope, withdrawal_id: UUID
) -> list[WithdrawalFlow]:
    """Give the flows of a withdrawal in their order, as they are behind its lock."""
    statement = (
        select(WithdrawalFlow)
        .where(*scope.covers(WithdrawalFlow), WithdrawalFlow.withdrawal_id == withdrawal_id)
        .order_by(WithdrawalFlow.number)
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(statement))


async def get_payee_for_update(
    session: AsyncSession, *, scope: Scope, partner_id: UUID
) -> Payee | None:
    """Give what was verified of a partner; those who would withdraw from it wait."""
    statement = (
        select(Payee)
        .where(*scope.covers(Payee), Payee.partner_id == partner_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def has_open(session: AsyncSession, *, scope: Scope, partner_id: UUID, kind: str) -> bool:
    """Tell whether a partner has an unfinished withdrawal of a kind."""
    statement = select(Withdrawal.id).where(
        *scope.covers(Withdrawal),
        Withdrawal.partner_id == partner_id,
        Withdrawal.kind == kind,
        Withdrawal.state.in_(OPEN),
    )
    return (await session.scalars(statement)).first() is not None


async def list_busy_top_ups(session: AsyncSession, *, scope: Scope) -> set[UUID]:
    """Name the top-ups of which a part is on its way back."""
    statement = select(WithdrawalFlow.top_up_id).where(
        *scope.covers(WithdrawalFlow),
        WithdrawalFlow.top_up_id.is_not(None),
        WithdrawalFlow.state.in_(UNFINISHED),
    )
    return {one for one in await session.scalars(statement) if one is not None}


async def batch_get(
    session: AsyncSession, *, scope: Scope, columns: Sequence[str], ids: Sequence[UUID]
) -> list[Sequence[Any]]:
    """Give those in scope in the order of the ids; behind its columns, a row has its id."""
    statement = _shown(scope, columns).add_columns(Withdrawal.id.label("row_id"))
    rows = await fetch(session, statement.where(Withdrawal.id.in_(ids)))
    found = {row[-1]: row for row in rows}
    return [found[one] for one in ids if one in found]


async def list_page(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: WithdrawalFilter,
    order_by: str,
    page: Page,
) -> Sequence[Sequence[Any]]:
    """Give one row more than the page has, if there are any; rows end with their place."""
    statement = listed(scope, columns, narrowed, order_by=order_by, page=page)
    return await fetch(session, statement)


def listed(
    scope: Scope, columns: Sequence[str], narrowed: WithdrawalFilter, *, order_by: str, page: Page
) -> Select[Any]:
    """Give the statement of a page of a list."""
    statement = _shown(scope, columns).add_columns(
        Withdrawal.apply_time.label("sort_value"), Withdrawal.id.label("row_id")
    )
    statement = _narrow(statement.where(Withdrawal.delete_time.is_(None)), narrowed)
    direction = _SORT[order_by]
    sort: list[tuple[Any, Direction]] = [
        (Withdrawal.apply_time, direction),
        (Withdrawal.id, direction),
    ]
    return keyset(statement, sort=sort, page=page)


def _shown(scope: Scope, columns: Sequence[str]) -> Select[Any]:
    computed = {"bank": _bank(), "flows": _flows(), "unit": _unit()}
    return select(*selected(Withdrawal, columns, **computed)).where(*scope.covers(Withdrawal))


def _bank() -> ColumnElement[Any]:
    names = ("bank_name", "branch", "account_name", "last_four")
    return (
        select(_object(BankAccount, names))
        .where(
            BankAccount.tenant_id == Withdrawal.tenant_id,
            BankAccount.id == Withdrawal.bank_account_id,
        )
        .scalar_subquery()
    )


def _unit() -> ColumnElement[str]:
    return (
        select(Account.unit)
        .where(Account.tenant_id == Withdrawal.tenant_id, Account.id == Withdrawal.account_id)
        .scalar_subquery()
    )


def _flows() -> ColumnElement[Any]:
    names = (
        "top_up_id", "channel", "amount", "state", "failure_reason", "finish_time", "transaction_id"
    )  # fmt: skip
    ordered = func.jsonb_agg(
        _object(WithdrawalFlow, names).op("ORDER BY", precedence=1)(WithdrawalFlow.number)
    )
    return (
        select(ordered)
        .where(
            WithdrawalFlow.tenant_id == Withdrawal.tenant_id,
            WithdrawalFlow.withdrawal_id == Withdrawal.id,
        )
        .scalar_subquery()
    )


def _object(table: Any, names: Sequence[str]) -> Any:
    return func.jsonb_build_object(
        *(item for name in names for item in (literal(name), getattr(table, name)))
    )


def _narrow(statement: Select[Any], narrowed: WithdrawalFilter) -> Select[Any]:
    for column, values in (
        (Withdrawal.id, narrowed.withdrawal_ids),
        (Withdrawal.kind, narrowed.kinds),
        (Withdrawal.state, narrowed.states),
    ):
        if values:
            statement = statement.where(column.in_(values))
    begin, end = narrowed.apply_time
    if begin is not None:
        statement = statement.where(Withdrawal.apply_time >= begin)
    if end is not None:
        statement = statement.where(Withdrawal.apply_time < end)
    return statement
