"""Answers PaymentService."""

from typing import Final
from uuid import UUID

from partner.billing.v1 import payments_pb2, payments_pb2_grpc
from services.billing.consumption.cycles import newest_cycle
from services.billing.payments import intake, operations, queries, quotes, refunds
from services.billing.payments.messages import (
    ORDERS,
    PAYMENT,
    quote_message,
    to_filter,
    to_order,
    to_refund_line,
    to_usage,
)
from services.billing.payments.queries import PaymentOrder
from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from services.kit.fields import place
from services.kit.identity import Role
from services.kit.rpc import Call, Servicer, read, write

BATCH_MAX: Final = 500
PARENTS_MAX: Final = 100
# Whoever may see money: account managers and their directors may not (domain.md 9.4).
READERS: Final = (
    Role.ADMINISTRATOR,
    Role.FINANCE,
    Role.CUSTOMER,
    Role.OPERATOR,
    Role.SYSTEM,
)


class PaymentServicer(Servicer, payments_pb2_grpc.PaymentServiceServicer):
    @read(*READERS)
    async def QuoteOrder(
        self, request: payments_pb2.QuoteOrderRequest, call: Call
    ) -> payments_pb2.OrderQuote:
        order = to_order(request.order)
        counted = await quotes.count(call.session, scope=call.scope, order=order, now=call.now)
        return quote_message(order, counted)

    @write()
    async def HoldOrder(
        self, request: payments_pb2.HoldOrderRequest, call: Call
    ) -> payments_pb2.Payment:
        expire_time = wire.to_time(request, "expire_time")
        if expire_time is None:
            raise InvalidArgument("must be given", field="expire_time")
        payment_id = await operations.hold_order(
            call.session,
            scope=call.scope,
            request_id=request.request_id,
            order=to_order(request.order),
            expire_time=expire_time,
            now=call.now,
        )
        return await _shown(call, payment_id)

    @write()
    async def PayOrder(
        self, request: payments_pb2.PayOrderRequest, call: Call
    ) -> payments_pb2.Payment:
        payment_id = await operations.pay_order(
            call.session,
            scope=call.scope,
            request_id=request.request_id,
            order=to_order(request.order),
            now=call.now,
        )
        return await _shown(call, payment_id)

    @write()
    async def PayHeldOrder(
        self, request: payments_pb2.PayHeldOrderRequest, call: Call
    ) -> payments_pb2.Payment:
        payment_id = ids.from_text("pmt", request.payment_id, field="payment_id")
        await operations.pay_held_order(
            call.session,
            scope=call.scope,
            request_id=request.request_id,
            payment_id=payment_id,
            now=call.now,
        )
        return await _shown(call, payment_id)

    @write()
    async def CancelOrder(
        self, request: payments_pb2.CancelOrderRequest, call: Call
    ) -> payments_pb2.Payment:
        payment_id = ids.from_text("pmt", request.payment_id, field="payment_id")
        await operations.cancel_order(
            call.session,
            scope=call.scope,
            request_id=request.request_id,
            payment_id=payment_id,
            now=call.now,
        )
        return await _shown(call, payment_id)

    @write()
    async def RefundOrder(
        self, request: payments_pb2.RefundOrderRequest, call: Call
    ) -> payments_pb2.Payment:
        refund_id = await refunds.refund_order(
            call.session,
            scope=call.scope,
            request_id=request.request_id,
            payment_id=ids.from_text("pmt", request.payment_id, field="payment_id"),
            lines=[
                to_refund_line(line, path=f"lines[{index}]")
                for index, line in enumerate(request.lines)
            ],
            now=call.now,
        )
        return await _shown(call, refund_id)

    @write()
    async def ChargeUsage(
        self, request: payments_pb2.ChargeUsageRequest, call: Call
    ) -> payments_pb2.ChargeUsageResponse:
        usages = [
            to_usage(usage, path=f"usages[{index}]") for index, usage in enumerate(request.usages)
        ]
        for index, usage in enumerate(usages):
            if usage.billing_cycle > newest_cycle(call.now):
                raise InvalidArgument("is too far away", field=f"usages[{index}].billing_cycle")
        taken = await intake.charge_usage(
            call.session, scope=call.scope, usages=usages, now=call.now
        )
        return payments_pb2.ChargeUsageResponse(
            new_count=taken.new_count,
            known_count=taken.known_count,
            refused=[
                payments_pb2.ChargeUsageResponse.RefusedUsage(
                    usage_number=usage.usage_number,
                    customer_id=ids.to_text("cus", usage.customer_id),
                    reason=refusal.reason,
                    message=refusal.message,
                )
                for usage, refusal in taken.refused
            ],
        )

    @read(*READERS)
    async def BatchGetPayments(
        self, request: payments_pb2.BatchGetPaymentsRequest, call: Call
    ) -> payments_pb2.BatchGetPaymentsResponse:
        chosen = PAYMENT.chosen(request.read_mask)
        found = await queries.batch_get(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            ids=ids.many_from_text("pmt", request.ids, field="ids", at_most=BATCH_MAX),
            now=call.now,
        )
        return payments_pb2.BatchGetPaymentsResponse(payments=chosen.parts(found, now=call.now))

    @read(*READERS)
    async def ListPayments(
        self, request: payments_pb2.ListPaymentsRequest, call: Call
    ) -> payments_pb2.ListPaymentsResponse:
        chosen = PAYMENT.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_page(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            narrowed=to_filter(request.filter, scope=call.scope),
            order_by=ORDERS.word(request.order_by) or PaymentOrder.CREATE_TIME_DESC,
            page=page,
            now=call.now,
        )
        cut = call.pages.cut(page, rows, key=place)
        return payments_pb2.ListPaymentsResponse(
            payments=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read(*READERS)
    async def BatchListPayments(
        self, request: payments_pb2.BatchListPaymentsRequest, call: Call
    ) -> payments_pb2.BatchListPaymentsResponse:
        chosen = PAYMENT.chosen(request.read_mask)
        page = call.page(request)
        groups = await queries.batch_list_by_customer(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            customer_ids=ids.many_from_text(
                "cus", request.customer_ids, field="customer_ids", at_most=PARENTS_MAX
            ),
            narrowed=to_filter(request.filter, scope=call.scope),
            order_by=ORDERS.word(request.order_by) or PaymentOrder.CREATE_TIME_DESC,
            page=page,
            now=call.now,
        )
        response = payments_pb2.BatchListPaymentsResponse()
        for customer_id, rows in groups.items():
            parent = ids.to_text("cus", customer_id)
            below = call.pages.below(page, "customer_id", parent)
            cut = call.pages.cut(below, rows, key=place)
            response.groups.add(
                customer_id=parent,
                payments=chosen.parts(cut.rows, now=call.now),
                next_page_token=cut.next_page_token,
                item_tokens=cut.item_tokens,
            )
        return response


async def _shown(call: Call, payment_id: UUID) -> payments_pb2.Payment:
    (row,) = await queries.batch_get(
        call.session,
        scope=call.scope,
        columns=PAYMENT.everything.columns,
        ids=[payment_id],
        now=call.now,
    )
    return PAYMENT.everything.message(row, now=call.now)
