"""Answers ExportService."""

from collections.abc import AsyncIterator
from typing import Final

from partner.programs.v1 import exports_pb2, exports_pb2_grpc
from services.kit import ids
from services.kit.database import Database
from services.kit.exports import operations, queries
from services.kit.exports.downloads import Download
from services.kit.exports.lists import Chosen, Exports
from services.kit.exports.messages import FORMATS, KINDS, STATES
from services.kit.exports.model import ExportFormat
from services.kit.fields import place
from services.kit.paging import PageTokens
from services.kit.rpc import Call, Servicer, read, write
from services.kit.streams import StreamCall, read_stream
from services.programs.exports.messages import EXPORT, PREFIX

BATCH_MAX: Final = 500


class ExportServicer(Servicer, exports_pb2_grpc.ExportServiceServicer):
    def __init__(self, database: Database, pages: PageTokens, *, exports: Exports) -> None:
        super().__init__(database, pages)
        self.exports = exports

    @write()
    async def CreateExport(
        self, request: exports_pb2.CreateExportRequest, call: Call
    ) -> exports_pb2.Export:
        chosen = Chosen.of(self.exports, request.list)
        chosen.refuse_other_roles(call.principal.role)
        await chosen.check(call.session, principal=call.principal, now=call.now)
        export = await operations.create_export(
            call.session,
            self.exports.tables,
            principal=call.principal,
            kind=chosen.kind,
            format_=FORMATS.word(request.format) or ExportFormat.CSV,
            listed=request.list.SerializeToString(),
            now=call.now,
        )
        return EXPORT.everything.message_of(export, now=call.now)

    @read()
    async def BatchGetExports(
        self, request: exports_pb2.BatchGetExportsRequest, call: Call
    ) -> exports_pb2.BatchGetExportsResponse:
        chosen = EXPORT.chosen(request.read_mask)
        rows = await queries.batch_get(
            call.session,
            self.exports.tables,
            principal=call.principal,
            columns=chosen.columns,
            ids=ids.many_from_text(PREFIX, request.ids, field="ids", at_most=BATCH_MAX),
        )
        return exports_pb2.BatchGetExportsResponse(exports=chosen.parts(rows, now=call.now))

    @read()
    async def ListExports(
        self, request: exports_pb2.ListExportsRequest, call: Call
    ) -> exports_pb2.ListExportsResponse:
        chosen = EXPORT.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_page(
            call.session,
            self.exports.tables,
            principal=call.principal,
            columns=chosen.columns,
            kinds=KINDS.required_words(request.filter.kinds, field="filter.kinds"),
            states=STATES.required_words(request.filter.states, field="filter.states"),
            page=page,
        )
        cut = call.pages.cut(page, rows, key=place)
        return exports_pb2.ListExportsResponse(
            exports=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read_stream()
    async def DownloadExport(
        self, request: exports_pb2.DownloadExportRequest, call: StreamCall
    ) -> AsyncIterator[exports_pb2.DownloadExportResponse]:
        id_ = ids.from_text(PREFIX, request.id, field="id")
        download = await Download.of(self.exports, call, id_=id_)
        header = exports_pb2.FileHeader(**download.header)
        yield exports_pb2.DownloadExportResponse(header=header)
        async for chunk in download.chunks():
            yield exports_pb2.DownloadExportResponse(data=chunk)
