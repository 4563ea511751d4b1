"""Answers VoucherService."""

from collections.abc import Mapping
from typing import Final

from partner.billing.v1 import vouchers_pb2, vouchers_pb2_grpc
from services.billing.vouchers import operation_records, operations, queries
from services.billing.vouchers.messages import (
    OPERATION,
    VOUCHER,
    to_filter,
    to_operation_filter,
)
from services.billing.vouchers.operation_records import VoucherOperationOrder
from services.billing.vouchers.queries import VoucherOrder
from services.kit import ids, wire
from services.kit.fields import place
from services.kit.identity import Role
from services.kit.money import Money
from services.kit.rpc import Call, Servicer, read, write

BATCH_MAX: Final = 500
PARENTS_MAX: Final = 100

_ORDERS: Final = wire.Words(vouchers_pb2.VoucherOrder, prefix="VOUCHER_ORDER_")
_OPERATION_ORDERS: Final = wire.Words(
    vouchers_pb2.VoucherOperationOrder, prefix="VOUCHER_OPERATION_ORDER_"
)


class VoucherServicer(Servicer, vouchers_pb2_grpc.VoucherServiceServicer):
    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def IssueVouchers(
        self, request: vouchers_pb2.IssueVouchersRequest, call: Call
    ) -> vouchers_pb2.IssueVouchersResponse:
        issued = await operations.issue_vouchers(
            call.session,
            scope=call.scope,
            operator=call.principal.subject,
            request_id=request.request_id,
            quota_id=ids.from_text("quo", request.quota_id, field="quota_id"),
            # How many may get one is a rule of the business, not of the wire.
            customer_ids=ids.many_from_text(
                "cus", request.customer_ids, field="customer_ids", at_most=BATCH_MAX
            ),
            terms=_terms(request),
            now=call.now,
        )
        rows = await queries.batch_get(
            call.session,
            scope=call.scope,
            columns=VOUCHER.everything.columns,
            ids=[one.voucher_id for one in issued if one.voucher_id],
            now=call.now,
        )
        vouchers = {
            message.customer_id: message
            for message in VOUCHER.everything.messages(rows, now=call.now)
        }
        return vouchers_pb2.IssueVouchersResponse(
            results=[_result(one, vouchers) for one in issued]
        )

    @read()
    async def BatchGetVouchers(
        self, request: vouchers_pb2.BatchGetVouchersRequest, call: Call
    ) -> vouchers_pb2.BatchGetVouchersResponse:
        chosen = VOUCHER.chosen(request.read_mask)
        found = await queries.batch_get(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            ids=ids.many_from_text("cpn", request.ids, field="ids", at_most=BATCH_MAX),
            now=call.now,
        )
        return vouchers_pb2.BatchGetVouchersResponse(vouchers=chosen.parts(found, now=call.now))

    @read()
    async def ListVouchers(
        self, request: vouchers_pb2.ListVouchersRequest, call: Call
    ) -> vouchers_pb2.ListVouchersResponse:
        chosen = VOUCHER.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_page(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            narrowed=to_filter(request.filter, scope=call.scope),
            order_by=_ORDERS.word(request.order_by) or VoucherOrder.CREATE_TIME_DESC,
            page=page,
            now=call.now,
        )
        cut = call.pages.cut(page, rows, key=place)
        return vouchers_pb2.ListVouchersResponse(
            vouchers=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read()
    async def BatchListVouchers(
        self, request: vouchers_pb2.BatchListVouchersRequest, call: Call
    ) -> vouchers_pb2.BatchListVouchersResponse:
        chosen = VOUCHER.chosen(request.read_mask)
        page = call.page(request)
        groups = await queries.batch_list_by_customer(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            customer_ids=ids.many_from_text(
                "cus", request.customer_ids, field="customer_ids", at_most=PARENTS_MAX
            ),
            narrowed=to_filter(request.filter, scope=call.scope),
            order_by=_ORDERS.word(request.order_by) or VoucherOrder.CREATE_TIME_DESC,
            page=page,
            now=call.now,
        )
        response = vouchers_pb2.BatchListVouchersResponse()
        for customer_id, rows in groups.items():
            parent = ids.to_text("cus", customer_id)
            below = call.pages.below(page, "customer_id", parent)
            cut = call.pages.cut(below, rows, key=place)
            response.groups.add(
                customer_id=parent,
                vouchers=chosen.parts(cut.rows, now=call.now),
                next_page_token=cut.next_page_token,
                item_tokens=cut.item_tokens,
            )
        return response

    @read()
    async def ListVoucherOperations(
        self, request: vouchers_pb2.ListVoucherOperationsRequest, call: Call
    ) -> vouchers_pb2.ListVoucherOperationsResponse:
        chosen = OPERATION.chosen(request.read_mask)
        page = call.page(request)
        rows = await operation_records.list_page(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            narrowed=to_operation_filter(request.filter),
            order_by=_OPERATION_ORDERS.word(request.order_by)
            or VoucherOperationOrder.OPERATE_TIME_DESC,
            page=page,
        )
        cut = call.pages.cut(page, rows, key=place)
        return vouchers_pb2.ListVoucherOperationsResponse(
            operations=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )


def _result(
    issued: operations.Issued, vouchers: Mapping[str, vouchers_pb2.Voucher]
) -> vouchers_pb2.IssueVouchersResponse.IssuedVoucher:
    customer_id, refusal = ids.to_text("cus", issued.customer_id), issued.refusal
    return vouchers_pb2.IssueVouchersResponse.IssuedVoucher(
        customer_id=customer_id,
        voucher=vouchers.get(customer_id),
        error=None
        if refusal is None
        else vouchers_pb2.ErrorDetail(reason=refusal.reason, message=refusal.message),
    )


def _terms(request: vouchers_pb2.IssueVouchersRequest) -> operations.Terms:
    return operations.Terms(
        face_value=Money.from_message(request.face_value, field="face_value"),
        effective_time=wire.to_time(request, "effective_time"),
        expire_time=wire.to_time(request, "expire_time"),
        min_order_amount=Money.from_message(request.min_order_amount, field="min_order_amount")
        if request.HasField("min_order_amount")
        else None,
        service_type_codes=list(request.service_type_codes),
        product_ids=list(request.product_ids),
        memo=wire.to_text(request, "memo"),
    )
