"""Answers WithdrawalService."""

from typing import Any, Final
from uuid import UUID

from partner.billing.v1 import withdrawals_pb2, withdrawals_pb2_grpc
from services.billing.accounts.model import READERS
from services.billing.verification_codes.messages import to_answer
from services.billing.withdrawals import amounts, operations, payees, queries, reviews
from services.billing.withdrawals.messages import AMOUNTS, KINDS, PAYEE, WITHDRAWAL, to_filter
from services.billing.withdrawals.queries import WithdrawalOrder
from services.billing.withdrawals.routes import ChannelWindows
from services.billing.withdrawals.terms import FLOWS_MAX, Application, Bank
from services.billing.withdrawals.vault import NumberVault
from services.kit import ids, wire
from services.kit.fields import place
from services.kit.identity import Role
from services.kit.money import Money
from services.kit.rpc import Call, Servicer, read, write

BATCH_MAX: Final = 500

_ORDERS: Final = wire.Words(withdrawals_pb2.WithdrawalOrder, prefix="WITHDRAWAL_ORDER_")
Pb = withdrawals_pb2


class WithdrawalServicer(Servicer, withdrawals_pb2_grpc.WithdrawalServiceServicer):
    def __init__(self, *parts: Any, windows: ChannelWindows, vault: NumberVault) -> None:
        super().__init__(*parts)
        self._windows = windows
        self._vault = vault

    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def SubmitWithdrawal(
        self, request: Pb.SubmitWithdrawalRequest, call: Call
    ) -> Pb.Withdrawal:
        withdrawal_id = await operations.submit_withdrawal(
            call.session,
            principal=call.principal,
            request_id=request.request_id,
            application=_application(request),
            windows=self._windows,
            vault=self._vault,
            now=call.now,
        )
        return await _shown(call, withdrawal_id)

    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def CancelWithdrawal(
        self, request: Pb.CancelWithdrawalRequest, call: Call
    ) -> Pb.Withdrawal:
        withdrawal_id = ids.from_text("wdr", request.withdrawal_id, field="withdrawal_id")
        await operations.cancel_withdrawal(
            call.session, scope=call.scope, withdrawal_id=withdrawal_id, now=call.now
        )
        return await _shown(call, withdrawal_id)

    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def DeleteWithdrawal(
        self, request: Pb.DeleteWithdrawalRequest, call: Call
    ) -> Pb.Withdrawal:
        withdrawal_id = ids.from_text("wdr", request.withdrawal_id, field="withdrawal_id")
        await operations.delete_withdrawal(
            call.session, scope=call.scope, withdrawal_id=withdrawal_id, now=call.now
        )
        return await _shown(call, withdrawal_id)

    @write(Role.OPERATOR)
    async def ReviewWithdrawal(
        self, request: Pb.ReviewWithdrawalRequest, call: Call
    ) -> Pb.Withdrawal:
        withdrawal_id = ids.from_text("wdr", request.withdrawal_id, field="withdrawal_id")
        await reviews.review_withdrawal(call.session, scope=call.scope, withdrawal_id=withdrawal_id)
        return await _shown(call, withdrawal_id)

    @write(Role.OPERATOR)
    async def ApproveWithdrawal(
        self, request: Pb.ApproveWithdrawalRequest, call: Call
    ) -> Pb.Withdrawal:
        withdrawal_id = ids.from_text("wdr", request.withdrawal_id, field="withdrawal_id")
        await reviews.approve_withdrawal(
            call.session,
            scope=call.scope,
            withdrawal_id=withdrawal_id,
            reviewer=call.principal.subject,
            now=call.now,
        )
        return await _shown(call, withdrawal_id)

    @write(Role.OPERATOR)
    async def RejectWithdrawal(
        self, request: Pb.RejectWithdrawalRequest, call: Call
    ) -> Pb.Withdrawal:
        withdrawal_id = ids.from_text("wdr", request.withdrawal_id, field="withdrawal_id")
        await reviews.reject_withdrawal(
            call.session,
            scope=call.scope,
            withdrawal_id=withdrawal_id,
            reviewer=call.principal.subject,
            reason=request.reason,
            now=call.now,
        )
        return await _shown(call, withdrawal_id)

    @write(Role.OPERATOR)
    async def RecordPayee(self, request: Pb.RecordPayeeRequest, call: Call) -> Pb.Payee:
        payee = await payees.record_payee(
            call.session,
            scope=call.scope,
            verified_name=request.verified_name,
            is_business_verified=request.business_verified,
            now=call.now,
        )
        return PAYEE.everything.message_of(payee, now=call.now)

    @read(*READERS)
    async def GetWithdrawableAmounts(
        self, request: Pb.GetWithdrawableAmountsRequest, call: Call
    ) -> Pb.WithdrawableAmounts:
        chosen = AMOUNTS.chosen(request.read_mask)
        row = await amounts.get_amounts(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            windows=self._windows,
            now=call.now,
        )
        return Pb.WithdrawableAmounts() if row is None else chosen.message(row, now=call.now)

    @read(*READERS)
    async def BatchGetWithdrawals(
        self, request: Pb.BatchGetWithdrawalsRequest, call: Call
    ) -> Pb.BatchGetWithdrawalsResponse:
        chosen = WITHDRAWAL.chosen(request.read_mask)
        found = await queries.batch_get(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            ids=ids.many_from_text("wdr", request.ids, field="ids", at_most=BATCH_MAX),
        )
        return Pb.BatchGetWithdrawalsResponse(withdrawals=chosen.parts(found, now=call.now))

    @read(*READERS)
    async def ListWithdrawals(
        self, request: Pb.ListWithdrawalsRequest, call: Call
    ) -> Pb.ListWithdrawalsResponse:
        chosen = WITHDRAWAL.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_page(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            narrowed=to_filter(request.filter),
            order_by=_ORDERS.word(request.order_by) or WithdrawalOrder.APPLY_TIME_DESC,
            page=page,
        )
        cut = call.pages.cut(page, rows, key=place)
        return Pb.ListWithdrawalsResponse(
            withdrawals=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )


async def _shown(call: Call, withdrawal_id: UUID) -> Pb.Withdrawal:
    (row,) = await queries.batch_get(
        call.session,
        scope=call.scope,
        columns=WITHDRAWAL.everything.columns,
        ids=[withdrawal_id],
    )
    return WITHDRAWAL.everything.message(row, now=call.now)


def _application(request: Pb.SubmitWithdrawalRequest) -> Application:
    return Application(
        kind=KINDS.required_word(request.kind, field="kind"),
        amount=Money.from_message(request.amount, field="amount"),
        top_up_ids=wire.to_ids("tup", request.top_up_ids, field="top_up_ids", at_most=FLOWS_MAX),
        bank=_bank(request.bank) if request.HasField("bank") else None,
        remittance_branch=wire.to_text(request, "remittance_branch"),
        **to_answer(request),
    )


def _bank(message: Pb.WithdrawalBankDetails) -> Bank:
    return Bank(
        bank_name=message.bank_name,
        branch=wire.to_text(message, "branch"),
        account_name=message.account_name,
        account_number=message.account_number,
    )
