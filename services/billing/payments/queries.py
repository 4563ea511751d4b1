"""Reads payments, and what payments are made of, inside the scope of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Uuid,
    func,
    literal,
    null,
    select,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger.chart import AccountKind
from services.billing.ledger.model import Account
from services.billing.payments.model import (
    Payment,
    PaymentKind,
    PaymentState,
)
from services.billing.payments.orders import Payer
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, keyset

_OF_PAYMENTS: Final = (
    AccountKind.PARTNER_CASH,
    AccountKind.CUSTOMER_CASH,
    AccountKind.RECEIVABLE,
    AccountKind.REVENUE,
    AccountKind.PARTNER_CREDIT,
    AccountKind.CUSTOMER_CREDIT,
    AccountKind.CREDIT_USED,
    AccountKind.VQ_USED,
)


class PaymentOrder(StrEnum):
    CREATE_TIME_DESC = "CREATE_TIME_DESC"
    CREATE_TIME_ASC = "CREATE_TIME_ASC"


_DIRECTIONS: Final[dict[str, Direction]] = {
    PaymentOrder.CREATE_TIME_DESC: "desc",
    PaymentOrder.CREATE_TIME_ASC: "asc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """What a list is narrowed by; None and empty narrow nothing."""

    customer_id: UUID | None = None
    order_number: str | None = None
    kinds: Sequence[str] = ()
    states: Sequence[str] = ()
    payer: str | None = None
    billing_cycle: date | None = None
    create_time: tuple[datetime | None, datetime | None] = (None, None)
    indirect_partner_id: UUID | None = None


async def batch_get(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    ids: Sequence[UUID],
    now: datetime,
) -> list[Sequence[Any]]:
    """Give those in scope in the order of the ids; behind its columns, a row has its id."""
    statement = _shown(scope, columns, now=literal(now)).add_columns(Payment.id.label("row_id"))
    rows = await fetch(session, statement.where(Payment.id.in_(ids)))
    found = {row[-1]: row for row in rows}
    return [found[one] for one in ids if one in found]


async def list_page(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: PaymentFilter,
    order_by: str,
    page: Page,
    now: datetime,
) -> Sequence[Sequence[Any]]:
    """Give one row more than the page has, if there are any; rows end with their place."""
    statement = listed(scope, columns, narrowed, order_by=order_by, page=page, now=now)
    return await fetch(session, statement)


async def batch_list_by_customer(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    customer_ids: Sequence[UUID],
    narrowed: PaymentFilter,
    order_by: str,
    page: Page,
    now: datetime,
) -> dict[UUID, list[Sequence[Any]]]:
    """Give each customer's first payments, one row more than the page has, by one statement.

    Rows end with whose they are and their place.
    """
    asked = (
        func.unnest(literal(list(customer_ids), ARRAY(Uuid())))
        .table_valued("customer_id", with_ordinality="n", name="asked")
        .render_derived()
    )
    firsts = (
        listed(scope, columns, narrowed, order_by=order_by, page=page, now=now)
        .where(Payment.customer_id == asked.c.customer_id)
        .correlate(asked)
        .lateral("firsts")
    )
    *chosen, sort_value, row_id = firsts.c
    is_ascending = _DIRECTIONS[order_by] == "asc"
    order = [key.asc() if is_ascending else key.desc() for key in (sort_value, row_id)]
    statement = (
        select(*chosen, asked.c.customer_id.label("parent_id"), sort_value, row_id)
        .select_from(asked.join(firsts, true()))
        .order_by(asked.c.n, *order)
    )
    groups: dict[UUID, list[Sequence[Any]]] = {one: [] for one in customer_ids}
    for row in await fetch(session, statement):
        groups[row[-3]].append(row)
    return groups


async def get_for_update(
    session: AsyncSession, *, scope: Scope, payment_id: UUID
) -> Payment | None:
    statement = select(Payment).where(*_covered(scope), Payment.id == payment_id)
    return await session.scalar(statement.with_for_update())


async def list_held_for_update(
    session: AsyncSession, *, scope: Scope, customer_id: UUID, now: datetime
) -> list[Payment]:
    """Give payments for which something of what a customer has is set aside."""
    statement = select(Payment).where(
        *_covered(scope),
        Payment.customer_id == customer_id,
        Payment.payer == Payer.CUSTOMER,
        Payment.state == PaymentState.HELD,
        Payment.expire_time > now,
    )
    return list(await session.scalars(statement.order_by(Payment.id).with_for_update()))


async def list_lapsed_for_update(
    session: AsyncSession,
    *,
    scope: Scope,
    now: datetime,
    at_most: int,
    of: tuple[UUID, str] | None = None,
) -> list[Payment]:
    """Give held payments whose time is up, all or those of a customer's order."""
    statement = select(Payment).where(
        *_covered(scope), Payment.state == PaymentState.HELD, Payment.expire_time <= now
    )
    if of is not None:
        statement = statement.where(
            tuple_(Payment.customer_id, Payment.order_number) == tuple_(*of)
        )
    due = statement.order_by(Payment.expire_time).limit(at_most)
    return list(await session.scalars(due.with_for_update(skip_locked=of is None)))


