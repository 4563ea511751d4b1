"""The rpcs of IncentiveService."""

from functools import partial
from typing import Any, Final

from partner.incentives.v1 import incentives_pb2, incentives_pb2_grpc
from services.incentives.incentives import operations, queries
from services.incentives.incentives.messages import (
    ASSOCIATION_TYPES,
    CHARGING_MODES,
    ORDERS,
    STATES,
    to_filter,
)
from services.incentives.incentives.model import one_currency
from services.kit import ids
from services.kit.fields import Field, Fields, place
from services.kit.masking import mask_name
from services.kit.money import Money, decimal_from_text
from services.kit.rpc import Call, Servicer, read, write
from services.kit.wire import (
    decimal_parts,
    id_text,
    money_parts,
    time_parts,
    to_id,
    to_text,
)

_OPTIONAL_TEXTS: Final = (
    "order_number",
    "customer_name",
    "customer_account_name",
    "indirect_partner_name",
    "account_manager_name",
    "service_type_name",
    "freeze_reason",
)


# The names of the customer are masked.
INCENTIVE: Final = Fields(
    incentives_pb2.Incentive,
    id=Field(partial(ids.to_text, "inc")),
    incentive_bill_id=Field(partial(id_text, "inb")),
    year=Field(),
    period=Field(),
    plan_name=Field(),
    order_number=Field(),
    customer_id=Field(partial(ids.to_text, "cus")),
    customer_name=Field(mask_name),
    customer_account_name=Field(mask_name),
    partner_id=Field(partial(ids.to_text, "ptr")),
    indirect_partner_id=Field(partial(id_text, "ptr")),
    indirect_partner_name=Field(),
    account_manager_id=Field(partial(id_text, "mgr")),
    account_manager_name=Field(),
    service_type_code=Field(),
    service_type_name=Field(),
    association_type=Field(ASSOCIATION_TYPES.number),
    charging_mode=Field(CHARGING_MODES.number),
    consumption_amount=Field(money_parts, "consumption_amount", "currency_code"),
    performance_amount=Field(money_parts, "performance_amount", "currency_code"),
    rate=Field(decimal_parts),
    amount=Field(money_parts, "amount", "currency_code"),
    state=Field(STATES.number),
    frozen=Field(),
    freeze_reason=Field(),
    create_time=Field(time_parts),
)


class IncentiveServicer(Servicer, incentives_pb2_grpc.IncentiveServiceServicer):
    @read()
    async def BatchGetIncentives(
        self, request: incentives_pb2.BatchGetIncentivesRequest, call: Call
    ) -> incentives_pb2.BatchGetIncentivesResponse:
        chosen = INCENTIVE.chosen(request.read_mask)
        found = await queries.batch_get(
            call.session,
            scope=call.scope,
            ids=ids.many_from_text("inc", request.ids, field="ids", at_most=500),
            columns=chosen.columns,
        )
        return incentives_pb2.BatchGetIncentivesResponse(
            incentives=chosen.parts(found, now=call.now)
        )

    @read()
    async def ListIncentives(
        self, request: incentives_pb2.ListIncentivesRequest, call: Call
    ) -> incentives_pb2.ListIncentivesResponse:
        chosen, page = INCENTIVE.chosen(request.read_mask), call.page(request)
        rows = await queries.list_incentives(
            call.session,
            scope=call.scope,
            narrowed=to_filter(request.filter),
            order=order_of(request),
            page=page,
            columns=chosen.columns,
        )
        cut = call.pages.cut(page, rows, key=place)
        return incentives_pb2.ListIncentivesResponse(
            incentives=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read()
    async def BatchListIncentives(
        self, request: incentives_pb2.BatchListIncentivesRequest, call: Call
    ) -> incentives_pb2.BatchListIncentivesResponse:
        chosen, page = INCENTIVE.chosen(request.read_mask), call.page(request)
        groups = await queries.batch_list_by_customer(
            call.session,
            scope=call.scope,
            customer_ids=ids.many_from_text(
                "cus", request.customer_ids, field="customer_ids", at_most=100
            ),
            narrowed=to_filter(request.filter),
            order=order_of(request),
            page=page,
            columns=chosen.columns,
        )
        response = incentives_pb2.BatchListIncentivesResponse()
        for customer_id, rows in groups.items():
            text = ids.to_text("cus", customer_id)
            below = call.pages.below(page, "customer_id", text)
            cut = call.pages.cut(below, rows, key=place)
            response.groups.add(
                customer_id=text,
                incentives=chosen.parts(cut.rows, now=call.now),
                next_page_token=cut.next_page_token,
                item_tokens=cut.item_tokens,
            )
        return response

    @read()
    async def SumIncentives(
        self, request: incentives_pb2.SumIncentivesRequest, call: Call
    ) -> incentives_pb2.SumIncentivesResponse:
        count, amounts = await queries.sum_incentives(
            call.session, scope=call.scope, narrowed=to_filter(request.filter)
        )
        return incentives_pb2.SumIncentivesResponse(
            total_count=count, amounts=[money.to_message() for money in amounts]
        )

    @write()
    async def RecordIncentives(
        self, request: incentives_pb2.RecordIncentivesRequest, call: Call
    ) -> incentives_pb2.RecordIncentivesResponse:
        lines = [
            to_line(message, path=f"incentives[{index}]")
            for index, message in enumerate(request.incentives)
        ]
        recorded = await operations.record_incentives(
            call.session, scope=call.scope, lines=lines, now=call.now
        )
        return incentives_pb2.RecordIncentivesResponse(
            incentives=[INCENTIVE.everything.message_of(line, now=call.now) for line in recorded]
        )


def order_of(
    request: incentives_pb2.ListIncentivesRequest | incentives_pb2.BatchListIncentivesRequest,
) -> str:
    return ORDERS.word(request.order_by) or "CREATE_TIME_DESC"


def to_line(message: incentives_pb2.Incentive, *, path: str) -> dict[str, Any]:
    """Read a line as columns of Incentive; its id and times are not the caller's to say."""
    amounts = {
        name: Money.from_message(getattr(message, name), field=f"{path}.{name}")
        for name in ("consumption_amount", "performance_amount", "amount")
    }
    partner = message.partner_id
    return {
        "incentive_bill_id": to_id(message, "incentive_bill_id", "inb", path=path),
        "year": message.year,
        "period": message.period,
        "plan_name": message.plan_name,
        "customer_id": ids.from_text("cus", message.customer_id, field=f"{path}.customer_id"),
        "partner_id": ids.from_text("ptr", partner, field=f"{path}.partner_id")
        if partner
        else None,
        "indirect_partner_id": to_id(message, "indirect_partner_id", "ptr", path=path),
        "account_manager_id": to_id(message, "account_manager_id", "mgr", path=path),
        "service_type_code": message.service_type_code,
        "association_type": ASSOCIATION_TYPES.required_word(
            message.association_type, field=f"{path}.association_type"
        ),
        "charging_mode": CHARGING_MODES.required_word(
            message.charging_mode, field=f"{path}.charging_mode"
        ),
        "currency_code": one_currency(*amounts.values(), field=f"{path}.amount.currency_code"),
        "rate": decimal_from_text(message.rate.value, field=f"{path}.rate"),
        "state": STATES.required_word(message.state, field=f"{path}.state"),
        "frozen": message.frozen,
        **{name: money.amount for name, money in amounts.items()},
        **{name: to_text(message, name) for name in _OPTIONAL_TEXTS},
    }
