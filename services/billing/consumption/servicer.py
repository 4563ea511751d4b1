"""The rpcs of ConsumptionService."""

from collections.abc import AsyncIterator
from typing import Final

from partner.billing.v1 import consumption_pb2, consumption_pb2_grpc
from services.billing.consumption import imports, operations, queries, sums
from services.billing.consumption.messages import (
    DETAIL,
    ORDERS,
    SETTINGS,
    SUMMARY,
    to_cycles,
    to_detail_filter,
    to_header,
    to_report,
    to_sum_filter,
)
from services.billing.peers import Customers
from services.kit import ids
from services.kit.database import Database
from services.kit.errors import InvalidArgument
from services.kit.fields import place
from services.kit.paging import PageTokens
from services.kit.replies import request_id_of
from services.kit.rpc import Call, Servicer, StreamCall, read, write, write_stream
from services.kit.wire import to_id

PARENTS_MAX: Final = 100
DETAILS_MAX: Final = 500
PIECE_BYTES_MAX: Final = 256 * 1024
ORDER_DEFAULT: Final = "CONSUME_TIME_DESC"


class ConsumptionServicer(Servicer, consumption_pb2_grpc.ConsumptionServiceServicer):
    def __init__(self, database: Database, pages: PageTokens, *, customers: Customers) -> None:
        super().__init__(database, pages)
        self._customers = customers

    @read()
    async def ListConsumptionDetails(
        self, request: consumption_pb2.ListConsumptionDetailsRequest, call: Call
    ) -> consumption_pb2.ListConsumptionDetailsResponse:
        chosen = DETAIL.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_details(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            narrowed=to_detail_filter(request.filter),
            order=ORDERS.word(request.order_by) or ORDER_DEFAULT,
            page=page,
            now=call.now,
        )
        cut = call.pages.cut(page, rows, key=place)
        return consumption_pb2.ListConsumptionDetailsResponse(
            details=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read()
    async def BatchListConsumptionDetails(
        self, request: consumption_pb2.BatchListConsumptionDetailsRequest, call: Call
    ) -> consumption_pb2.BatchListConsumptionDetailsResponse:
        chosen = DETAIL.chosen(request.read_mask)
        page = call.page(request)
        groups = await queries.batch_list_details(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            customer_ids=ids.many_from_text(
                "cus", request.customer_ids, field="customer_ids", at_most=PARENTS_MAX
            ),
            narrowed=to_detail_filter(request.filter),
            order=ORDERS.word(request.order_by) or ORDER_DEFAULT,
            page=page,
            now=call.now,
        )
        response = consumption_pb2.BatchListConsumptionDetailsResponse()
        for customer_id, rows in groups.items():
            text = ids.to_text("cus", customer_id)
            cut = call.pages.cut(call.pages.below(page, "customer_id", text), rows, key=place)
            response.groups.add(
                customer_id=text,
                details=chosen.parts(cut.rows, now=call.now),
                next_page_token=cut.next_page_token,
                item_tokens=cut.item_tokens,
            )
        return response

    @read()
    async def BatchGetConsumptionDetails(
        self, request: consumption_pb2.BatchGetConsumptionDetailsRequest, call: Call
    ) -> consumption_pb2.BatchGetConsumptionDetailsResponse:
        chosen = DETAIL.chosen(request.read_mask)
        found = await queries.batch_get_details(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            ids=ids.many_from_text("con", request.ids, field="ids", at_most=DETAILS_MAX),
            now=call.now,
        )
        return consumption_pb2.BatchGetConsumptionDetailsResponse(
            details=chosen.parts(found, now=call.now)
        )

    @read()
    async def ListConsumptionSummaries(
        self, request: consumption_pb2.ListConsumptionSummariesRequest, call: Call
    ) -> consumption_pb2.ListConsumptionSummariesResponse:
        chosen = SUMMARY.chosen(request.read_mask)
        page = call.page(request)
        rows = await sums.list_sums(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            narrowed=to_sum_filter(request.filter),
            page=page,
            now=call.now,
        )
        cut = call.pages.cut(page, rows, key=sums.place_of_sum)
        return consumption_pb2.ListConsumptionSummariesResponse(
            summaries=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read()
    async def BatchListConsumptionSummaries(
        self, request: consumption_pb2.BatchListConsumptionSummariesRequest, call: Call
    ) -> consumption_pb2.BatchListConsumptionSummariesResponse:
        chosen = SUMMARY.chosen(request.read_mask)
        groups = await sums.batch_list_monthly_sums(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            cycles=to_cycles(request),
            customer_ids=ids.many_from_text(
                "cus", request.customer_ids, field="customer_ids", at_most=PARENTS_MAX
            ),
            indirect_partner_id=to_id(request, "indirect_partner_id", "ptr"),
            now=call.now,
        )
        response = consumption_pb2.BatchListConsumptionSummariesResponse()
        for customer_id, rows in groups.items():
            response.groups.add(
                customer_id=ids.to_text("cus", customer_id),
                summaries=chosen.parts(rows, now=call.now),
            )
        return response

    @write_stream()
    async def ImportConsumption(
        self,
        request_iterator: AsyncIterator[consumption_pb2.ImportConsumptionRequest],
        call: StreamCall,
    ) -> consumption_pb2.ImportConsumptionResponse:
        first = await anext(request_iterator, None)
        if first is None or first.WhichOneof("piece") != "header":
            raise InvalidArgument("must come first", field="header")
        request_id_of(first.header)
        report = await imports.import_consumption(
            _pieces(request_iterator),
            header=to_header(first.header),
            transaction=call.transaction,
            customers=self._customers,
            principal=call.principal,
            now=call.now,
        )
        return to_report(report)

    @read()
    async def GetConsumptionSettings(
        self, request: consumption_pb2.GetConsumptionSettingsRequest, call: Call
    ) -> consumption_pb2.ConsumptionSettings:
        chosen = SETTINGS.chosen(request.read_mask)
        row = await queries.get_settings(call.session, scope=call.scope, columns=chosen.columns)
        return chosen.message(row, now=call.now)

    @write()
    async def UpdateConsumptionSettings(
        self, request: consumption_pb2.UpdateConsumptionSettingsRequest, call: Call
    ) -> consumption_pb2.ConsumptionSettings:
        said = request.settings
        months = said.history_months if said.HasField("history_months") else None
        settings = await operations.update_consumption_settings(
            call.session, scope=call.scope, history_months=months
        )
        return SETTINGS.everything.message_of(settings, now=call.now)


async def _pieces(
    requests: AsyncIterator[consumption_pb2.ImportConsumptionRequest],
) -> AsyncIterator[bytes]:
    async for request in requests:
        if request.WhichOneof("piece") != "data":
            raise InvalidArgument("must come once, first", field="header")
        if len(request.data) > PIECE_BYTES_MAX:
            raise InvalidArgument(f"must have at most {PIECE_BYTES_MAX} bytes", field="data")
        yield request.data
