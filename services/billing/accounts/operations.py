"""Opens fund accounts in the one currency of a tenant."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import CurrencyMismatch, Holder, TenantCurrency
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, Unit
from services.billing.ledger.model import Account, NewAccount


async def open_cash(
    session: AsyncSession, *, tenant_id: UUID, holder: Holder, currency_code: str
) -> UUID:
    """Give the holder's cash account; open it where there is none.

    :raises CurrencyMismatch:
    """
    new = NewAccount(
        holder_id=holder.id,
        kind=holder.cash,
        unit=Unit.cash(currency_code),
        partner_id=holder.partner_id,
    )
    return await _open(session, tenant_id=tenant_id, new=new)


async def open_designated(
    session: AsyncSession, *, tenant_id: UUID, partner_id: UUID, currency_code: str
) -> UUID:
    """Give a partner's account of cash for stated uses; open it where there is none.

    :raises CurrencyMismatch:
    """
    new = NewAccount(
        holder_id=partner_id,
        kind=AccountKind.PARTNER_CASH_DESIGNATED,
        unit=Unit.cash(currency_code),
        partner_id=partner_id,
    )
    return await _open(session, tenant_id=tenant_id, new=new)


async def open_credit(
    session: AsyncSession,
    *,
    tenant_id: UUID,
    holder: Holder,
    currency_code: str,
    expire_date: date | None,
) -> UUID:
    """Give the holder's lot of credit that expires on a day, or never; open it where there is none.

    :raises CurrencyMismatch:
    """
    new = NewAccount(
        holder_id=holder.id,
        kind=holder.credit,
        unit=Unit.credit(currency_code, expire_date=expire_date),
        partner_id=holder.partner_id,
    )
    return await _open(session, tenant_id=tenant_id, new=new)


async def open_platform(
    session: AsyncSession, *, tenant_id: UUID, kind: AccountKind, unit: Unit
) -> UUID:
    """Give the platform's counterpart in a tenant; open it where there is none.

    A reseller's transaction neither sees it nor may open it.

    :raises CurrencyMismatch:
    """
    new = NewAccount(holder_id=tenant_id, kind=kind, unit=unit, partner_id=None)
    return await _open(session, tenant_id=tenant_id, new=new)


async def refuse_other_currency(
    session: AsyncSession, *, tenant_id: UUID, currency_code: str
) -> None:
    """Let a tenant's money be of one currency: that of its first.

    :raises CurrencyMismatch:
    """
    known = select(TenantCurrency.currency_code).where(TenantCurrency.tenant_id == tenant_id)
    its_own = await session.scalar(known)
    if its_own is None:
        first = insert(TenantCurrency).values(tenant_id=tenant_id, currency_code=currency_code)
        await session.execute(first.on_conflict_do_nothing())
        # Somebody else's first money may have been a moment earlier.
        its_own = await session.scalar(known)
    if its_own != currency_code:
        raise CurrencyMismatch(
            f"all money here is {its_own}", currency_code=str(its_own), given=currency_code
        )


async def _open(session: AsyncSession, *, tenant_id: UUID, new: NewAccount) -> UUID:
    # An account that is there has the right currency, and nearly all are: one statement will do.
    found = await session.scalar(
        select(Account.id).where(
            Account.tenant_id == tenant_id,
            Account.holder_id == new.holder_id,
            Account.kind == new.kind,
            Account.unit == str(new.unit),
        )
    )
    if found is not None:
        return found
    await refuse_other_currency(session, tenant_id=tenant_id, currency_code=new.unit.currency_code)
    (opened,) = await ledger.open_accounts(session, tenant_id=tenant_id, accounts=[new])
    return opened
