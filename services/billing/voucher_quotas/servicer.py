"""Answers VoucherQuotaService."""

from typing import Any, Final

from partner.billing.v1 import voucher_quotas_pb2, voucher_quotas_pb2_grpc
from services.billing.verification_codes import operations as verification_codes
from services.billing.verification_codes.messages import to_answer
from services.billing.verification_codes.model import VerificationOperation
from services.billing.voucher_quotas import (
    operations,
    queries,
    sub_quota_grants,
    sub_quota_reclaims,
)
from services.billing.voucher_quotas.messages import (
    COUPON_TYPES,
    QUOTA,
    STATES,
    error_detail,
    to_limits,
)
from services.billing.voucher_quotas.model import RECLAIMED_MAX
from services.billing.voucher_quotas.queries import VoucherQuotaFilter, VoucherQuotaOrder
from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from services.kit.fields import place
from services.kit.identity import Role
from services.kit.money import Money
from services.kit.rpc import Call, Servicer, read, write

BATCH_MAX: Final = 500
PARENTS_MAX: Final = 100
FILTER_IDS_MAX: Final = 50
FILTER_STATES_MAX: Final = 5
RECIPIENTS_MAX: Final = 500

# Quotas are the partner's money: neither customers nor account managers see it (domain.md 9.4).
READERS: Final = (Role.ADMINISTRATOR, Role.FINANCE, Role.OPERATOR, Role.SYSTEM)
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

    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def GrantSubQuota(
        self, request: voucher_quotas_pb2.GrantSubQuotaRequest, call: Call
    ) -> voucher_quotas_pb2.GrantSubQuotaResponse:
        await _verify(request, call, operation=VerificationOperation.DELEGATE_QUOTA)
        granted = await sub_quota_grants.grant_sub_quota(
            call.session,
            scope=call.scope,
            operator=call.principal.subject,
            request_id=request.request_id,
            quota_id=ids.from_text("quo", request.quota_id, field="quota_id"),
            # How many may get one is a rule of the business, not of the wire.
            indirect_partner_ids=ids.many_from_text(
                "ptr",
                request.indirect_partner_ids,
                field="indirect_partner_ids",
                at_most=BATCH_MAX,
            ),
            amount=Money.from_message(request.amount, field="amount"),
            memo=wire.to_text(request, "memo"),
            now=call.now,
        )
        rows = await queries.batch_get(
            call.session,
            scope=call.scope,
            columns=QUOTA.everything.columns,
            ids=[one.quota_id for one in granted if one.quota_id],
            now=call.now,
        )
        quotas = iter(QUOTA.everything.messages(rows, now=call.now))
        response = voucher_quotas_pb2.GrantSubQuotaResponse()
        for one in granted:
            response.results.add(
                indirect_partner_id=ids.to_text("ptr", one.indirect_partner_id),
                quota=next(quotas) if one.quota_id else None,
                error=error_detail(one.refusal),
            )
        return response

    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def ReclaimSubQuotas(
        self, request: voucher_quotas_pb2.ReclaimSubQuotasRequest, call: Call
    ) -> voucher_quotas_pb2.ReclaimSubQuotasResponse:
        await _verify(request, call, operation=VerificationOperation.RECLAIM_QUOTA)
        reclaimed = await sub_quota_reclaims.reclaim_sub_quotas(
            call.session,
            scope=call.scope,
            operator=call.principal.subject,
            request_id=request.request_id,
            quota_ids=ids.many_from_text(
                "quo", request.quota_ids, field="quota_ids", at_most=RECLAIMED_MAX
            ),
            remark=wire.to_text(request, "remark"),
            now=call.now,
        )
        response = voucher_quotas_pb2.ReclaimSubQuotasResponse()
        for one in reclaimed:
            response.results.add(
                quota_id=ids.to_text("quo", one.quota_id),
                amount=None if one.amount is None else one.amount.to_message(),
                error=error_detail(one.refusal),
            )
        return response

    @read(*READERS)
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

    @read(*READERS)
    async def ListVoucherQuotas(
        self, request: voucher_quotas_pb2.ListVoucherQuotasRequest, call: Call
    ) -> voucher_quotas_pb2.ListVoucherQuotasResponse:
        chosen = QUOTA.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_page(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            narrowed=_filter(request.filter),
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

    @read(*READERS)
    async def BatchListVoucherQuotas(
        self, request: voucher_quotas_pb2.BatchListVoucherQuotasRequest, call: Call
    ) -> voucher_quotas_pb2.BatchListVoucherQuotasResponse:
        chosen = QUOTA.chosen(request.read_mask)
        page = call.page(request)
        groups = await queries.batch_list_by_parent(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            parent_quota_ids=ids.many_from_text(
                "quo", request.parent_quota_ids, field="parent_quota_ids", at_most=PARENTS_MAX
            ),
            narrowed=_filter(request.filter),
            order_by=_ORDERS.word(request.order_by) or VoucherQuotaOrder.EXPIRE_TIME_ASC,
            page=page,
            now=call.now,
        )
        response = voucher_quotas_pb2.BatchListVoucherQuotasResponse()
        for quota_id, rows in groups.items():
            parent = ids.to_text("quo", quota_id)
            below = call.pages.below(page, "parent_quota_id", parent)
            cut = call.pages.cut(below, rows, key=place)
            response.groups.add(
                parent_quota_id=parent,
                quotas=chosen.parts(cut.rows, now=call.now),
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


def _filter(message: voucher_quotas_pb2.VoucherQuotaFilter) -> VoucherQuotaFilter:
    if len(message.states) > FILTER_STATES_MAX:
        raise InvalidArgument(f"must be at most {FILTER_STATES_MAX}", field="filter.states")
    return VoucherQuotaFilter(
        quota_ids=wire.to_ids(
            "quo", message.quota_ids, field="filter.quota_ids", at_most=FILTER_IDS_MAX
        ),
        states=STATES.required_words(message.states, field="filter.states"),
        coupon_type=COUPON_TYPES.word(message.coupon_type),
        create_time=wire.to_time_range(message, "create_time"),
        effective_time=wire.to_time_range(message, "effective_time"),
        expire_time=wire.to_time_range(message, "expire_time"),
        indirect_partner_id=wire.to_id(message, "indirect_partner_id", "ptr", path="filter"),
        parent_quota_id=wire.to_id(message, "parent_quota_id", "quo", path="filter"),
    )
