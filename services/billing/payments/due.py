"""Finds what is due: usage that waits, sums that it adds to, debts that can be paid, old holds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Select,
    Uuid,
    func,
    literal,
    literal_column,
    null,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.billing.consumption.model import ConsumptionDetail
from services.billing.ledger.chart import AccountKind
from services.billing.ledger.model import Account
from services.billing.payments.model import Payment, PaymentState, UsageRow, UsageTotal
from services.billing.payments.usage import Usage
from services.kit.fields import fetch, selected
from services.kit.identity import Scope


async def list_waiting_for_update(
    session: AsyncSession, *, scope: Scope, after: tuple[Any, ...] | None, at_most: int
) -> list[Usage]:
    """Give usage that nobody else is charging, customer by customer, from behind a place on."""
    place = (UsageRow.customer_id, UsageRow.billing_cycle, UsageRow.consume_time, UsageRow.id)
    is_charged = (
        select(ConsumptionDetail.id)
        .where(
            ConsumptionDetail.tenant_id == UsageRow.tenant_id,
            ConsumptionDetail.billing_cycle == UsageRow.billing_cycle,
            ConsumptionDetail.id == UsageRow.id,
        )
        .exists()
    )
    computed = {
        "rated": UsageRow.list_amount - UsageRow.discount_amount,
        "is_charged": is_charged,
    }
    statement = select(*selected(UsageRow, Usage._fields, **computed)).where(
        *scope.covers(UsageRow, account_manager=null())
    )
    if after is not None:
        here = tuple_(*after, types=[column.type for column in place])
        statement = statement.where(tuple_(*place) > here)
    due = statement.order_by(*place).limit(at_most)
    rows = await session.execute(due.with_for_update(of=UsageRow, skip_locked=True))
    return [Usage._make(row) for row in rows]


async def list_totals_for_update(
    session: AsyncSession, *, scope: Scope, customer_ids: Sequence[UUID]
) -> list[UsageTotal]:
    """Give what usage of customers and months came to; two runs wait for each other here."""
    statement = (
        select(UsageTotal)
        .where(
            *scope.covers(UsageTotal, account_manager=null()),
            UsageTotal.customer_id == func.any(literal(list(customer_ids), ARRAY(Uuid()))),
        )
        .order_by(UsageTotal.customer_id, UsageTotal.billing_cycle, UsageTotal.currency_code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(statement))


async def list_debtors(
    session: AsyncSession, *, scope: Scope, at_most: int
) -> Sequence[Sequence[Any]]:
    """Give customers who owe something and have something: id, partner, currency unit."""
    statement = _debtors(scope.covers(Account, account_manager=null()))
    return await fetch(session, statement.limit(at_most))


async def list_due_tenants(session: AsyncSession, *, now: datetime) -> list[UUID]:
    """Give the tenants with usage that waits, debts that can be paid, or holds whose time is up."""
    # From tenant to tenant in the index: a long queue of one is not read.
    one = select(UsageRow.tenant_id).order_by(UsageRow.tenant_id).limit(1)
    waiting = select(one.scalar_subquery().label("tenant_id")).cte("waiting", recursive=True)
    following = one.where(UsageRow.tenant_id > waiting.c.tenant_id)
    waiting = waiting.union_all(
        select(following.scalar_subquery()).where(waiting.c.tenant_id.is_not(None))
    )
    lapsed = select(Payment.tenant_id).where(
        Payment.state == PaymentState.HELD, Payment.expire_time <= now
    )
    owing = _debtors([]).with_only_columns(Account.tenant_id)
    due = select(waiting.c.tenant_id).where(waiting.c.tenant_id.is_not(None))
    return list(await session.scalars(due.union(lapsed, owing)))


def _debtors(covered: Sequence[Any]) -> Select[Any]:
    purse = aliased(Account)
    left = purse.credits_posted - purse.debits_posted - purse.debits_pending
    has_something = (
        select(purse.id)
        .where(
            purse.tenant_id == Account.tenant_id,
            purse.holder_id == Account.holder_id,
            purse.kind.in_((AccountKind.CUSTOMER_CASH, AccountKind.CUSTOMER_CREDIT)),
            left > 0,
        )
        .exists()
    )
    columns: list[Any] = [Account.holder_id, Account.partner_id, Account.unit]
    return select(*columns).where(
        *covered,
        Account.kind == literal_column(str(AccountKind.RECEIVABLE.value)),
        Account.debits_posted > Account.credits_posted,
        has_something,
    )