async def count_returns(
    session: AsyncSession, *, scope: Scope, customer_id: UUID, since: datetime
) -> int:
    """Count the lines of a customer whose refunds returned all coupons, from a time on."""
    lines = func.coalesce(func.sum(func.jsonb_array_length(Payment.lines)), 0)
    statement = select(lines).where(
        *_covered(scope),
        Payment.customer_id == customer_id,
        Payment.kind == PaymentKind.REFUND,
        Payment.returns_coupons,
        Payment.create_time >= since,
    )
    return int(await session.scalar(statement) or 0)


async def list_accounts(
    session: AsyncSession, *, scope: Scope, holder_ids: Sequence[UUID]
) -> Sequence[Sequence[Any]]:
    """Give id, holder, kind, unit and what is left of the holders' accounts that payments touch."""
    left = Account.credits_posted - Account.debits_posted - Account.debits_pending
    columns: list[Any] = [Account.id, Account.holder_id, Account.kind, Account.unit, left]
    statement = select(*columns).where(
        *scope.covers(Account, account_manager=null(), customer=Account.holder_id),
        Account.holder_id == func.any(literal(list(holder_ids), ARRAY(Uuid()))),
        Account.kind.in_(_OF_PAYMENTS),
    )
    return await fetch(session, statement)


def _covered(scope: Scope) -> list[Any]:
    clauses = scope.covers(Payment, account_manager=null())
    if scope.customer_id is not None:
        # What the partner paid for a customer is the partner's.
        clauses.append(Payment.payer == Payer.CUSTOMER)
    return clauses


def _shown(scope: Scope, columns: Sequence[str], *, now: ColumnElement[datetime]) -> Select[Any]:
    shown = selected(Payment, columns, shown_state=Payment.shown_state(now))
    return select(*shown).select_from(Payment).where(*_covered(scope))


def listed(
    scope: Scope,
    columns: Sequence[str],
    narrowed: PaymentFilter,
    *,
    order_by: str,
    page: Page,
    now: datetime,
) -> Select[Any]:
    """Give the statement of a page of a list."""
    statement = _shown(scope, columns, now=literal(now)).add_columns(
        Payment.create_time.label("sort_value"), Payment.id.label("row_id")
    )
    direction = _DIRECTIONS[order_by]
    return keyset(
        _narrow(statement, narrowed, now=now),
        sort=[(Payment.create_time, direction), (Payment.id, direction)],
        page=page,
    )


def _narrow(statement: Select[Any], narrowed: PaymentFilter, *, now: datetime) -> Select[Any]:
    for column, value in (
        (Payment.customer_id, narrowed.customer_id),
        (Payment.order_number, narrowed.order_number),
        (Payment.payer, narrowed.payer),
        (Payment.billing_cycle, narrowed.billing_cycle),
        (Payment.partner_id, narrowed.indirect_partner_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if narrowed.kinds:
        statement = statement.where(Payment.kind.in_(narrowed.kinds))
    if narrowed.states:
        statement = statement.where(Payment.shown_state(literal(now)).in_(narrowed.states))
    begin, end = narrowed.create_time
    if begin is not None:
        statement = statement.where(Payment.create_time >= begin)
    if end is not None:
        statement = statement.where(Payment.create_time < end)
    return statement
