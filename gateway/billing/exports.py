"""Files made of lists: exports of funds, vouchers and consumption (导出记录)."""

import strawberry

from gateway.billing.adjustments import AdjustmentFilter
from gateway.billing.consumption import ConsumptionFilter, ConsumptionSummaryFilter
from gateway.billing.payments import PaymentFilter
from gateway.billing.statements import StatementEntryFilter
from gateway.billing.vouchers import VoucherFilter, VoucherOperationFilter
from gateway.billing.withdrawals import WithdrawalFilter
from gateway.exports import Export, ExportFormat, ExportKind, ExportState
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.pages import Connection
from gateway.kit.shows import shows
from gateway.kit.writes import Payload, answers, writing
from partner.billing.v1 import exports_pb2

EXPORTS = rpcs(exports_pb2.DESCRIPTOR, "ExportService")
DOWNLOAD = EXPORTS["DownloadExport"]


@shows(exports_pb2.Export, get=EXPORTS["BatchGetExports"])
class BillingExport(Export):
    """Shows what all exports show."""


@takes(exports_pb2.ExportFilter)
class BillingExportFilter:
    kinds: list[ExportKind] | None
    states: list[ExportState] | None


@takes(exports_pb2.ExportedList)
class BillingExportedList:
    consumption_details: ConsumptionFilter | None
    consumption_summaries: ConsumptionSummaryFilter | None
    vouchers: VoucherFilter | None
    voucher_operations: VoucherOperationFilter | None
    adjustments: AdjustmentFilter | None
    statement_entries: StatementEntryFilter | None
    withdrawals: WithdrawalFilter | None
    payments: PaymentFilter | None


@takes(exports_pb2.CreateExportRequest)
class CreateBillingExportInput:
    request_id: strawberry.ID
    format: ExportFormat | None
    list: BillingExportedList


@answers(EXPORTS["CreateExport"])
class CreateBillingExportPayload(Payload):
    export: BillingExport | None


@strawberry.type
class BillingExportQuery:
    billing_exports: Connection[BillingExport] | None = listing(EXPORTS["ListExports"])


@strawberry.type
class BillingExportMutation:
    create_billing_export: CreateBillingExportPayload | None = writing(
        EXPORTS["CreateExport"], CreateBillingExportInput
    )
