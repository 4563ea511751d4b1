"""Files made of lists: exports of incentive lines (导出记录)."""

import strawberry

from gateway.exports import Export, ExportFormat, ExportKind, ExportState
from gateway.incentives.incentives import IncentiveFilter
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.pages import Connection
from gateway.kit.shows import shows
from gateway.kit.writes import Payload, answers, writing
from partner.incentives.v1 import exports_pb2

EXPORTS = rpcs(exports_pb2.DESCRIPTOR, "ExportService")
DOWNLOAD = EXPORTS["DownloadExport"]


@shows(exports_pb2.Export, get=EXPORTS["BatchGetExports"])
class IncentiveExport(Export):
    """Shows what all exports show."""


@takes(exports_pb2.ExportFilter)
class IncentiveExportFilter:
    kinds: list[ExportKind] | None
    states: list[ExportState] | None


@takes(exports_pb2.ExportedList)
class IncentiveExportedList:
    incentives: IncentiveFilter | None


@takes(exports_pb2.CreateExportRequest)
class CreateIncentiveExportInput:
    request_id: strawberry.ID
    format: ExportFormat | None
    list: IncentiveExportedList


@answers(EXPORTS["CreateExport"])
class CreateIncentiveExportPayload(Payload):
    export: IncentiveExport | None


@strawberry.type
class IncentiveExportQuery:
    incentive_exports: Connection[IncentiveExport] | None = listing(EXPORTS["ListExports"])


@strawberry.type
class IncentiveExportMutation:
    create_incentive_export: CreateIncentiveExportPayload | None = writing(
        EXPORTS["CreateExport"], CreateIncentiveExportInput
    )
