"""Freezes what a withdrawal is made of, and lets go of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts import operations as accounts
from services.billing.accounts import queries as account_queries
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, TransferCode
from services.billing.ledger.model import Posting, transfer_id
from services.billing.top_ups import operations as top_ups
from services.billing.withdrawals import amounts, queries
from services.billing.withdrawals.model import (
    InvoiceArrears,
    Withdrawal,
    WithdrawalFlow,
    WithdrawalFlowState,
)
from services.billing.withdrawals.routes import Part
from services.billing.withdrawals.terms import shown
from services.kit.identity import Scope
from services.kit.ids import new_id


def flows_of(
    withdrawal: Withdrawal, *, parts: Sequence[Part], request_id: str
) -> list[WithdrawalFlow]:
    pieces = [(part.top_up, withdrawal.unit.count(part.amount)) for part in parts]
    return [
        WithdrawalFlow(
            tenant_id=withdrawal.tenant_id,
            id=new_id(),
            partner_id=withdrawal.partner_id,
            withdrawal_id=withdrawal.id,
            number=number,
            top_up_id=top_up and top_up.id,
            channel=top_up and top_up.channel,
            amount=units,
            state=WithdrawalFlowState.HELD,
            transaction_id=transfer_id(
                withdrawal.tenant_id, method="SubmitWithdrawal", request_id=request_id, leg=number
            ),
            attempts=0,
        )
        for number, (top_up, units) in enumerate(pieces or [(None, withdrawal.amount)])
    ]


async def hold(
    session: AsyncSession,
    *,
    scope: Scope,
    withdrawal: Withdrawal,
    flows: Sequence[WithdrawalFlow],
) -> None:
    """Freeze the amount, and see behind the locks that invoices are covered by what is left."""
    clearing = await accounts.open_platform(
        session,
        tenant_id=withdrawal.tenant_id,
        kind=AccountKind.PAYOUT_CLEARING,
        unit=withdrawal.unit,
    )
    for flow in flows:
        posting = Posting(
            id=flow.transaction_id,
            code=TransferCode.WITHDRAWAL,
            debit_account_id=withdrawal.account_id,
            credit_account_id=clearing,
            amount=withdrawal.unit.money(flow.amount),
            unit=withdrawal.unit,
        )
        await ledger.reserve(session, posting=posting, expire_time=None)
    left = await account_queries.get_cash(session, scope=scope, holder_id=withdrawal.partner_id)
    arrears = await amounts.get_arrears(session, scope=scope, account_id=withdrawal.account_id)
    assert left is not None, "its account is held"
    if left.available < withdrawal.unit.money(arrears):
        raise InvoiceArrears(
            "invoices come first",
            arrears=shown(withdrawal.unit.money(arrears)),
            available=shown(left.available),
            field="amount",
        )


async def release(
    session: AsyncSession, *, scope: Scope, withdrawal: Withdrawal, now: datetime
) -> None:
    """Let go of all that a withdrawal holds: nothing of it was sent."""
    flows = await queries.list_flows(session, scope=scope, withdrawal_id=withdrawal.id)
    for flow in flows:
        flow.end(WithdrawalFlowState.RELEASED, now=now)
    parts = {
        flow.top_up_id: withdrawal.unit.money(flow.amount)
        for flow in flows
        if flow.top_up_id is not None
    }
    await top_ups.keep(session, scope=scope, parts=parts)
    await session.flush()
    for flow in flows:
        await void(session, flow=flow)


async def void(session: AsyncSession, *, flow: WithdrawalFlow) -> None:
    """Let the amount of a flow return to the account."""
    await ledger.void_pending(
        session,
        id=transfer_id(flow.tenant_id, method="VoidWithdrawal", request_id=str(flow.id)),
        pending_id=flow.transaction_id,
        code=TransferCode.WITHDRAWAL,
    )
