"""Answers AdjustmentService."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from partner.billing.v1 import adjustments_pb2, adjustments_pb2_grpc
from services.billing.adjustments import operations, queries
from services.billing.adjustments.messages import ADJUSTMENT, KINDS, to_filter
from services.billing.adjustments.model import AdjustmentKind, Target
from services.billing.adjustments.queries import AdjustmentOrder
from services.billing.verification_codes import operations as verification_codes
from services.billing.verification_codes.messages import to_answer
from services.billing.verification_codes.model import VerificationOperation
from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from services.kit.fields import place
from services.kit.identity import Role
from services.kit.money import Money
from services.kit.rpc import Call, Servicer, read, write

BATCH_MAX: Final = 500
PARENTS_MAX: Final = 100
TARGETS_MAX: Final = 100
# Whose money it is, and whom it was given to.
READERS: Final = (Role.ADMINISTRATOR, Role.FINANCE, Role.OPERATOR, Role.SYSTEM, Role.CUSTOMER)

Request = (
    adjustments_pb2.AllocateRequest
    | adjustments_pb2.ReclaimRequest
    | adjustments_pb2.BatchAllocateRequest
)

_ORDERS: Final = wire.Words(adjustments_pb2.AdjustmentOrder, prefix="ADJUSTMENT_ORDER_")


class AdjustmentServicer(Servicer, adjustments_pb2_grpc.AdjustmentServiceServicer):
    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def Allocate(
        self, request: adjustments_pb2.AllocateRequest, call: Call
    ) -> adjustments_pb2.Adjustment:
        await _check_code(request, call)
        adjustment = await operations.allocate(
            call.session,
            principal=call.principal,
            target=_target(request.target, field="target"),
            terms=_terms(request),
            request_id=request.request_id,
            now=call.now,
        )
        return ADJUSTMENT.everything.message_of(adjustment, now=call.now)

    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def Reclaim(
        self, request: adjustments_pb2.ReclaimRequest, call: Call
    ) -> adjustments_pb2.Adjustment:
        await _check_code(request, call)
        adjustment = await operations.reclaim(
            call.session,
            principal=call.principal,
            target=_target(request.target, field="target"),
            terms=_terms(request),
            request_id=request.request_id,
            now=call.now,
        )
        return ADJUSTMENT.everything.message_of(adjustment, now=call.now)

    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def BatchAllocate(
        self, request: adjustments_pb2.BatchAllocateRequest, call: Call
    ) -> adjustments_pb2.BatchAllocateResponse:
        await _check_code(request, call)
        allocated = await operations.batch_allocate(
            call.session,
            principal=call.principal,
            targets=_targets(request.targets),
            terms=_terms(request),
            request_id=request.request_id,
            now=call.now,
        )
        return adjustments_pb2.BatchAllocateResponse(
            results=[_result(one, now=call.now) for one in allocated]
        )

    @read(*READERS)
    async def BatchGetAdjustments(
        self, request: adjustments_pb2.BatchGetAdjustmentsRequest, call: Call
    ) -> adjustments_pb2.BatchGetAdjustmentsResponse:
        chosen = ADJUSTMENT.chosen(request.read_mask)
        found = await queries.batch_get(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            ids=ids.many_from_text("adj", request.ids, field="ids", at_most=BATCH_MAX),
        )
        return adjustments_pb2.BatchGetAdjustmentsResponse(
            adjustments=chosen.parts(found, now=call.now)
        )

    @read(*READERS)
    async def ListAdjustments(
        self, request: adjustments_pb2.ListAdjustmentsRequest, call: Call
    ) -> adjustments_pb2.ListAdjustmentsResponse:
        chosen = ADJUSTMENT.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_page(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            narrowed=to_filter(request.filter, scope=call.scope),
            order_by=_ORDERS.word(request.order_by) or AdjustmentOrder.OPERATE_TIME_DESC,
            page=page,
        )
        cut = call.pages.cut(page, rows, key=place)
        return adjustments_pb2.ListAdjustmentsResponse(
            adjustments=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read(*READERS)
    async def BatchListAdjustments(
        self, request: adjustments_pb2.BatchListAdjustmentsRequest, call: Call
    ) -> adjustments_pb2.BatchListAdjustmentsResponse:
        chosen = ADJUSTMENT.chosen(request.read_mask)
        page = call.page(request)
        groups = await queries.batch_list_by_customer(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            customer_ids=ids.many_from_text(
                "cus", request.customer_ids, field="customer_ids", at_most=PARENTS_MAX
            ),
            narrowed=to_filter(request.filter, scope=call.scope),
            order_by=_ORDERS.word(request.order_by) or AdjustmentOrder.OPERATE_TIME_DESC,
            page=page,
        )
        response = adjustments_pb2.BatchListAdjustmentsResponse()
        for customer_id, rows in groups.items():
            parent = ids.to_text("cus", customer_id)
            below = call.pages.below(page, "customer_id", parent)
            cut = call.pages.cut(below, rows, key=place)
            response.groups.add(
                customer_id=parent,
                adjustments=chosen.parts(cut.rows, now=call.now),
                next_page_token=cut.next_page_token,
                item_tokens=cut.item_tokens,
            )
        return response


async def _check_code(request: Request, call: Call) -> None:
    await verification_codes.check(
        call.session,
        principal=call.principal,
        operation=VerificationOperation.ADJUST,
        **to_answer(request),
        now=call.now,
    )


def _target(message: adjustments_pb2.AdjustmentTarget, *, field: str) -> Target:
    target = Target(
        wire.to_id(message, "customer_id", "cus", path=field),
        wire.to_id(message, "indirect_partner_id", "ptr", path=field),
    )
    if target == Target(None, None):
        raise InvalidArgument("must name a customer or a reseller", field=field)
    return target


def _targets(messages: Iterable[adjustments_pb2.AdjustmentTarget]) -> list[Target]:
    """Read targets in the order given, each once."""
    given = [_target(one, field=f"targets[{index}]") for index, one in enumerate(messages)]
    if not given:
        raise InvalidArgument("must name at least one target", field="targets")
    if len(given) > TARGETS_MAX:
        raise InvalidArgument(f"must name at most {TARGETS_MAX} targets", field="targets")
    return list(dict.fromkeys(given))


def _terms(request: Request) -> operations.Terms:
    return operations.Terms(
        kind=AdjustmentKind(KINDS.required_word(request.kind, field="kind")),
        amount=Money.from_message(request.amount, field="amount"),
        memo=wire.to_text(request, "memo"),
    )


def _result(
    allocated: operations.Allocated, *, now: datetime
) -> adjustments_pb2.BatchAllocateResponse.AllocatedAmount:
    result = adjustments_pb2.BatchAllocateResponse.AllocatedAmount(
        customer_id=wire.id_text("cus", allocated.target.customer_id),
        indirect_partner_id=wire.id_text("ptr", allocated.target.indirect_partner_id),
    )
    if allocated.adjustment is not None:
        made = ADJUSTMENT.everything.message_of(allocated.adjustment, now=now)
        result.adjustment.CopyFrom(made)
    if allocated.refusal is not None:
        result.error.reason = allocated.refusal.reason
        result.error.message = allocated.refusal.message
    return result
