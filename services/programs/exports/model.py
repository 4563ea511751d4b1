"""The tables of exports in programs."""

from typing import Final

from services.kit.exports.model import (
    ExportDownloadRow,
    ExportPartRow,
    ExportRow,
    ExportTables,
)
from services.programs.tables import ProgramsTable


class Export(ExportRow, ProgramsTable):
    __tablename__ = "exports"


class ExportPart(ExportPartRow, ProgramsTable):
    __tablename__ = "export_parts"


class ExportDownload(ExportDownloadRow, ProgramsTable):
    __tablename__ = "export_downloads"


TABLES: Final = ExportTables(Export, ExportPart, ExportDownload)
