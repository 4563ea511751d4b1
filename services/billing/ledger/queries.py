"""Reads accounts and transfers, inside the scope of who asks."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.billing.ledger.chart import AccountKind
from services.billing.ledger.model import Account, Transfer
from services.kit.identity import Scope


async def batch_get(session: AsyncSession, *, scope: Scope, ids: Sequence[UUID]) -> list[Account]:
    """Give the accounts found, with the balances they have now."""
    statement = select(Account).where(*scope.covers(Account), Account.id.in_(ids))
    # Balances were moved behind the session's back.
    fresh = statement.execution_options(populate_existing=True)
    found = {account.id: account for account in await session.scalars(fresh)}
    return [found[one] for one in ids if one in found]


async def lock(session: AsyncSession, *, scope: Scope, ids: Sequence[UUID]) -> None:
    """Let nobody else move accounts until the transaction ends; read them in a later statement.

    In the order in which the ledger's functions lock them, so that nobody waits in a circle.
    """
    await session.execute(
        select(Account.id)
        .where(*scope.covers(Account), Account.id.in_(ids))
        .order_by(Account.tenant_id, Account.id)
        .with_for_update(key_share=True)
    )


async def list_by_holder(
    session: AsyncSession, *, scope: Scope, holder_id: UUID, kinds: Sequence[AccountKind]
) -> list[Account]:
    statement = (
        select(Account)
        .where(*scope.covers(Account), Account.holder_id == holder_id, Account.kind.in_(kinds))
        .order_by(Account.kind, Account.unit)
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(statement))


async def list_due(session: AsyncSession, *, scope: Scope, at_most: int) -> list[Transfer]:
    """Give pending transfers that have expired by the database's clock and are not resolved."""
    statement = (
        unresolved(select(Transfer))
        .where(*scope.covers(Transfer), Transfer.expire_time <= func.ledger_clock())
        .order_by(Transfer.expire_time)
        .limit(at_most)
    )
    return list(await session.scalars(statement))


def unresolved(statement: Select[Any]) -> Select[Any]:
    """Narrow a query on transfers to those that nothing resolved."""
    resolution = aliased(Transfer)
    same = (resolution.tenant_id == Transfer.tenant_id) & (resolution.pending_id == Transfer.id)
    return statement.outerjoin(resolution, same).where(resolution.id.is_(None))
