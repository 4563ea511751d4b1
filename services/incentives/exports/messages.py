"""Exports as messages, and the lists of incentives that can be exported."""

from collections.abc import Mapping
from typing import Final

from partner.incentives.v1 import exports_pb2
from services.incentives.incentives.exports import INCENTIVES
from services.kit.exports.lists import Listed
from services.kit.exports.messages import export_fields

PREFIX: Final = "exi"

EXPORT: Final = export_fields(exports_pb2.Export, prefix=PREFIX)
# By the field of `ExportedList`.
LISTS: Final[Mapping[str, Listed]] = {
    "incentives": INCENTIVES,
}
