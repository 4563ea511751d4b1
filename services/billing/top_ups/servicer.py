"""Answers TopUpService."""

from typing import Any, Final
from uuid import UUID

from partner.billing.v1 import top_ups_pb2, top_ups_pb2_grpc
from services.billing.accounts.model import READERS
from services.billing.top_ups import operations, queries
from services.billing.top_ups.messages import CHANNELS, TOP_UP
from services.billing.top_ups.model import NoticeNotValid, Payment
from services.billing.top_ups.notices import ChannelKeys, Notice
from services.billing.top_ups.queries import TopUpFilter
from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from services.kit.fields import place
from services.kit.money import Money
from services.kit.rpc import Call, Servicer, read, write

BATCH_MAX: Final = 500


class TopUpServicer(Servicer, top_ups_pb2_grpc.TopUpServiceServicer):
    def __init__(self, *parts: Any, channel_keys: ChannelKeys) -> None:
        super().__init__(*parts)
        self._channel_keys = channel_keys

    @write()
    async def RecordTopUp(
        self, request: top_ups_pb2.RecordTopUpRequest, call: Call
    ) -> top_ups_pb2.TopUp:
        top_up_id = await operations.record_top_up(
            call.session,
            scope=call.scope,
            operator=call.principal.subject,
            payment=_payment(request),
            now=call.now,
        )
        return await _shown(call, top_up_id)

    @write()
    async def NotifyTopUp(
        self, request: top_ups_pb2.NotifyTopUpRequest, call: Call
    ) -> top_ups_pb2.TopUp:
        notice = _notice(request.notice)
        self._channel_keys.verify(notice, request.signature, now=call.now)
        if notice.partner_id != ids.to_text("ptr", call.scope.tenant_id):
            raise NoticeNotValid("the notice is not valid")
        top_up_id = await operations.record_top_up(
            call.session,
            scope=call.scope,
            operator=notice.channel,
            payment=Payment(
                channel=notice.channel,
                channel_number=notice.channel_number,
                amount=notice.amount,
                pay_time=notice.pay_time,
            ),
            now=call.now,
        )
        return await _shown(call, top_up_id)

    @read(*READERS)
    async def BatchGetTopUps(
        self, request: top_ups_pb2.BatchGetTopUpsRequest, call: Call
    ) -> top_ups_pb2.BatchGetTopUpsResponse:
        chosen = TOP_UP.chosen(request.read_mask)
        found = await queries.batch_get(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            ids=ids.many_from_text("tup", request.ids, field="ids", at_most=BATCH_MAX),
        )
        return top_ups_pb2.BatchGetTopUpsResponse(top_ups=chosen.parts(found, now=call.now))

    @read(*READERS)
    async def ListTopUps(
        self, request: top_ups_pb2.ListTopUpsRequest, call: Call
    ) -> top_ups_pb2.ListTopUpsResponse:
        chosen = TOP_UP.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_page(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            narrowed=_filter(request.filter),
            page=page,
        )
        cut = call.pages.cut(page, rows, key=place)
        return top_ups_pb2.ListTopUpsResponse(
            top_ups=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )


async def _shown(call: Call, top_up_id: UUID) -> top_ups_pb2.TopUp:
    (row,) = await queries.batch_get(
        call.session, scope=call.scope, columns=TOP_UP.everything.columns, ids=[top_up_id]
    )
    return TOP_UP.everything.message(row, now=call.now)


def _payment(request: top_ups_pb2.RecordTopUpRequest) -> Payment:
    return Payment(
        channel=CHANNELS.required_word(request.channel, field="channel"),
        channel_number=request.channel_number,
        amount=Money.from_message(request.amount, field="amount"),
        designated_amount=Money.from_message(request.designated_amount, field="designated_amount")
        if request.HasField("designated_amount")
        else None,
        earned_bonus=request.earned_bonus,
        pay_time=wire.to_time(request, "pay_time"),
        memo=wire.to_text(request, "memo"),
    )


def _notice(message: top_ups_pb2.TopUpNotice) -> Notice:
    times = {name: wire.to_time(message, name) for name in ("pay_time", "send_time")}
    for name, time in times.items():
        if time is None:
            raise InvalidArgument("must be given", field=f"notice.{name}")
    ids.refuse_wrong("ptr", message.partner_id, field="notice.partner_id")
    return Notice(
        partner_id=message.partner_id,
        channel=CHANNELS.required_word(message.channel, field="notice.channel"),
        channel_number=message.channel_number,
        amount=Money.from_message(message.amount, field="notice.amount"),
        **times,  # type: ignore[arg-type]
    )


def _filter(message: top_ups_pb2.TopUpFilter) -> TopUpFilter:
    return TopUpFilter(
        channels=CHANNELS.required_words(message.channels, field="filter.channels"),
        channel_number=wire.to_text(message, "channel_number"),
        pay_time=wire.to_time_range(message, "pay_time"),
    )
