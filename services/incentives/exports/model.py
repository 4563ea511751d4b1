"""The tables of exports in incentives."""

from typing import Final

from services.incentives.tables import IncentivesTable
from services.kit.exports.model import (
    ExportDownloadRow,
    ExportPartRow,
    ExportRow,
    ExportTables,
)


class Export(ExportRow, IncentivesTable):
    __tablename__ = "exports"


class ExportPart(ExportPartRow, IncentivesTable):
    __tablename__ = "export_parts"


class ExportDownload(ExportDownloadRow, IncentivesTable):
    __tablename__ = "export_downloads"


TABLES: Final = ExportTables(Export, ExportPart, ExportDownload)
