"""Reads closings, and what still holds a customer's money, inside the scope of who asks."""

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.closings.model import Closing
from services.billing.ledger import queries as ledger
from services.billing.ledger.chart import Phase
from services.billing.ledger.model import Account, Transfer
from services.billing.vouchers.model import Voucher
from services.kit.identity import Scope


async def get_for_update(
    session: AsyncSession, *, scope: Scope, customer_id: UUID
) -> Closing | None:
    statement = (
        select(Closing)
        .where(*scope.covers(Closing), Closing.customer_id == customer_id)
        .with_for_update()
    )
    return await session.scalar(statement)


async def list_accounts(session: AsyncSession, *, scope: Scope, customer_id: UUID) -> list[UUID]:
    """Give the ids of all accounts of a customer's."""
    statement = select(Account.id).where(*scope.covers(Account), Account.holder_id == customer_id)
    return list(await session.scalars(statement))


async def list_holds(session: AsyncSession, *, scope: Scope, customer_id: UUID) -> list[Transfer]:
    """Give what is set aside out of a customer's accounts and vouchers."""
    vouchers = select(Voucher.id).where(*scope.covers(Voucher), Voucher.customer_id == customer_id)
    accounts = select(Account.id).where(
        *scope.covers(Account),
        Account.debits_pending > 0,
        or_(Account.holder_id == customer_id, Account.holder_id.in_(vouchers)),
    )
    statement = ledger.unresolved(select(Transfer)).where(
        *scope.covers(Transfer),
        Transfer.phase == Phase.PENDING,
        Transfer.debit_account_id.in_(accounts),
    )
    return list(await session.scalars(statement))
