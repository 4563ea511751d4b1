"""Quotas that nobody else moves meanwhile, with what is left of them.

Everything that moves a quota's account locks the quota first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.billing.ledger.model import Account
from services.billing.voucher_quotas.model import QuotaInsufficient, VoucherQuota
from services.kit.identity import Scope
from services.kit.money import Money, decimal_text

AVAILABLE_UNITS: Final = Account.credits_posted - Account.debits_posted - Account.debits_pending
ITS_ACCOUNT: Final = (Account.tenant_id == VoucherQuota.tenant_id) & (
    Account.id == VoucherQuota.account_id
)


@dataclass(frozen=True, slots=True)
class LockedQuota:
    """A quota that nobody else moves, with what is left of it."""

    quota: VoucherQuota
    balance: Money
    # How often its account was moved so far.
    version: int

    def refuse_short(self, required: Money) -> None:
        """Let no more be given than is there.

        :raises QuotaInsufficient:
        """
        if self.balance < required:
            raise QuotaInsufficient(
                "the quota is short",
                available=decimal_text(self.balance.amount),
                required=decimal_text(required.amount),
            )


async def get_for_update(
    session: AsyncSession, *, scope: Scope, quota_id: UUID
) -> LockedQuota | None:
    """Give a quota of the caller's own; others who change it or issue from it wait.

    Everything that moves the quota's account takes this lock first.
    """
    mine = (
        *scope.covers(VoucherQuota),
        VoucherQuota.id == quota_id,
        VoucherQuota.partner_id == scope.own_partner_id,
    )
    found = await _locked(session, scope, select(VoucherQuota.id).where(*mine))
    return found[0] if found else None


async def list_for_update(
    session: AsyncSession, *, scope: Scope, quota_ids: Iterable[UUID]
) -> list[LockedQuota]:
    """Give quotas in scope, whosever; others who change them or issue from them wait."""
    return await _locked(
        session,
        scope,
        select(VoucherQuota.id).where(*scope.covers(VoucherQuota), VoucherQuota.id.in_(quota_ids)),
    )


async def list_free_for_update(
    session: AsyncSession, *, scope: Scope, quota_ids: Iterable[UUID]
) -> list[LockedQuota]:
    """Give those quotas in scope that nobody moves now."""
    lock = (
        select(VoucherQuota.id)
        .where(*scope.covers(VoucherQuota), VoucherQuota.id.in_(quota_ids))
        .with_for_update(key_share=True, skip_locked=True)
    )
    return await _read(session, scope, list(await session.scalars(lock)))


async def list_with_parents_for_update(
    session: AsyncSession, *, scope: Scope, quota_ids: Sequence[UUID]
) -> list[LockedQuota]:
    """Give those that are parts of quotas of the caller's own, and these."""
    parent = aliased(VoucherQuota)
    pairs = await session.execute(
        select(VoucherQuota.id, parent.id)
        .join(
            parent,
            (parent.tenant_id == VoucherQuota.tenant_id)
            & (parent.id == VoucherQuota.parent_quota_id),
        )
        .where(
            *scope.covers(VoucherQuota),
            VoucherQuota.id.in_(quota_ids),
            parent.partner_id == scope.own_partner_id,
        )
    )
    ids = {one for pair in pairs for one in pair}
    return await list_for_update(session, scope=scope, quota_ids=ids)


async def list_due_for_update(
    session: AsyncSession, *, scope: Scope, now: datetime, at_most: int
) -> list[LockedQuota]:
    """Give quotas of which something is due to go on, but for those that somebody moves now."""
    statement = (
        select(VoucherQuota.id)
        .where(*scope.covers(VoucherQuota), VoucherQuota.due_time <= now)
        .order_by(VoucherQuota.due_time)
        .limit(at_most)
        .with_for_update(key_share=True, skip_locked=True)
    )
    return await _read(session, scope, list(await session.scalars(statement)))


async def _locked(
    session: AsyncSession, scope: Scope, quota_ids: Select[UUID]
) -> list[LockedQuota]:
    """Lock in the order of ids, so that two who lock many never wait in a circle."""
    lock = quota_ids.order_by(VoucherQuota.id).with_for_update(key_share=True)
    return await _read(session, scope, list(await session.scalars(lock)))


async def _read(
    session: AsyncSession, scope: Scope, quota_ids: Sequence[UUID]
) -> list[LockedQuota]:
    # A statement of its own: behind a lock that was waited for, it sees what the other did.
    statement = (
        select(VoucherQuota, AVAILABLE_UNITS, Account.version)
        .join(Account, ITS_ACCOUNT)
        .where(*scope.covers(VoucherQuota), VoucherQuota.id.in_(quota_ids))
        .execution_options(populate_existing=True)
    )
    rows = await session.execute(statement) if quota_ids else ()
    return [LockedQuota(quota, quota.unit.money(units), version) for quota, units, version in rows]
