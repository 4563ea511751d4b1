"""Answers VoucherQuotaService."""

from typing import Final

from partner.billing.v1 import voucher_quotas_pb2, voucher_quotas_pb2_grpc
from services.billing.links.model import refuse_other_resellers
from services.billing.voucher_quotas import operations, queries
from services.billing.voucher_quotas.messages import COUPON_TYPES, QUOTA, STATES, to_limits
from services.billing.voucher_quotas.queries import VoucherQuotaFilter, VoucherQuotaOrder
from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from services.kit.fields import place
from services.kit.identity import Scope
from services.kit.money import Money
from services.kit.rpc import Call, Servicer, read, write

BATCH_MAX: Final = 500
FILTER_IDS_MAX: Final = 50
FILTER_STATES_MAX: Final = 5
RECIPIENTS_MAX: Final = 500

_ORDERS: Final = wire.Words(voucher_quotas_pb2.VoucherQuotaOrder, prefix="VOUCHER_QUOTA_ORDER_")


class VoucherQuotaServicer(Servicer, voucher_quotas_pb2_grpc.VoucherQuotaServiceServicer):
    @write()
    async def GrantVoucherQuota(
        self, request: voucher_quotas_pb2.GrantVoucherQuotaRequest, call: Call
    ) -> voucher_quotas_pb2.VoucherQuota:
        quota_id = await operations.grant_voucher_quota(
            call.session,
            tenant_id=call.scope.tenant_id,
            request_id=request.request_id,
            terms=_terms(request),
            now=call.now,
        )
        (granted,) = await queries.batch_get(
            call.session,
            scope=call.scope,
            columns=QUOTA.everything.columns,
            ids=[quota_id],
            now=call.now,
        )
        return QUOTA.everything.message(granted, now=call.now)

    @read()
    async def BatchGetVoucherQuotas(
        self, request: voucher_quotas_pb2.BatchGetVoucherQuotasRequest, call: Call
    ) -> voucher_quotas_pb2.BatchGetVoucherQuotasResponse:
        chosen = QUOTA.chosen(request.read_mask)
        found = await queries.batch_get(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            ids=ids.many_from_text("quo", request.ids, field="ids", at_most=BATCH_MAX),
            now=call.now,
        )
        return voucher_quotas_pb2.BatchGetVoucherQuotasResponse(
            quotas=chosen.parts(found, now=call.now)
        )

    @read()
    async def ListVoucherQuotas(
        self, request: voucher_quotas_pb2.ListVoucherQuotasRequest, call: Call
    ) -> voucher_quotas_pb2.ListVoucherQuotasResponse:
        chosen = QUOTA.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_page(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            narrowed=_filter(request.filter, scope=call.scope),
            order_by=_ORDERS.word(request.order_by) or VoucherQuotaOrder.EXPIRE_TIME_ASC,
            page=page,
            now=call.now,
        )
        cut = call.pages.cut(page, rows, key=place)
        return voucher_quotas_pb2.ListVoucherQuotasResponse(
            quotas=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )


def _terms(request: voucher_quotas_pb2.GrantVoucherQuotaRequest) -> operations.Terms:
    expire_time = wire.to_time(request, "expire_time")
    if expire_time is None:
        raise InvalidArgument("must be given", field="expire_time")
    return operations.Terms(
        coupon_type=COUPON_TYPES.required_word(request.coupon_type, field="coupon_type"),
        face_total=Money.from_message(request.face_total, field="face_total"),
        effective_time=wire.to_time(request, "effective_time"),
        expire_time=expire_time,
        limits=to_limits(request.limits),
        customer_ids=wire.to_ids(
            "cus", request.customer_ids, field="customer_ids", at_most=RECIPIENTS_MAX
        ),
    )


def _filter(message: voucher_quotas_pb2.VoucherQuotaFilter, *, scope: Scope) -> VoucherQuotaFilter:
    if len(message.states) > FILTER_STATES_MAX:
        raise InvalidArgument(f"must be at most {FILTER_STATES_MAX}", field="filter.states")
    reseller = wire.to_id(message, "indirect_partner_id", "ptr", path="filter")
    refuse_other_resellers(scope, indirect_partner_id=reseller)
    return VoucherQuotaFilter(
        quota_ids=wire.to_ids(
            "quo", message.quota_ids, field="filter.quota_ids", at_most=FILTER_IDS_MAX
        ),
        states=STATES.required_words(message.states, field="filter.states"),
        coupon_type=COUPON_TYPES.word(message.coupon_type),
        create_time=wire.to_time_range(message, "create_time"),
        effective_time=wire.to_time_range(message, "effective_time"),
        expire_time=wire.to_time_range(message, "expire_time"),
        indirect_partner_id=reseller,
    )
