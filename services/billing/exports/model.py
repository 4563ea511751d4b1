"""The tables of exports in billing."""

from typing import Final

from services.billing.tables import BillingTable
from services.kit.exports.model import (
    ExportDownloadRow,
    ExportPartRow,
    ExportRow,
    ExportTables,
)


class Export(ExportRow, BillingTable):
    __tablename__ = "exports"


class ExportPart(ExportPartRow, BillingTable):
    __tablename__ = "export_parts"


class ExportDownload(ExportDownloadRow, BillingTable):
    __tablename__ = "export_downloads"


TABLES: Final = ExportTables(Export, ExportPart, ExportDownload)
