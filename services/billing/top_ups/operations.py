"""Records top-ups and moves their money in."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts import operations as accounts
from services.billing.accounts.model import Holder
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.billing.ledger.model import Posting, transfer_id
from services.billing.top_ups import queries
from services.billing.top_ups.model import ChannelNumberReused, Payment, TopUp
from services.kit.errors import NotFound
from services.kit.identity import Scope
from services.kit.ids import new_id
from services.kit.money import Money


async def record_top_up(
    session: AsyncSession, *, scope: Scope, operator: str, payment: Payment, now: datetime
) -> UUID:
    """Record what the tenant's root partner has paid in, once, however often it is told.

    :raises InvalidArgument, CurrencyMismatch:
    :raises ChannelNumberReused: where the channel's number stands for another payment.
    """
    payment.refuse_odd(now=now)
    # The root partner's id is the tenant's.
    tenant_id = partner_id = scope.tenant_id
    cash = await accounts.open_cash(
        session,
        tenant_id=tenant_id,
        holder=Holder.partner(partner_id),
        currency_code=payment.amount.currency_code,
    )
    unit, designated = Unit.cash(payment.amount.currency_code), payment.designated_amount
    top_up_id = new_id()
    row = {
        "tenant_id": tenant_id,
        "id": top_up_id,
        "partner_id": partner_id,
        "account_id": cash,
        "channel": payment.channel,
        "channel_number": payment.channel_number,
        "currency_code": unit.currency_code,
        "amount": unit.count(payment.amount),
        "designated_amount": 0 if designated is None else unit.count(designated),
        "earned_bonus": payment.earned_bonus,
        "pay_time": payment.pay_time or now,
        "memo": payment.memo,
        "operator": operator,
        "transaction_id": _derived(tenant_id, payment, leg="group"),
        "create_time": now,
    }
    # A twin waits here for the first, and then learns that it is one.
    statement = insert(TopUp).on_conflict_do_nothing(constraint="top_ups_channel_number_key")
    written = await session.execute(statement.values(row).returning(TopUp.id))
    if written.scalar_one_or_none() is None:
        return await _known(session, scope=scope, payment=payment)
    await _post(session, tenant_id=tenant_id, cash=cash, payment=payment)
    return top_up_id


async def send_back(
    session: AsyncSession, *, scope: Scope, parts: Mapping[UUID, Money]
) -> list[TopUp]:
    """Take parts of top-ups for a withdrawal the way they came.

    :raises NotFound:
    :raises TopUpReturned: where less than a part is left.
    """
    top_ups = await _locked(session, scope=scope, parts=parts)
    for top_up in top_ups:
        top_up.send_back(parts[top_up.id])
    await session.flush()
    return top_ups


async def keep(session: AsyncSession, *, scope: Scope, parts: Mapping[UUID, Money]) -> None:
    """Put parts back that a withdrawal took and could not send.

    :raises NotFound:
    """
    for top_up in await _locked(session, scope=scope, parts=parts):
        top_up.keep(parts[top_up.id])
    await session.flush()


async def _locked(
    session: AsyncSession, *, scope: Scope, parts: Mapping[UUID, Money]
) -> list[TopUp]:
    found = await queries.batch_get_for_update(session, scope=scope, ids=list(parts))
    if len(found) != len(parts):
        raise NotFound("top-up not found")
    return found


async def _known(session: AsyncSession, *, scope: Scope, payment: Payment) -> UUID:
    known = await queries.get_by_number(
        session, scope=scope, channel=payment.channel, channel_number=payment.channel_number
    )
    if known is None or not known.is_of(payment):
        raise ChannelNumberReused("the number stands for another payment", field="channel_number")
    return known.id


async def _post(session: AsyncSession, *, tenant_id: UUID, cash: UUID, payment: Payment) -> None:
    unit = Unit.cash(payment.amount.currency_code)
    clearing = await accounts.open_platform(
        session, tenant_id=tenant_id, kind=AccountKind.CASH_CLEARING, unit=unit
    )
    parts = {cash: payment.amount}
    if payment.designated_amount is not None:
        designated = await accounts.open_designated(
            session, tenant_id=tenant_id, partner_id=tenant_id, currency_code=unit.currency_code
        )
        parts[cash] -= payment.designated_amount
        parts[designated] = payment.designated_amount
    await ledger.post_group(
        session,
        group_id=_derived(tenant_id, payment, leg="group"),
        postings=[
            Posting(
                id=_derived(tenant_id, payment, leg="cash" if account == cash else "designated"),
                code=TransferCode.TOPUP_CONFIRMED,
                debit_account_id=clearing,
                credit_account_id=account,
                amount=amount,
                unit=unit,
                effective_time=payment.pay_time,
            )
            for account, amount in parts.items()
            if amount.amount
        ],
    )


def _derived(tenant_id: UUID, payment: Payment, *, leg: str) -> UUID:
    """Derive ids from the channel's number: it is the payment's, whoever tells of it."""
    number = f"{payment.channel}|{payment.channel_number}"
    return transfer_id(tenant_id, method="RecordTopUp", request_id=number, leg=leg)
