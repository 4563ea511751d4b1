"""Gives resellers parts of a distributor's quota (domain.md 6.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, TransferCode
from services.billing.ledger.model import NewAccount, Posting, transfer_id
from services.billing.links import queries as links
from services.billing.links.model import IndirectPartnerForbidden
from services.billing.voucher_operations import operations as records
from services.billing.voucher_operations.model import About, Occasion, VoucherOperationType
from services.billing.voucher_quotas import limits, locked
from services.billing.voucher_quotas.limits import LimitKey
from services.billing.voucher_quotas.model import (
    CouponType,
    CouponTypeNotAllowed,
    QuotaNotFoundOrState,
    RecipientNotAllowed,
    VoucherQuota,
    VoucherQuotaState,
    posting_between,
    refuse_long_note,
    refuse_many_recipients,
    refuse_odd_amount,
)
from services.kit.errors import Refusal
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.money import Money


@dataclass(frozen=True, slots=True)
class Granted:
    """What came of it for one reseller: a quota for these customers, or a refusal."""

    indirect_partner_id: UUID
    quota_id: UUID | None
    customer_ids: Sequence[UUID]
    refusal: Refusal | None


async def grant_sub_quota(
    session: AsyncSession,
    *,
    scope: Scope,
    operator: str,
    request_id: str,
    quota_id: UUID,
    indirect_partner_ids: Sequence[UUID],
    amount: Money,
    memo: str | None,
    now: datetime,
) -> list[Granted]:
    """Give each reseller a quota of the amount, with the limits and dates of the one it is out of.

    :raises TooManyRecipients, QuotaNotFoundOrState, CouponTypeNotAllowed, QuotaInsufficient:
    """
    refuse_many_recipients(indirect_partner_ids, field="indirect_partner_ids")
    refuse_odd_amount(amount, field="amount")
    refuse_long_note(memo, field="memo")
    held = await locked.get_for_update(session, scope=scope, quota_id=quota_id)
    if held is None or not held.quota.is_normal(now):
        raise QuotaNotFoundOrState("the quota does not exist or is not valid now", field="quota_id")
    source = held.quota
    source.refuse_other_currency(amount, field="amount")
    if source.coupon_type != CouponType.VOUCHER:
        raise CouponTypeNotAllowed("resellers get quotas of vouchers only", field="quota_id")
    held.refuse_short(amount * len(indirect_partner_ids))

    granted = await _choose(session, scope=scope, source=source, reseller_ids=indirect_partner_ids)
    parts = await _write_parts(session, source=source, granted=granted, amount=amount, now=now)
    postings = _postings(scope, request_id, source=source, parts=parts, amount=amount)
    occasion = Occasion(
        operation_type=VoucherOperationType.GRANT_SUB_QUOTA,
        operator=operator,
        now=now,
        remark=memo,
    )
    _note_granted(session, occasion, source=source, granted=granted, amount=amount, by=postings)
    await session.flush()
    if postings:
        group_id = _derived(scope, request_id, leg="group")
        await ledger.post_group(session, group_id=group_id, postings=postings)
    return granted


async def _choose(
    session: AsyncSession, *, scope: Scope, source: VoucherQuota, reseller_ids: Sequence[UUID]
) -> list[Granted]:
    """Say which resellers get a quota, and for which of their customers if the source names any."""
    known = await links.known_resellers(session, scope=scope, partner_ids=reseller_ids)
    allowed = limits.recipients(source.use_limits, source.customer_ids)
    found = await links.batch_get(session, scope=scope, customer_ids=list(allowed))
    granted = []
    for reseller_id in reseller_ids:
        theirs = sorted(one for one, link in found.items() if link.partner_id == reseller_id)
        refusal: Refusal | None = None
        if reseller_id not in known:
            refusal = IndirectPartnerForbidden("the named reseller is not yours")
        elif allowed and not theirs:
            refusal = RecipientNotAllowed("the quota allows none of the reseller's customers")
        granted.append(Granted(reseller_id, None if refusal else new_id(), theirs, refusal))
    return granted


async def _write_parts(
    session: AsyncSession,
    *,
    source: VoucherQuota,
    granted: Sequence[Granted],
    amount: Money,
    now: datetime,
) -> list[VoucherQuota]:
    given = [(one.quota_id, one) for one in granted if one.quota_id is not None]
    if not given:
        return []
    accounts = await ledger.open_accounts(
        session,
        tenant_id=source.tenant_id,
        accounts=[
            NewAccount(
                holder_id=quota_id,
                kind=AccountKind.VQ_AVAILABLE,
                unit=source.unit,
                partner_id=one.indirect_partner_id,
            )
            for quota_id, one in given
        ],
    )
    parts = [
        VoucherQuota(
            tenant_id=source.tenant_id,
            id=quota_id,
            partner_id=one.indirect_partner_id,
            parent_quota_id=source.id,
            account_id=account_id,
            coupon_type=source.coupon_type,
            currency_code=source.currency_code,
            face_total=amount.amount,
            state=VoucherQuotaState.NORMAL,
            effective_time=source.effective_time,
            expire_time=source.expire_time,
            due_time=source.expire_time,
            # Whom it may give to is said by its own customers: others are not its business.
            limits=[limit for limit in source.limits if limit["key"] != LimitKey.CUSTOMER_ID],
            customer_ids=list(one.customer_ids),
            create_time=now,
            update_time=now,
        )
        for (quota_id, one), account_id in zip(given, accounts, strict=True)
    ]
    session.add_all(parts)
    await session.flush()
    return parts


def _note_granted(
    session: AsyncSession,
    occasion: Occasion,
    *,
    source: VoucherQuota,
    granted: Sequence[Granted],
    amount: Money,
    by: Sequence[Posting],
) -> None:
    transfers = iter(by)
    for one in granted:
        about = About(
            tenant_id=source.tenant_id,
            partner_id=source.partner_id,
            quota_id=source.id,
            sub_quota_id=one.quota_id,
            indirect_partner_id=one.indirect_partner_id,
        )
        if one.refusal is None:
            records.note_done(
                session,
                occasion=occasion,
                about=about,
                amount=amount,
                transaction_id=next(transfers).id,
            )
        else:
            records.note_refused(
                session, occasion=occasion, about=about, amount=amount, refusal=one.refusal
            )


def _postings(
    scope: Scope,
    request_id: str,
    *,
    source: VoucherQuota,
    parts: Sequence[VoucherQuota],
    amount: Money,
) -> list[Posting]:
    return [
        posting_between(
            TransferCode.VQ_DELEGATE,
            debit=source,
            credit=part,
            amount=amount,
            id=_derived(scope, request_id, leg=part.partner_id),
        )
        for part in parts
    ]


def _derived(scope: Scope, request_id: str, *, leg: object) -> UUID:
    return transfer_id(scope.tenant_id, method="GrantSubQuota", request_id=request_id, leg=leg)
