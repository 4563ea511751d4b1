"""Answers ClosingService."""

from functools import partial
from typing import Final

from partner.billing.v1 import closings_pb2, closings_pb2_grpc
from services.billing.closings import operations
from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from services.kit.fields import Field, Fields
from services.kit.rpc import Call, Servicer, write

_STATES: Final = wire.Words(closings_pb2.ClosingState, prefix="CLOSING_STATE_")

CLOSING: Final = Fields(
    closings_pb2.Closing,
    customer_id=Field(partial(ids.to_text, "cus")),
    partner_id=Field(partial(ids.to_text, "ptr")),
    fence=Field(),
    state=Field(_STATES.number),
    reclaimed_voucher_count=Field(),
    transaction_id=Field(partial(wire.id_text, "txn")),
    update_time=Field(wire.time_parts),
)


class ClosingServicer(Servicer, closings_pb2_grpc.ClosingServiceServicer):
    @write()
    async def CloseCustomerAccounts(
        self, request: closings_pb2.CloseCustomerAccountsRequest, call: Call
    ) -> closings_pb2.Closing:
        closing = await operations.close_customer_accounts(
            call.session,
            scope=call.scope,
            customer_id=ids.from_text("cus", request.customer_id, field="customer_id"),
            fence=_fence(request.fence),
            now=call.now,
        )
        return CLOSING.everything.message_of(closing, now=call.now)

    @write()
    async def ReclaimCustomerVouchers(
        self, request: closings_pb2.ReclaimCustomerVouchersRequest, call: Call
    ) -> closings_pb2.Closing:
        closing = await operations.reclaim_customer_vouchers(
            call.session,
            principal=call.principal,
            customer_id=ids.from_text("cus", request.customer_id, field="customer_id"),
            fence=_fence(request.fence),
            request_id=request.request_id,
            now=call.now,
        )
        return CLOSING.everything.message_of(closing, now=call.now)

    @write()
    async def ReturnBalances(
        self, request: closings_pb2.ReturnBalancesRequest, call: Call
    ) -> closings_pb2.Closing:
        closing = await operations.return_balances(
            call.session,
            principal=call.principal,
            customer_id=ids.from_text("cus", request.customer_id, field="customer_id"),
            fence=_fence(request.fence),
            request_id=request.request_id,
            now=call.now,
        )
        return CLOSING.everything.message_of(closing, now=call.now)

    @write()
    async def ReopenCustomerAccounts(
        self, request: closings_pb2.ReopenCustomerAccountsRequest, call: Call
    ) -> closings_pb2.Closing:
        closing = await operations.reopen_customer_accounts(
            call.session,
            scope=call.scope,
            customer_id=ids.from_text("cus", request.customer_id, field="customer_id"),
            fence=_fence(request.fence),
            now=call.now,
        )
        return CLOSING.everything.message_of(closing, now=call.now)


def _fence(value: int) -> int:
    if value <= 0:
        raise InvalidArgument("must be above 0", field="fence")
    return value
