"""Reads the lines of statements, inside the scope of who asks.

Entries of an account have times that go up as their numbers do, so every page begins in the index
of entries by time right where the one before it ended, however many lines there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, case, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.billing.accounts.model import FUND_KINDS, PARTNER_KINDS
from services.billing.days import start_of_day
from services.billing.ledger.chart import AccountKind
from services.billing.ledger.model import Account, Entry, Transfer
from services.billing.statements.model import Direction, codes_of
from services.billing.top_ups.model import TopUp
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.paging import Page, keyset

_Other = aliased(Account, name="other")
_OF_OTHER = frozenset({"customer_id", "indirect_partner_id"})
_OF_TOP_UP = frozenset({"top_up_id", "channel"})
_OF_TRANSFER = _OF_OTHER | _OF_TOP_UP | {"transaction_id", "code", "trade_detail"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEntryFilter:
    """What lines are narrowed by; None and empty narrow nothing."""

    trade_date_from: date
    trade_date_to: date | None = None
    trade_types: Sequence[str] = ()
    direction: str | None = None
    transaction_id: UUID | None = None
    channel: str | None = None
    # Lines that came later stay out.
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Of:
    """Whose lines: those of one account, or of a holder's accounts of a kind."""

    account_id: UUID | None = None
    holder_id: UUID | None = None
    kind: AccountKind | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        if self.account_id is not None:
            return [Account.id == self.account_id, Account.kind.in_(FUND_KINDS)]
        return [Account.holder_id == self.holder_id, Account.kind == self.kind]


async def list_page(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    of: Of,
    narrowed: StatementEntryFilter,
    page: Page,
) -> Sequence[Sequence[Any]]:
    """Give one row more than the page has, if there are any; rows end with their place."""
    return await fetch(session, listed(scope, columns, of, narrowed, page=page))


def listed(
    scope: Scope, columns: Sequence[str], of: Of, narrowed: StatementEntryFilter, *, page: Page
) -> Select[Any]:
    """Give the statement of a page of a list.

    A partner has few accounts of a kind: each gives its first lines, and these are merged.
    """
    lines = _lines(scope, columns, narrowed, page=page).lateral("lines")
    return (
        select(*lines.c)
        .select_from(Account)
        .join(lines, true())
        .where(*scope.covers(Account, customer=Account.holder_id), *of.conditions())
        .order_by(*(lines.c[name].desc() for name in _PLACE))
        .limit(page.size + 1)
    )


async def batch_list_by_account(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    account_ids: Sequence[UUID],
    narrowed: StatementEntryFilter,
    page: Page,
) -> dict[UUID, list[Sequence[Any]]]:
    """Give each account's newest lines, one row more than the page has, by one statement."""
    asked = (
        func.unnest(literal(list(account_ids), ARRAY(Uuid())))
        .table_valued("account_id", name="asked")
        .render_derived()
    )
    lines = _lines(scope, columns, narrowed, page=page).lateral("lines")
    statement = (
        select(*lines.c)
        .select_from(asked.join(Account, Account.id == asked.c.account_id).join(lines, true()))
        .where(*scope.covers(Account, customer=Account.holder_id), Account.kind.in_(FUND_KINDS))
        .order_by(*(lines.c[name].desc() for name in _PLACE))
    )
    groups: dict[UUID, list[Sequence[Any]]] = {one: [] for one in account_ids}
    for row in await fetch(session, statement):
        groups[row[-1]].append(row)
    return groups


_PLACE = ("sort_time", "sort_version", "row_id")


def _lines(
    scope: Scope, columns: Sequence[str], narrowed: StatementEntryFilter, *, page: Page
) -> Select[Any]:
    """Give the lines of the account of the statement around this one."""
    computed = {
        "unit": Account.unit,
        "account_kind": Account.kind,
        "transaction_id": func.coalesce(Transfer.group_id, Transfer.id),
        "code": Transfer.code,
        "trade_detail": Transfer.trade_detail,
        "customer_id": case((_Other.kind.not_in(PARTNER_KINDS), _Other.holder_id)),
        "indirect_partner_id": case((_is_reseller(), _Other.holder_id)),
        "top_up_id": TopUp.id,
        "channel": TopUp.channel,
    }
    statement = (
        select(*selected(Entry, columns, **computed))
        .add_columns(
            Entry.create_time.label("sort_time"),
            Entry.version.label("sort_version"),
            Entry.account_id.label("row_id"),
        )
        .select_from(Entry)
        .where(
            *scope.covers(Entry, customer=Account.holder_id),
            Entry.tenant_id == Account.tenant_id,
            Entry.account_id == Account.id,
            Entry.create_time >= start_of_day(narrowed.trade_date_from),
        )
        .correlate(Account)
    )
    statement = _joined(statement, set(columns), narrowed)
    return keyset(
        _narrow(statement, narrowed),
        sort=[(Entry.create_time, "desc"), (Entry.version, "desc"), (Entry.account_id, "desc")],
        page=page,
    )


def _is_reseller() -> ColumnElement[bool]:
    """Say in SQL that a partner below the root is on the other side."""
    return (
        _Other.kind.in_(PARTNER_KINDS)
        & (_Other.holder_id != _Other.tenant_id)
        & (_Other.holder_id != Account.holder_id)
    )


def _joined(
    statement: Select[Any], columns: set[str], narrowed: StatementEntryFilter
) -> Select[Any]:
    """Join the transfer, what is on its other side, and the top-up, where somebody asks for it."""
    has_top_up = not _OF_TOP_UP.isdisjoint(columns) or narrowed.channel is not None
    of_transfer = narrowed.trade_types or narrowed.transaction_id is not None or has_top_up
    if not of_transfer and _OF_TRANSFER.isdisjoint(columns):
        return statement
    statement = statement.join(
        Transfer, (Transfer.tenant_id == Entry.tenant_id) & (Transfer.id == Entry.transfer_id)
    )
    if not _OF_OTHER.isdisjoint(columns):
        other = case(
            (Entry.amount < 0, Transfer.credit_account_id), else_=Transfer.debit_account_id
        )
        statement = statement.outerjoin(
            _Other,
            (_Other.tenant_id == Entry.tenant_id)
            & (_Other.id == other)
            # The platform's counterparts are nobody.
            & _Other.kind.in_(FUND_KINDS),
        )
    if has_top_up:
        statement = statement.outerjoin(
            TopUp,
            (TopUp.tenant_id == Transfer.tenant_id) & (TopUp.transaction_id == Transfer.group_id),
        )
    return statement


def _narrow(statement: Select[Any], narrowed: StatementEntryFilter) -> Select[Any]:
    if narrowed.trade_date_to is not None:
        statement = statement.where(Entry.create_time < start_of_day(narrowed.trade_date_to))
    if narrowed.as_of is not None:
        statement = statement.where(Entry.create_time <= narrowed.as_of)
    if narrowed.trade_types:
        statement = statement.where(Transfer.code.in_(codes_of(narrowed.trade_types)))
    if narrowed.direction is not None:
        is_income = narrowed.direction == Direction.INCOME
        statement = statement.where(Entry.amount > 0 if is_income else Entry.amount < 0)
    if narrowed.transaction_id is not None:
        statement = statement.where(
            func.coalesce(Transfer.group_id, Transfer.id) == narrowed.transaction_id
        )
    if narrowed.channel is not None:
        statement = statement.where(TopUp.channel == narrowed.channel)
    return statement
