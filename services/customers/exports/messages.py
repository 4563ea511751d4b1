"""Exports as messages, and the lists of customers that can be exported."""

from collections.abc import Mapping
from typing import Final

from partner.customers.v1 import exports_pb2
from services.customers.customers.exports import CUSTOMERS
from services.customers.resources.exports import RESOURCES
from services.kit.exports.lists import Listed
from services.kit.exports.messages import export_fields

PREFIX: Final = "exc"

EXPORT: Final = export_fields(exports_pb2.Export, prefix=PREFIX)
# By the field of `ExportedList`.
LISTS: Final[Mapping[str, Listed]] = {
    "customers": CUSTOMERS,
    "resources": RESOURCES,
}
