"""Vouchers that nobody else moves meanwhile, with what is left of them and where they stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger import queries as ledger
from services.billing.ledger.chart import Unit
from services.billing.ledger.model import Account
from services.billing.voucher_quotas import locked as voucher_quotas
from services.billing.voucher_quotas.locked import LockedQuota
from services.billing.voucher_quotas.model import VoucherQuota
from services.billing.vouchers.model import Voucher
from services.billing.vouchers.shown import BALANCE_UNITS, ITS_ACCOUNT
from services.kit.identity import Scope
from services.kit.money import Money


@dataclass(frozen=True, slots=True)
class LockedVoucher:
    """A voucher and its quota, as they are while both are locked."""

    voucher: Voucher
    quota: VoucherQuota
    state: str
    balance: Money
    is_held: bool
    # How often its account was moved so far.
    version: int


async def list_own_for_update(
    session: AsyncSession, *, scope: Scope, voucher_ids: Sequence[UUID], now: datetime
) -> list[LockedVoucher]:
    """Give those of the named vouchers that the caller's partner issued."""
    is_own = Voucher.partner_id == scope.own_partner_id
    named = _named(scope, Voucher.id.in_(voucher_ids), is_own)
    return await _locked(session, scope, named, now=now)


async def list_of_customer_for_update(
    session: AsyncSession, *, scope: Scope, customer_id: UUID, now: datetime
) -> list[LockedVoucher]:
    """Give a customer's vouchers that have not expired and are not reclaimed."""
    named = _named(
        scope,
        Voucher.customer_id == customer_id,
        Voucher.reclaim_time.is_(None),
        Voucher.expire_time > now,
    )
    return await _locked(session, scope, named, now=now)


async def list_due_for_update(
    session: AsyncSession, *, scope: Scope, now: datetime, at_most: int
) -> list[LockedVoucher]:
    """Give vouchers of which something is due to return, but for those that orders hold.

    What somebody else moves now is left for the next time.
    """
    due = (
        _named(scope, Voucher.due_time <= now, Account.debits_pending == 0)
        .join(Account, ITS_ACCOUNT)
        .order_by(Voucher.due_time)
        .limit(at_most)
    )
    quota_of = await _pairs(session, due)
    quotas = await voucher_quotas.list_free_for_update(
        session, scope=scope, quota_ids=set(quota_of.values())
    )
    lock = (
        select(Voucher.id)
        .where(
            *scope.covers(Voucher),
            Voucher.id.in_(quota_of),
            Voucher.quota_id.in_([one.quota.id for one in quotas]),
            Voucher.due_time <= now,
        )
        .with_for_update(key_share=True, skip_locked=True)
    )
    return await _read(session, scope, await session.scalars(lock), quotas=quotas, now=now)


async def _locked(
    session: AsyncSession, scope: Scope, named: Select[UUID, UUID], *, now: datetime
) -> list[LockedVoucher]:
    """Lock quotas, then vouchers, each in the order of ids: so does whoever moves them."""
    quota_of = await _pairs(session, named)
    quotas = await voucher_quotas.list_for_update(
        session, scope=scope, quota_ids=set(quota_of.values())
    )
    lock = (
        select(Voucher.id)
        .where(*scope.covers(Voucher), Voucher.id.in_(quota_of))
        .order_by(Voucher.id)
        .with_for_update(key_share=True)
    )
    return await _read(session, scope, await session.scalars(lock), quotas=quotas, now=now)


def _named(scope: Scope, *conditions: ColumnElement[bool]) -> Select[UUID, UUID]:
    return select(Voucher.id, Voucher.quota_id).where(*scope.covers(Voucher), *conditions)


async def _pairs(session: AsyncSession, named: Select[UUID, UUID]) -> dict[UUID, UUID]:
    return {pair.id: pair.quota_id for pair in await session.execute(named)}


async def _read(
    session: AsyncSession,
    scope: Scope,
    voucher_ids: Iterable[UUID],
    *,
    quotas: Sequence[LockedQuota],
    now: datetime,
) -> list[LockedVoucher]:
    """Lock the ledger's accounts, and read all in a statement behind that."""
    mine = (*scope.covers(Voucher), Voucher.id.in_(list(voucher_ids)))
    accounts = await session.scalars(select(Voucher.account_id).where(*mine))
    await ledger.lock(session, scope=scope, ids=list(accounts))
    statement = (
        select(
            Voucher,
            Account.unit,
            BALANCE_UNITS,
            Account.debits_pending,
            Account.version,
            Voucher.state_at(literal(now)),
        )
        .join(Account, ITS_ACCOUNT)
        .where(*mine)
        .order_by(Voucher.id)
        .execution_options(populate_existing=True)
    )
    by_id = {one.quota.id: one.quota for one in quotas}
    return [
        LockedVoucher(
            voucher=voucher,
            quota=by_id[voucher.quota_id],
            state=state,
            balance=Unit.parse(unit).money(units),
            is_held=held > 0,
            version=version,
        )
        for voucher, unit, units, held, version, state in await session.execute(statement)
    ]
