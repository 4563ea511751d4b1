"""Sends files of exports: the parts of a CSV file one after the other, or the workbook."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.kit.exports import csv_lines, operations, queries
from services.kit.exports.lists import Exports
from services.kit.exports.model import ExportFormat
from services.kit.streams import StreamCall

MEDIA_TYPES: Final = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be sent, and what its reader is told before it."""

    exports: Exports
    export: Any

    @classmethod
    async def of(cls, exports: Exports, call: StreamCall, *, id_: UUID) -> "Download":
        """Note that one of the caller's own exports is downloaded.

        :raises NotFound: where it is not theirs, or they may see less by now;
        :raises ExportNotReady: where there is no file yet, or none any more.
        """
        async with call.transaction() as session:
            export = await queries.get(session, exports.tables, principal=call.principal, id_=id_)
            export.refuse_without_file()
            await operations.note_download(
                session, exports.tables, export=export, principal=call.principal, now=call.now
            )
        return cls(exports, export)

    @property
    def header(self) -> dict[str, Any]:
        """Give the fields of the message that goes before the bytes."""
        export = self.export
        return {
            "file_name": export.file_name,
            "media_type": MEDIA_TYPES[ExportFormat(export.format)],
            "byte_count": export.byte_count,
            "sha256": export.sha256.hex(),
        }

    async def chunks(self) -> AsyncIterator[bytes]:
        storage, export = self.exports.storage, self.export
        if export.format == ExportFormat.XLSX:
            names = [export.workbook]
        else:
            yield csv_lines.opening(self.exports.chosen(export.listed).listed.columns)
            names = [export.part(number + 1) for number in range(export.part_count)]
        for name in names:
            async for chunk in storage.read(name):
                yield chunk
