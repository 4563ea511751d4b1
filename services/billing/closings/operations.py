"""Closes a customer's accounts, empties them and, where that is cancelled, opens them again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.adjustments import operations as adjustments
from services.billing.adjustments.model import AdjustmentInProgress
from services.billing.closings import queries
from services.billing.closings.model import Closing, ClosingState
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import TransferCode
from services.billing.ledger.model import transfer_id
from services.billing.links import operations as links
from services.billing.links import queries as linked
from services.billing.payments import operations as payments
from services.billing.voucher_operations.model import VoucherOperationType
from services.billing.vouchers.reclaims import reclaim_all_of_customer
from services.kit.errors import NotFound
from services.kit.identity import Principal, Scope


async def close_customer_accounts(
    session: AsyncSession, *, scope: Scope, customer_id: UUID, fence: int, now: datetime
) -> Closing:
    """Let nothing more be given to a customer, and let return to it what unpaid orders hold.

    :raises NotFound, FenceOutdated, ClosingOutOfOrder:
    """
    # Whoever gives the customer something at this moment is waited for.
    link = await linked.get_for_update(session, scope=scope, customer_id=customer_id)
    if link is None:
        raise NotFound("customer not found", field="customer_id")
    closing = await queries.get_for_update(session, scope=scope, customer_id=customer_id)
    if closing is None:
        closing = Closing(tenant_id=scope.tenant_id, customer_id=customer_id, fence=0)
        session.add(closing)
    closing.begin(partner_id=link.partner_id, fence=fence, now=now)
    await links.begin_closing(session, tenant_id=scope.tenant_id, customer_id=customer_id)
    accounts = await queries.list_accounts(session, scope=scope, customer_id=customer_id)
    await ledger.close_accounts(session, tenant_id=scope.tenant_id, ids=accounts)
    await session.flush()
    await payments.cancel_all_of_customer(session, scope=scope, customer_id=customer_id, now=now)
    for hold in await queries.list_holds(session, scope=scope, customer_id=customer_id):
        await ledger.void_pending(
            session,
            id=transfer_id(scope.tenant_id, method="close", request_id=str(hold.id)),
            pending_id=hold.id,
            code=TransferCode(hold.code),
        )
    return closing


async def reclaim_customer_vouchers(
    session: AsyncSession,
    *,
    principal: Principal,
    customer_id: UUID,
    fence: int,
    request_id: str,
    now: datetime,
) -> Closing:
    """Take back what is left of a customer's vouchers.

    :raises NotFound, FenceOutdated, ClosingOutOfOrder, AdjustmentInProgress:
    """
    closing = await _get(session, scope=principal.scope, customer_id=customer_id)
    if not closing.is_done(ClosingState.VOUCHERS_RECLAIMED, fence=fence):
        reclaimed = await reclaim_all_of_customer(
            session,
            scope=principal.scope,
            customer_id=customer_id,
            operation_type=VoucherOperationType.UNBIND_RECLAIM,
            operator=principal.subject,
            request_id=request_id,
            now=now,
        )
        if any(one.refusal for one in reclaimed):
            raise AdjustmentInProgress("what an order held returns in a moment: ask again")
        closing.note_reclaimed(len(reclaimed), now=now)
    return closing


async def return_balances(
    session: AsyncSession,
    *,
    principal: Principal,
    customer_id: UUID,
    fence: int,
    request_id: str,
    now: datetime,
) -> Closing:
    """Move all that a customer has to its partner, as one movement.

    :raises NotFound, FenceOutdated, ClosingOutOfOrder, AdjustmentInProgress:
    """
    closing = await _get(session, scope=principal.scope, customer_id=customer_id)
    if not closing.is_done(ClosingState.BALANCES_RETURNED, fence=fence):
        transaction_id = await adjustments.unbind_reclaim(
            session,
            principal=principal,
            customer_id=customer_id,
            partner_id=closing.partner_id,
            request_id=request_id,
            now=now,
        )
        closing.note_returned(transaction_id, now=now)
    return closing


async def reopen_customer_accounts(
    session: AsyncSession, *, scope: Scope, customer_id: UUID, fence: int, now: datetime
) -> Closing:
    """Let a customer be given something again.

    :raises NotFound, FenceOutdated, ClosingOutOfOrder:
    """
    closing = await _get(session, scope=scope, customer_id=customer_id)
    closing.reopen(fence=fence, now=now)
    await links.end_closing(session, tenant_id=scope.tenant_id, customer_id=customer_id)
    accounts = await queries.list_accounts(session, scope=scope, customer_id=customer_id)
    await ledger.reopen_accounts(session, tenant_id=scope.tenant_id, ids=accounts)
    return closing


async def _get(session: AsyncSession, *, scope: Scope, customer_id: UUID) -> Closing:
    closing = await queries.get_for_update(session, scope=scope, customer_id=customer_id)
    if closing is None:
        raise NotFound("nobody closed this customer's accounts", field="customer_id")
    return closing
