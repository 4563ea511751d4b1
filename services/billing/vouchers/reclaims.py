"""Takes back what is left of vouchers: by hand, by a change of the association, by time (6.7).

The amount returns to the voucher's quota; where nothing can be issued from that any more, it goes
on from there (`voucher_quotas/rests.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import TransferCode
from services.billing.ledger.model import Posting, transfer_id
from services.billing.voucher_operations import operations as records
from services.billing.voucher_operations.model import About, Occasion, VoucherOperationType
from services.billing.voucher_quotas.model import refuse_long_note
from services.billing.vouchers import locked
from services.billing.vouchers.locked import LockedVoucher
from services.billing.vouchers.model import VoucherState, refusal_of_held, refusal_of_reclaim
from services.kit.errors import NotFound, Refusal
from services.kit.identity import Scope
from services.kit.money import Money


@dataclass(frozen=True, slots=True)
class Reclaimed:
    """What came of it for one voucher: what was taken, or a refusal."""

    voucher_id: UUID
    amount: Money | None
    refusal: Refusal | None


async def reclaim_vouchers(
    session: AsyncSession,
    *,
    scope: Scope,
    operator: str,
    request_id: str,
    voucher_ids: Sequence[UUID],
    remark: str | None,
    now: datetime,
) -> list[Reclaimed]:
    """Take back the whole rest of each usable voucher that the caller's partner issued."""
    refuse_long_note(remark, field="remark")
    found = await locked.list_own_for_update(session, scope=scope, voucher_ids=voucher_ids, now=now)
    held = {one.voucher.id: one for one in found}
    occasion = Occasion(
        operation_type=VoucherOperationType.MANUAL_RECLAIM,
        operator=operator,
        now=now,
        remark=remark,
    )
    refusals = {
        one.voucher.id: refusal_of_reclaim(state=one.state, is_held=one.is_held) for one in found
    }
    taken = [one for one in found if refusals[one.voucher.id] is None]
    for one in found:
        if refusal := refusals[one.voucher.id]:
            _note_refused(session, occasion, one, refusal=refusal)
    await _take_back(session, occasion, taken, scope=scope, request_id=request_id)
    unknown = NotFound("voucher not found")
    return [
        _result(voucher_id, held.get(voucher_id), refusals.get(voucher_id, unknown))
        for voucher_id in voucher_ids
    ]


async def reclaim_all_of_customer(
    session: AsyncSession,
    *,
    scope: Scope,
    customer_id: UUID,
    operation_type: VoucherOperationType,
    operator: str,
    request_id: str,
    now: datetime,
) -> list[Reclaimed]:
    """Take back what is left of all of a customer's vouchers, usable yet or not.

    What unpaid orders hold is refused: void the orders first. What has expired returns by itself.
    """
    found = await locked.list_of_customer_for_update(
        session, scope=scope, customer_id=customer_id, now=now
    )
    filled = [one for one in found if one.state in {VoucherState.INACTIVE, VoucherState.USABLE}]
    occasion = Occasion(operation_type=operation_type, operator=operator, now=now)
    refusals = {
        one.voucher.id: refusal_of_held(state=one.state, is_held=one.is_held) for one in filled
    }
    taken = [one for one in filled if refusals[one.voucher.id] is None]
    for one in filled:
        if refusal := refusals[one.voucher.id]:
            _note_refused(session, occasion, one, refusal=refusal)
    await _take_back(session, occasion, taken, scope=scope, request_id=request_id)
    return [_result(one.voucher.id, one, refusals[one.voucher.id]) for one in filled]


async def settle_vouchers(
    session: AsyncSession, *, scope: Scope, operator: str, now: datetime, at_most: int
) -> int:
    """Let what is left of expired vouchers return, and what refunds brought to reclaimed ones.

    Give how many vouchers were due.
    """
    due = await locked.list_due_for_update(session, scope=scope, now=now, at_most=at_most)
    filled = [one for one in due if one.balance.amount]
    occasion = Occasion(
        operation_type=VoucherOperationType.EXPIRY_RECLAIM, operator=operator, now=now
    )
    lapsed = [one for one in filled if one.voucher.expire_time <= now]
    refunded = [one for one in filled if one.voucher.expire_time > now]
    unsubscribed = replace(occasion, operation_type=VoucherOperationType.UNSUBSCRIBE_RECLAIM)
    for one in due:
        one.voucher.due_time = None
    for group, why in ((lapsed, occasion), (refunded, unsubscribed)):
        await _take_back(session, why, group, scope=scope, request_id=now.isoformat())
    await session.flush()
    return len(due)


async def _take_back(
    session: AsyncSession,
    occasion: Occasion,
    taken: Sequence[LockedVoucher],
    *,
    scope: Scope,
    request_id: str,
) -> None:
    def derived(leg: object) -> UUID:
        return transfer_id(
            scope.tenant_id, method=occasion.operation_type, request_id=request_id, leg=leg
        )

    postings = []
    for one in taken:
        posting = _posting(one, id=derived(f"{one.voucher.id}:{one.version}"), now=occasion.now)
        one.voucher.reclaim_time = one.voucher.reclaim_time or occasion.now
        one.voucher.due_time = None
        one.quota.take_returned(occasion.now)
        records.note_done(
            session,
            occasion=occasion,
            about=_about(one),
            amount=one.balance,
            transaction_id=posting.id,
        )
        postings.append(posting)
    await session.flush()
    for start in range(0, len(postings), ledger.POSTINGS_MAX):
        few = postings[start : start + ledger.POSTINGS_MAX]
        await ledger.post_group(session, group_id=few[0].id, postings=few)


def _note_refused(
    session: AsyncSession, occasion: Occasion, one: LockedVoucher, *, refusal: Refusal
) -> None:
    records.note_refused(
        session, occasion=occasion, about=_about(one), amount=one.balance, refusal=refusal
    )


def _posting(
    one: LockedVoucher,
    *,
    id: UUID,  # noqa: A002 - the transfer's own, as in Posting
    now: datetime,
) -> Posting:
    voucher = one.voucher
    code = (
        TransferCode.VOUCHER_EXPIRE if voucher.expire_time <= now else TransferCode.VOUCHER_RECLAIM
    )
    return Posting(
        id=id,
        code=code,
        debit_account_id=voucher.account_id,
        credit_account_id=one.quota.account_id,
        amount=one.balance,
        unit=one.quota.unit,
        effective_time=now,
    )


def _about(one: LockedVoucher) -> About:
    return About(
        tenant_id=one.voucher.tenant_id,
        partner_id=one.voucher.partner_id,
        quota_id=one.quota.id,
        parent_quota_id=one.quota.parent_quota_id,
        voucher_id=one.voucher.id,
        customer_id=one.voucher.customer_id,
    )


def _result(voucher_id: UUID, one: LockedVoucher | None, refusal: Refusal | None) -> Reclaimed:
    amount = None if one is None or refusal is not None else one.balance
    return Reclaimed(voucher_id, amount, refusal)
