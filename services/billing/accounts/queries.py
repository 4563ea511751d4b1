"""Reads fund accounts with their balances, inside the scope of who asks."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import CASH_KINDS, CREDIT_KINDS
from services.billing.ledger.model import Account
from services.kit.identity import Scope


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
        .order_by(Account.unit.collate("C"))
    )
    return list(await session.scalars(statement))


def _held_by(holder_id: UUID, *, scope: Scope) -> Select[Account]:
    return (
        select(Account)
        .where(*scope.covers(Account, customer=Account.holder_id), Account.holder_id == holder_id)
        # Balances were moved behind the session's back.
        .execution_options(populate_existing=True)
    )
