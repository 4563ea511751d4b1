"""Files made of lists: exports of customers and their resources (导出记录)."""

import strawberry

from gateway.customers.customers import CustomerFilter
from gateway.customers.resources import ResourceFilter
from gateway.exports import Export, ExportFormat, ExportKind, ExportState
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.pages import Connection
from gateway.kit.shows import shows
from gateway.kit.writes import Payload, answers, writing
from partner.customers.v1 import exports_pb2

EXPORTS = rpcs(exports_pb2.DESCRIPTOR, "ExportService")
DOWNLOAD = EXPORTS["DownloadExport"]


@shows(exports_pb2.Export, get=EXPORTS["BatchGetExports"])
class CustomerExport(Export):
    """Shows what all exports show."""


@takes(exports_pb2.ExportFilter)
class CustomerExportFilter:
    kinds: list[ExportKind] | None
    states: list[ExportState] | None


@takes(exports_pb2.ExportedList)
class CustomerExportedList:
    customers: CustomerFilter | None
    resources: ResourceFilter | None


@takes(exports_pb2.CreateExportRequest)
class CreateCustomerExportInput:
    request_id: strawberry.ID
    format: ExportFormat | None
    list: CustomerExportedList


@answers(EXPORTS["CreateExport"])
class CreateCustomerExportPayload(Payload):
    export: CustomerExport | None


@strawberry.type
class CustomerExportQuery:
    customer_exports: Connection[CustomerExport] | None = listing(EXPORTS["ListExports"])


@strawberry.type
class CustomerExportMutation:
    create_customer_export: CreateCustomerExportPayload | None = writing(
        EXPORTS["CreateExport"], CreateCustomerExportInput
    )
