"""The tables of exports in customers."""

from typing import Final

from services.customers.tables import CustomersTable
from services.kit.exports.model import (
    ExportDownloadRow,
    ExportPartRow,
    ExportRow,
    ExportTables,
)


class Export(ExportRow, CustomersTable):
    __tablename__ = "exports"


class ExportPart(ExportPartRow, CustomersTable):
    __tablename__ = "export_parts"


class ExportDownload(ExportDownloadRow, CustomersTable):
    __tablename__ = "export_downloads"


TABLES: Final = ExportTables(Export, ExportPart, ExportDownload)
