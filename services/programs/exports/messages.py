"""Exports as messages, and the lists of programs that can be exported."""

from collections.abc import Mapping
from typing import Final

from partner.programs.v1 import exports_pb2
from services.kit.exports.lists import Listed
from services.kit.exports.messages import export_fields
from services.programs.programs.exports import PROGRAM_APPLICATIONS, PROGRAM_MEMBERSHIPS

PREFIX: Final = "exg"

EXPORT: Final = export_fields(exports_pb2.Export, prefix=PREFIX)
# By the field of `ExportedList`.
LISTS: Final[Mapping[str, Listed]] = {
    "program_applications": PROGRAM_APPLICATIONS,
    "program_memberships": PROGRAM_MEMBERSHIPS,
}
