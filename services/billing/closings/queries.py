"""Reads closings, and what still holds a customer's money, inside the scope of who asks."""

from typing import Final
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.closings.model import Closing
from services.billing.ledger import queries as ledger
from services.billing.ledger.chart import AccountKind, Phase
from services.billing.ledger.model import Account, Transfer
from services.billing.vouchers.model import Voucher
from services.kit.identity import Scope

# What can be given. What a customer owes or has used of its credit stays open: spending and
# repaying, which empty the others, end there.
_GIVEN: Final = (AccountKind.CUSTOMER_CASH, AccountKind.CUSTOMER_CREDIT, AccountKind.VOUCHER)


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
    """Give the ids of the accounts that a customer is given something in, and of its vouchers."""
    return list(await session.scalars(_accounts(scope, customer_id)))


async def list_holds(session: AsyncSession, *, scope: Scope, customer_id: UUID) -> list[Transfer]:
    """Give what is set aside out of a customer's accounts and vouchers, and has not expired."""
    accounts = _accounts(scope, customer_id).where(Account.debits_pending > 0)
    statement = ledger.unresolved(select(Transfer)).where(
        *scope.covers(Transfer),
        Transfer.phase == Phase.PENDING,
        Transfer.debit_account_id.in_(accounts),
        or_(Transfer.expire_time.is_(None), Transfer.expire_time > func.ledger_clock()),
    )
    return list(await session.scalars(statement))


def _accounts(scope: Scope, customer_id: UUID) -> Select[UUID]:
    vouchers = select(Voucher.id).where(*scope.covers(Voucher), Voucher.customer_id == customer_id)
    return select(Account.id).where(
        *scope.covers(Account),
        Account.kind.in_(_GIVEN),
        or_(Account.holder_id == customer_id, Account.holder_id.in_(vouchers)),
    )
