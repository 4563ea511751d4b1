"""Moves on what is left of quotas from which nothing can be issued any more.

Of an expired one it is lost; of one that was taken back from a reseller it returns to the quota
above, as do amounts that vouchers out of it bring back later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, TransferCode
from services.billing.ledger.model import NewAccount, Posting, transfer_id
from services.billing.voucher_operations import operations as records
from services.billing.voucher_operations.model import About, Occasion, VoucherOperationType
from services.billing.voucher_quotas import locked, queries
from services.billing.voucher_quotas.locked import LockedQuota
from services.billing.voucher_quotas.model import VoucherQuota
from services.kit.identity import Scope


@dataclass(frozen=True, slots=True)
class _Going:
    """What is left of a quota, and the transfer that moves it on."""

    rest: LockedQuota
    transfer_id: UUID


async def settle_voucher_quotas(
    session: AsyncSession, *, scope: Scope, operator: str, now: datetime, at_most: int
) -> int:
    """Move on what is due, and give of how many quotas."""
    due = await locked.list_due_for_update(session, scope=scope, now=now, at_most=at_most)
    going = [
        _Going(
            one,
            transfer_id(
                scope.tenant_id,
                method="settle_voucher_quotas",
                request_id=f"{one.quota.id}:{one.version}",
            ),
        )
        for one in due
        if one.balance.amount
    ]
    lost = [one for one in going if one.rest.quota.expire_time <= now]
    postings = await _losing(session, scope=scope, lost=lost)
    returning = [one for one in going if one.rest.quota.expire_time > now]
    postings += await _returning(session, scope=scope, returning=returning)
    occasion = Occasion(
        operation_type=VoucherOperationType.RECLAIM_SUB_QUOTA, operator=operator, now=now
    )
    for one in returning:
        _note_returned(session, occasion=occasion, one=one)
    for settled in due:
        settled.quota.due_time = None
    await session.flush()
    if postings:
        await ledger.post_group(session, group_id=going[0].transfer_id, postings=postings)
    return len(due)


async def _losing(session: AsyncSession, *, scope: Scope, lost: Sequence[_Going]) -> list[Posting]:
    if not lost:
        return []
    accounts = await ledger.open_accounts(
        session,
        tenant_id=scope.tenant_id,
        accounts=[
            NewAccount(
                holder_id=scope.tenant_id,
                kind=AccountKind.VQ_EXPIRED,
                unit=one.rest.quota.unit,
                partner_id=None,
            )
            for one in lost
        ],
    )
    return [
        _posting(one, TransferCode.VQ_EXPIRE, credit_account_id=account_id)
        for one, account_id in zip(lost, accounts, strict=True)
    ]


async def _returning(
    session: AsyncSession, *, scope: Scope, returning: Sequence[_Going]
) -> list[Posting]:
    # Not locked: who takes a part back locks the quota above it first, and it only gains.
    accounts = await queries.accounts_of(
        session, scope=scope, quota_ids={_parent(one.rest.quota) for one in returning}
    )
    return [
        _posting(
            one, TransferCode.VQ_UNDELEGATE, credit_account_id=accounts[_parent(one.rest.quota)]
        )
        for one in returning
    ]


def _note_returned(session: AsyncSession, *, occasion: Occasion, one: _Going) -> None:
    quota = one.rest.quota
    about = About(
        tenant_id=quota.tenant_id,
        # Only a distributor has resellers, and its id is the tenant's.
        partner_id=quota.tenant_id,
        quota_id=_parent(quota),
        sub_quota_id=quota.id,
        indirect_partner_id=quota.partner_id,
    )
    records.note_done(
        session,
        occasion=occasion,
        about=about,
        amount=one.rest.balance,
        transaction_id=one.transfer_id,
    )


def _parent(quota: VoucherQuota) -> UUID:
    assert quota.parent_quota_id is not None, "only a part of a quota is taken back"
    return quota.parent_quota_id


def _posting(going: _Going, code: TransferCode, *, credit_account_id: UUID) -> Posting:
    return Posting(
        id=going.transfer_id,
        code=code,
        debit_account_id=going.rest.quota.account_id,
        credit_account_id=credit_account_id,
        amount=going.rest.balance,
        unit=going.rest.quota.unit,
    )
