"""Answers VoucherService."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from partner.billing.v1 import vouchers_pb2, vouchers_pb2_grpc
from services.billing.verification_codes import operations as verification_codes
from services.billing.verification_codes.messages import to_answer
from services.billing.verification_codes.model import VerificationOperation
from services.billing.voucher_operations import queries as records
from services.billing.voucher_operations.messages import OPERATION
from services.billing.voucher_operations.messages import to_filter as to_operation_filter
from services.billing.voucher_operations.queries import VoucherOperationOrder
from services.billing.voucher_quotas.messages import error_detail
from services.billing.vouchers import operations, queries, reclaims
from services.billing.vouchers.filters import VoucherOrder
from services.billing.vouchers.messages import VOUCHER, to_filter, to_terms
from services.billing.vouchers.model import RECLAIMED_MAX
from services.kit import ids, wire
from services.kit.fields import place
from services.kit.identity import Role
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
        await _verify(request, call, operation=VerificationOperation.ISSUE_VOUCHERS)
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
            terms=to_terms(request),
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

    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def ReclaimVouchers(
        self, request: vouchers_pb2.ReclaimVouchersRequest, call: Call
    ) -> vouchers_pb2.ReclaimVouchersResponse:
        await _verify(request, call, operation=VerificationOperation.RECLAIM_VOUCHERS)
        reclaimed = await reclaims.reclaim_vouchers(
            call.session,
            scope=call.scope,
            operator=call.principal.subject,
            request_id=request.request_id,
            voucher_ids=ids.many_from_text(
                "cpn", request.voucher_ids, field="voucher_ids", at_most=RECLAIMED_MAX
            ),
            remark=wire.to_text(request, "remark"),
            now=call.now,
        )
        response = vouchers_pb2.ReclaimVouchersResponse()
        for one in reclaimed:
            response.results.add(
                voucher_id=ids.to_text("cpn", one.voucher_id),
                amount=None if one.amount is None else one.amount.to_message(),
                error=error_detail(one.refusal),
            )
        return response

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
            narrowed=to_filter(request.filter),
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
            narrowed=to_filter(request.filter),
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
    async def BatchListVouchersByQuota(
        self, request: vouchers_pb2.BatchListVouchersByQuotaRequest, call: Call
    ) -> vouchers_pb2.BatchListVouchersByQuotaResponse:
        chosen = VOUCHER.chosen(request.read_mask)
        page = call.page(request)
        groups = await queries.batch_list_by_quota(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            quota_ids=_quota_ids(request.quota_ids),
            narrowed=to_filter(request.filter),
            order_by=_ORDERS.word(request.order_by) or VoucherOrder.CREATE_TIME_DESC,
            page=page,
            now=call.now,
        )
        response = vouchers_pb2.BatchListVouchersByQuotaResponse()
        for quota_id, rows in groups.items():
            parent = ids.to_text("quo", quota_id)
            cut = call.pages.cut(call.pages.below(page, "quota_id", parent), rows, key=place)
            response.groups.add(
                quota_id=parent,
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
        rows = await records.list_page(
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

    @read()
    async def BatchListVoucherOperations(
        self, request: vouchers_pb2.BatchListVoucherOperationsRequest, call: Call
    ) -> vouchers_pb2.BatchListVoucherOperationsResponse:
        chosen = OPERATION.chosen(request.read_mask)
        page = call.page(request)
        groups = await records.batch_list_by_quota(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            quota_ids=_quota_ids(request.quota_ids),
            narrowed=to_operation_filter(request.filter),
            order_by=_OPERATION_ORDERS.word(request.order_by)
            or VoucherOperationOrder.OPERATE_TIME_DESC,
            page=page,
        )
        response = vouchers_pb2.BatchListVoucherOperationsResponse()
        for quota_id, rows in groups.items():
            parent = ids.to_text("quo", quota_id)
            cut = call.pages.cut(call.pages.below(page, "quota_id", parent), rows, key=place)
            response.groups.add(
                quota_id=parent,
                operations=chosen.parts(cut.rows, now=call.now),
                next_page_token=cut.next_page_token,
                item_tokens=cut.item_tokens,
            )
        return response


async def _verify(request: Any, call: Call, *, operation: VerificationOperation) -> None:
    await verification_codes.check(
        call.session,
        principal=call.principal,
        operation=operation,
        **to_answer(request),
        now=call.now,
    )


def _quota_ids(texts: Sequence[str]) -> list[UUID]:
    return ids.many_from_text("quo", texts, field="quota_ids", at_most=PARENTS_MAX)


def _result(
    issued: operations.Issued, vouchers: Mapping[str, vouchers_pb2.Voucher]
) -> vouchers_pb2.IssueVouchersResponse.IssuedVoucher:
    customer_id = ids.to_text("cus", issued.customer_id)
    return vouchers_pb2.IssueVouchersResponse.IssuedVoucher(
        customer_id=customer_id,
        voucher=vouchers.get(customer_id),
        error=error_detail(issued.refusal),
    )
