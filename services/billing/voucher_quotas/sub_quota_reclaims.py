"""Takes quotas back from resellers (domain.md 6.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import TransferCode
from services.billing.ledger.model import Posting, transfer_id
from services.billing.voucher_operations import operations as records
from services.billing.voucher_operations.model import About, Occasion, VoucherOperationType
from services.billing.voucher_quotas import locked
from services.billing.voucher_quotas.locked import LockedQuota
from services.billing.voucher_quotas.model import (
    QuotaNotFoundOrState,
    VoucherQuota,
    VoucherQuotaState,
    posting_between,
    refuse_long_note,
)
from services.kit.errors import Refusal
from services.kit.identity import Scope
from services.kit.money import Money


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """What came of it for one quota: what was taken, or a refusal."""

    quota_id: UUID
    amount: Money | None
    refusal: Refusal | None


async def reclaim_sub_quotas(
    session: AsyncSession,
    *,
    scope: Scope,
    operator: str,
    request_id: str,
    quota_ids: Sequence[UUID],
    remark: str | None,
    now: datetime,
) -> list[Reclaimed]:
    """Take the whole rest of resellers' quotas back into those that they are parts of."""
    refuse_long_note(remark, field="remark")
    occasion = Occasion(
        operation_type=VoucherOperationType.RECLAIM_SUB_QUOTA,
        operator=operator,
        now=now,
        remark=remark,
    )
    found = await locked.list_with_parents_for_update(session, scope=scope, quota_ids=quota_ids)
    held = {one.quota.id: one for one in found}
    reclaimed: list[Reclaimed] = []
    postings: list[Posting] = []
    for quota_id in quota_ids:
        part = held.get(quota_id)
        parent_id = None if part is None else part.quota.parent_quota_id
        if part is None or parent_id is None:
            reclaimed.append(Reclaimed(quota_id, None, _not_reclaimable()))
            continue
        transfer = _derived(scope, request_id, leg=quota_id)
        parent = held[parent_id].quota
        one, posting = _take_back(
            session, part, parent=parent, occasion=occasion, transfer=transfer
        )
        reclaimed.append(one)
        postings += posting
    await session.flush()
    if postings:
        group_id = _derived(scope, request_id, leg="group")
        await ledger.post_group(session, group_id=group_id, postings=postings)
    return reclaimed


def _take_back(
    session: AsyncSession,
    part: LockedQuota,
    *,
    parent: VoucherQuota,
    occasion: Occasion,
    transfer: UUID,
) -> tuple[Reclaimed, list[Posting]]:
    quota, rest = part.quota, part.balance
    about = About(
        tenant_id=quota.tenant_id,
        partner_id=parent.partner_id,
        quota_id=parent.id,
        sub_quota_id=quota.id,
        indirect_partner_id=quota.partner_id,
    )
    if not quota.is_normal(occasion.now):
        refusal = _not_reclaimable()
        records.note_refused(session, occasion=occasion, about=about, amount=rest, refusal=refusal)
        return Reclaimed(quota.id, None, refusal), []
    quota.state, quota.due_time = VoucherQuotaState.RECLAIMED, None
    quota.update_time = occasion.now
    postings = []
    if rest.amount:
        code = TransferCode.VQ_UNDELEGATE
        postings = [posting_between(code, debit=quota, credit=parent, amount=rest, id=transfer)]
    records.note_done(
        session,
        occasion=occasion,
        about=about,
        amount=rest,
        transaction_id=transfer if postings else None,
    )
    return Reclaimed(quota.id, rest, None), postings


def _not_reclaimable() -> QuotaNotFoundOrState:
    return QuotaNotFoundOrState("the quota does not exist or is not valid now")


def _derived(scope: Scope, request_id: str, *, leg: object) -> UUID:
    return transfer_id(scope.tenant_id, method="ReclaimSubQuotas", request_id=request_id, leg=leg)
