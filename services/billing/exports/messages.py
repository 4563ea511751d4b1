"""Exports as messages, and the lists of billing that can be exported."""

from collections.abc import Mapping
from typing import Final

from partner.billing.v1 import exports_pb2
from services.billing.consumption.exports import CONSUMPTION_DETAILS, CONSUMPTION_SUMMARIES
from services.billing.vouchers.exports import VOUCHER_OPERATIONS, VOUCHERS
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
}
