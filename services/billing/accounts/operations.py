"""Opens fund accounts in the one currency of a tenant, and notes what partners and platform say."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts import queries
from services.billing.accounts.model import (
    BalanceAlert,
    CurrencyMismatch,
    Holder,
    InvoiceArrears,
    TenantCurrency,
    refuse_odd_amount,
    refuse_odd_receivers,
)
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, Unit
from services.billing.ledger.model import Account, NewAccount
from services.kit.errors import InvalidArgument, NotFound
from services.kit.identity import Scope
from services.kit.money import Money


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
        raise _mismatch(currency_code, its_own=str(its_own))


async def set_balance_alert(
    session: AsyncSession,
    *,
    scope: Scope,
    account_id: UUID,
    threshold: Money | None,
    receivers: Sequence[str],
) -> None:
    """Let receivers hear when an account of the caller's own runs low, or nobody any more.

    :raises NotFound:
    :raises InvalidArgument:
    """
    account = await queries.get_own(session, scope=scope, account_id=account_id)
    if account is None:
        raise NotFound("account not found")
    mine = (
        BalanceAlert.tenant_id == account.tenant_id,
        BalanceAlert.account_id == account.id,
    )
    await session.execute(delete(BalanceAlert).where(*mine))
    if threshold is None:
        if receivers:
            raise InvalidArgument("must be none without a threshold", field="receivers")
        return
    refuse_odd_receivers(receivers)
    session.add(
        BalanceAlert(
            tenant_id=account.tenant_id,
            account_id=account.id,
            partner_id=account.partner_id,
            threshold=_counted(threshold, account=account, field="threshold"),
            receivers=list(receivers),
        )
    )
    await session.flush()


async def set_invoice_arrears(
    session: AsyncSession, *, scope: Scope, partner_id: UUID, amount: Money, now: datetime
) -> UUID:
    """Note how much of a partner's cash was invoiced and not consumed; give the account's id.

    :raises NotFound:
    :raises InvalidArgument, CurrencyMismatch:
    """
    account = await queries.get_cash(session, scope=scope, holder_id=partner_id)
    if account is None or account.kind != AccountKind.PARTNER_CASH:
        raise NotFound("the partner has no cash account")
    noted = insert(InvoiceArrears).values(
        tenant_id=account.tenant_id,
        account_id=account.id,
        partner_id=partner_id,
        amount=_counted(amount, account=account, field="amount"),
        update_time=now,
    )
    changed = {name: noted.excluded[name] for name in ("amount", "update_time")}
    await session.execute(
        noted.on_conflict_do_update(index_elements=["tenant_id", "account_id"], set_=changed)
    )
    return account.id


def _counted(amount: Money, *, account: Account, field: str) -> int:
    """Count an amount that may be zero in the account's smallest unit."""
    unit = Unit.parse(account.unit)
    if amount.currency_code != unit.currency_code:
        raise _mismatch(amount.currency_code, its_own=unit.currency_code)
    if amount.amount != 0:
        refuse_odd_amount(amount, field=field)
    return unit.count(amount)


def _mismatch(given: str, *, its_own: str) -> CurrencyMismatch:
    return CurrencyMismatch(f"all money here is {its_own}", currency_code=its_own, given=given)


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
