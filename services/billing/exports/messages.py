"""Exports as messages, and the lists of billing that can be exported."""

from collections.abc import Mapping
from typing import Final

from partner.billing.v1 import exports_pb2
from services.billing.adjustments.exports import ADJUSTMENTS
from services.billing.consumption.exports import CONSUMPTION_DETAILS, CONSUMPTION_SUMMARIES
from services.billing.payments.exports import PAYMENTS
from services.billing.statements.exports import STATEMENT_ENTRIES
from services.billing.voucher_operations.exports import VOUCHER_OPERATIONS
from services.billing.vouchers.exports import VOUCHERS
from services.billing.withdrawals.exports import WITHDRAWALS
from services.kit.exports.lists import Listed
from services.kit.exports.messages import export_fields

PREFIX: Final = "exb"

EXPORT: Final = export_fields(exports_pb2.Export, prefix=PREFIX)
# By the field of `ExportedList`.
LISTS: Final[Mapping[str, Listed]] = {
    "consumption_details": CONSUMPTION_DETAILS,
    "consumption_summaries": CONSUMPTION_SUMMARIES,
    "vouchers": VOUCHERS,
    "voucher_operations": VOUCHER_OPERATIONS,
    "adjustments": ADJUSTMENTS,
    "statement_entries": STATEMENT_ENTRIES,
    "withdrawals": WITHDRAWALS,
    "payments": PAYMENTS,
}
