"""Files made of lists: exports of applications and memberships (导出记录)."""

import strawberry

from gateway.exports import Export, ExportFormat, ExportKind, ExportState
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.pages import Connection
from gateway.kit.shows import shows
from gateway.kit.writes import Payload, answers, writing
from gateway.programs.programs import ProgramApplicationFilter, ProgramMembershipFilter
from partner.programs.v1 import exports_pb2

EXPORTS = rpcs(exports_pb2.DESCRIPTOR, "ExportService")
DOWNLOAD = EXPORTS["DownloadExport"]


@shows(exports_pb2.Export, get=EXPORTS["BatchGetExports"])
class ProgramExport(Export):
    """Shows what all exports show."""


@takes(exports_pb2.ExportFilter)
class ProgramExportFilter:
    kinds: list[ExportKind] | None
    states: list[ExportState] | None


@takes(exports_pb2.ExportedList)
class ProgramExportedList:
    program_applications: ProgramApplicationFilter | None
    program_memberships: ProgramMembershipFilter | None


@takes(exports_pb2.CreateExportRequest)
class CreateProgramExportInput:
    request_id: strawberry.ID
    format: ExportFormat | None
    list: ProgramExportedList


@answers(EXPORTS["CreateExport"])
class CreateProgramExportPayload(Payload):
    export: ProgramExport | None


@strawberry.type
class ProgramExportQuery:
    program_exports: Connection[ProgramExport] | None = listing(EXPORTS["ListExports"])


@strawberry.type
class ProgramExportMutation:
    create_program_export: CreateProgramExportPayload | None = writing(
        EXPORTS["CreateExport"], CreateProgramExportInput
    )
