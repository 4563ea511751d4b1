"""Issues vouchers out of a quota (domain.md 6.7)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, TransferCode
from services.billing.ledger.model import NewAccount, Posting, transfer_id
from services.billing.links import queries as links
from services.billing.voucher_operations import operations as records
from services.billing.voucher_operations.model import About, Occasion, VoucherOperationType
from services.billing.voucher_quotas import limits
from services.billing.voucher_quotas import locked as voucher_quotas
from services.billing.voucher_quotas.limits import UseLimit
from services.billing.voucher_quotas.model import (
    QuotaNotFoundOrState,
    VoucherQuota,
    refuse_many_recipients,
    refuse_odd_amount,
    refuse_odd_validity,
)
from services.billing.vouchers.model import (
    Voucher,
    refusal_of_recipient,
    refuse_long_inputs,
    validity_within,
)
from services.kit.errors import Refusal
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an issuer asks for; the quota fills in what is left open."""

    face_value: Money
    effective_time: datetime | None
    expire_time: datetime | None
    min_order_amount: Money | None
    service_type_codes: list[str]
    product_ids: list[str]
    memo: str | None


@dataclass(frozen=True, slots=True)
class Issued:
    """What came of it for one customer: a voucher or a refusal."""

    customer_id: UUID
    voucher_id: UUID | None
    refusal: Refusal | None


async def issue_vouchers(
    session: AsyncSession,
    *,
    scope: Scope,
    operator: str,
    request_id: str,
    quota_id: UUID,
    customer_ids: Sequence[UUID],
    terms: Terms,
    now: datetime,
) -> list[Issued]:
    """Issue a voucher to each customer that may get one, and note who may not.

    :raises TooManyRecipients, QuotaNotFoundOrState, QuotaInsufficient: for the whole request;
    :raises LimitExceedsQuota, ValidityExceedsQuota: likewise.
    """
    refuse_many_recipients(customer_ids, field="customer_ids")
    _refuse_odd_terms(terms)
    # The lock makes the balance hold until the amounts are posted, last of all.
    locked = await voucher_quotas.get_for_update(session, scope=scope, quota_id=quota_id)
    if locked is None or not locked.quota.can_be_issued_from(now):
        raise QuotaNotFoundOrState("the quota does not exist or is not valid now", field="quota_id")
    quota = locked.quota
    quota.refuse_other_currency(terms.face_value, field="face_value")
    quota.refuse_other_currency(terms.min_order_amount, field="min_order_amount")
    effective_time, expire_time = validity_within(
        quota, effective_time=terms.effective_time, expire_time=terms.expire_time
    )
    refuse_odd_validity(effective_time, expire_time, now=now)
    use_limits = limits.narrowed(
        quota.use_limits,
        service_type_codes=terms.service_type_codes,
        product_ids=terms.product_ids,
        min_order_amount=terms.min_order_amount,
    )
    locked.refuse_short(terms.face_value * len(customer_ids))

    agreed = replace(terms, effective_time=effective_time, expire_time=expire_time)
    issued = await _choose(session, scope=scope, quota=quota, customer_ids=customer_ids)
    vouchers = await _write_vouchers(
        session, quota=quota, issued=issued, terms=agreed, use_limits=use_limits, now=now
    )
    occasion = Occasion(operation_type=VoucherOperationType.ISSUE, operator=operator, now=now)
    for one in issued:
        transfer = _derived(scope, request_id, leg=one.customer_id)
        _note(session, occasion, quota, one, amount=terms.face_value, transfer=transfer)
    await session.flush()
    if vouchers:
        await _post(session, scope=scope, quota=quota, vouchers=vouchers, request_id=request_id)
    return issued


def _refuse_odd_terms(terms: Terms) -> None:
    refuse_odd_amount(terms.face_value, field="face_value")
    if terms.min_order_amount is not None:
        refuse_odd_amount(terms.min_order_amount, field="min_order_amount")
    refuse_long_inputs(
        service_type_codes=terms.service_type_codes, product_ids=terms.product_ids, memo=terms.memo
    )


async def _choose(
    session: AsyncSession, *, scope: Scope, quota: VoucherQuota, customer_ids: Sequence[UUID]
) -> list[Issued]:
    known = await links.batch_get_for_share(session, scope=scope, customer_ids=customer_ids)
    allowed = limits.recipients(quota.use_limits, quota.customer_ids)
    issued = []
    for one in customer_ids:
        refusal = refusal_of_recipient(one, link=known.get(one), quota=quota, allowed=allowed)
        issued.append(Issued(one, None if refusal else new_id(), refusal))
    return issued


async def _write_vouchers(
    session: AsyncSession,
    *,
    quota: VoucherQuota,
    issued: Sequence[Issued],
    terms: Terms,
    use_limits: Sequence[UseLimit],
    now: datetime,
) -> list[Voucher]:
    recipients = [(one.voucher_id, one.customer_id) for one in issued if one.voucher_id]
    if not recipients:
        return []
    accounts = await ledger.open_accounts(
        session,
        tenant_id=quota.tenant_id,
        accounts=[
            NewAccount(
                holder_id=voucher_id,
                kind=AccountKind.VOUCHER,
                unit=quota.unit,
                partner_id=quota.partner_id,
            )
            for voucher_id, _ in recipients
        ],
    )
    vouchers = [
        Voucher(
            tenant_id=quota.tenant_id,
            id=voucher_id,
            partner_id=quota.partner_id,
            customer_id=customer_id,
            quota_id=quota.id,
            account_id=account_id,
            coupon_type=quota.coupon_type,
            currency_code=quota.currency_code,
            face_value=terms.face_value.amount,
            effective_time=terms.effective_time,
            expire_time=terms.expire_time,
            due_time=terms.expire_time,
            use_limits=[limit.to_json() for limit in use_limits],
            memo=terms.memo,
            create_time=now,
        )
        for (voucher_id, customer_id), account_id in zip(recipients, accounts, strict=True)
    ]
    session.add_all(vouchers)
    await session.flush()
    return vouchers


def _note(
    session: AsyncSession,
    occasion: Occasion,
    quota: VoucherQuota,
    issued: Issued,
    *,
    amount: Money,
    transfer: UUID,
) -> None:
    about = About(
        tenant_id=quota.tenant_id,
        partner_id=quota.partner_id,
        quota_id=quota.id,
        parent_quota_id=quota.parent_quota_id,
        voucher_id=issued.voucher_id,
        customer_id=issued.customer_id,
    )
    if issued.refusal is None:
        records.note_done(
            session, occasion=occasion, about=about, amount=amount, transaction_id=transfer
        )
    else:
        records.note_refused(
            session, occasion=occasion, about=about, amount=amount, refusal=issued.refusal
        )


async def _post(
    session: AsyncSession,
    *,
    scope: Scope,
    quota: VoucherQuota,
    vouchers: Sequence[Voucher],
    request_id: str,
) -> None:
    await ledger.post_group(
        session,
        group_id=_derived(scope, request_id, leg="group"),
        postings=[
            Posting(
                id=_derived(scope, request_id, leg=voucher.customer_id),
                code=TransferCode.VOUCHER_ISSUE,
                debit_account_id=quota.account_id,
                credit_account_id=voucher.account_id,
                amount=Money(voucher.face_value, voucher.currency_code),
                unit=quota.unit,
            )
            for voucher in vouchers
        ],
    )


def _derived(scope: Scope, request_id: str, *, leg: object) -> UUID:
    return transfer_id(scope.tenant_id, method="IssueVouchers", request_id=request_id, leg=leg)
