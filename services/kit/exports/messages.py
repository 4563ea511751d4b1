"""Exports as messages; the message is each service's own, its fields are the same everywhere."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from partner.type.v1 import exports_pb2
from services.kit import ids, wire
from services.kit.exports.model import file_name
from services.kit.fields import Field, Fields

M = TypeVar("M", bound=Message)

KINDS: Final = wire.Words(exports_pb2.ExportKind, prefix="EXPORT_KIND_")
FORMATS: Final = wire.Words(exports_pb2.ExportFormat, prefix="EXPORT_FORMAT_")
STATES: Final = wire.Words(exports_pb2.ExportState, prefix="EXPORT_STATE_")


def export_fields(message: type[M], *, prefix: str) -> Fields[M]:
    """Declare how a service's message of an export is made of its columns."""
    to_text: Callable[[Any], str] = partial(ids.to_text, prefix)
    return Fields(
        message,
        id=Field(to_text),
        kind=Field(KINDS.number),
        format=Field(FORMATS.number),
        state=Field(STATES.number),
        rows_done=Field(),
        rows_total=Field(),
        file_name=Field(file_name, "kind", "format", "create_time"),
        sha256=Field(_hexadecimal),
        failure=Field(),
        create_time=Field(wire.time_parts),
        finish_time=Field(wire.time_parts),
        expire_time=Field(wire.time_parts),
    )


def _hexadecimal(digest: bytes | None) -> str | None:
    return None if digest is None else digest.hex()
