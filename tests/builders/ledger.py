"""A ledger of one new tenant, for tests: accounts by kind, postings by whole numbers of cents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from partner_center.verification import invariants_in
from services.billing.ledger import operations, queries
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.billing.ledger.model import Account, NewAccount, Posting
from services.kit.database import Database
from services.kit.identity import Principal
from services.kit.ids import new_id
from services.kit.money import Money
from tests.builders.principals import a_system

YUAN = Unit.cash("CNY")
PROMISED = {
    name: query
    for slice_, queries in invariants_in("billing").items()
    if slice_.endswith(("/ledger", "/voucher_operations", "/voucher_quotas", "/vouchers"))
    for name, query in queries.items()
}


class TenantLedger:
    """Speaks to the ledger as a service's own jobs do, each word a transaction."""

    def __init__(self, database: Database, tenant_id: UUID | None = None) -> None:
        self.database = database
        self.tenant_id = tenant_id or new_id()

    @property
    def principal(self) -> Principal:
        return a_system(self.tenant_id, workload="billing")

    @asynccontextmanager
    async def transaction(self, *, now: datetime | None = None) -> AsyncIterator[AsyncSession]:
        """Open a transaction, at another time than the database's if one is given."""
        async with self.database.transaction(self.principal) as session:
            if now is not None:
                setting = text("SELECT set_config('app.now', :now, true)")
                await session.execute(setting, {"now": now.isoformat()})
            yield session

    async def open(
        self,
        kind: AccountKind = AccountKind.CUSTOMER_CASH,
        *,
        unit: Unit = YUAN,
        partner_id: UUID | None = None,
        filled_with: int = 0,
    ) -> UUID:
        """Open an account of a new holder, with something in it if asked."""
        new = NewAccount(holder_id=new_id(), kind=kind, unit=unit, partner_id=partner_id)
        async with self.transaction() as session:
            (account,) = await operations.open_accounts(
                session, tenant_id=self.tenant_id, accounts=[new]
            )
        if filled_with:
            source = await self.open(AccountKind.CASH_CLEARING, unit=unit)
            await self.post(source, account, filled_with, unit=unit)
        return account

    def posting(
        self,
        debit: UUID,
        credit: UUID,
        cents: int,
        *,
        transfer_id: UUID | None = None,
        unit: Unit = YUAN,
        code: TransferCode = TransferCode.ADJUST,
    ) -> Posting:
        return Posting(
            id=transfer_id or new_id(),
            code=code,
            debit_account_id=debit,
            credit_account_id=credit,
            amount=unit.money(cents),
            unit=unit,
        )

    async def post(self, debit: UUID, credit: UUID, cents: int, **said: Any) -> bool:
        async with self.transaction() as session:
            return await operations.post(
                session, posting=self.posting(debit, credit, cents, **said)
            )

    async def reserve(
        self,
        debit: UUID,
        credit: UUID,
        cents: int,
        *,
        unit: Unit = YUAN,
        expire_time: datetime | None = None,
    ) -> UUID:
        """Set an amount aside and give the pending transfer's id."""
        posting = self.posting(debit, credit, cents, unit=unit, code=TransferCode.ORDER_HOLD)
        async with self.transaction() as session:
            await operations.reserve(session, posting=posting, expire_time=expire_time)
        return posting.id

    async def account(self, account_id: UUID) -> Account:
        async with self.transaction() as session:
            (account,) = await queries.batch_get(
                session, scope=self.principal.scope, ids=[account_id]
            )
        return account

    async def cents(self, account_id: UUID) -> int:
        """Give what is left for spending."""
        return (await self.account(account_id)).available.to_minor_units(exponent=2)

    async def violations(self) -> dict[str, list[Any]]:
        """Give every row of this tenant where what the ledger and vouchers promise does not hold.

        What is posted here has no documents, which other slices would miss.
        """
        async with self.transaction() as session:
            return {
                name: rows
                for name, query in PROMISED.items()
                if (rows := list(await session.execute(text(query))))
            }


def yuan(cents: int) -> Money:
    return YUAN.money(cents)
