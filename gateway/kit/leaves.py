"""Reads one field of a message for the graph; how is chosen once, when the type is declared."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import strawberry
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, decimal_pb2

from gateway.kit import scalars, words
from gateway.kit.contract import BindingRefused, Field, resource_of
from gateway.kit.shapes import Shape

Convert = Callable[[Any], Any]

KINDS: Final = {
    FieldDescriptor.TYPE_STRING: "text",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_INT32: "int",
    FieldDescriptor.TYPE_INT64: "int",
    FieldDescriptor.TYPE_ENUM: "enum",
    FieldDescriptor.TYPE_MESSAGE: "message",
}
# The leaves that are messages on the wire: full name → the graph's scalar, how it is written.
MESSAGE_LEAVES: Final[dict[str, tuple[Any, Convert]]] = {
    Timestamp.DESCRIPTOR.full_name: (scalars.DateTime, scalars.date_time_text),
    date_pb2.Date.DESCRIPTOR.full_name: (scalars.Date, scalars.date_text),
    decimal_pb2.Decimal.DESCRIPTOR.full_name: (scalars.Decimal, scalars.decimal_text),
}
# Written on classes by `shows`: the message behind them.
SHOWN_MESSAGE: Final = "__shown_message__"


@dataclass(frozen=True)
class Leaf:
    """A field of the source message, shown under its own name."""

    field: Field
    shape: Shape
    # What makes one value (or one item of many) fit for the graph; none where it fits already.
    convert: Convert | None
    read: Callable[[Any], Any]


def leaf(field: Field, shape: Shape, *, why: str) -> Leaf:
    """Decide how a field is read.

    :raises BindingRefused: where field and annotation are of different kinds.
    """
    if field.is_repeated != shape.many:
        raise BindingRefused(f"{why}: {field.full_name} and the annotation differ in how many")
    convert = _conversion(field, shape.type, why=why)
    _check_nullability(field, shape, why=why)
    return Leaf(field, shape, convert, _reader(field, convert))


def check_kind(field: Field, type_: Any, *, why: str) -> None:
    """Hold a type of the graph against a field of the contract, in either direction.

    :raises BindingRefused: naming both.
    """
    kind = KINDS.get(field.type)
    if kind == "text":
        is_id = resource_of(field) != "" or field.name == "request_id"
        # Exact numbers travel as text, too.
        fits = type_ is strawberry.ID if is_id else type_ in (str, scalars.Decimal)
    elif kind in ("bool", "int"):
        fits = type_ is {"bool": bool, "int": int}[kind]
    elif kind == "enum":
        fits = type_ is words.words_of(field.enum_type)
    elif field.message_type.full_name in MESSAGE_LEAVES:
        fits = type_ is MESSAGE_LEAVES[field.message_type.full_name][0]
    else:
        fits = getattr(type_, SHOWN_MESSAGE, None) is field.message_type
    if not fits:
        name = getattr(type_, "__name__", type_)
        raise BindingRefused(f"{why}: {field.full_name} is of another kind than {name}")


def _conversion(field: Field, type_: Any, *, why: str) -> Convert | None:
    if field.type == FieldDescriptor.TYPE_STRING and _is_words(type_):
        # A word of the contract that travels as text: its number is the graph's value.
        return words.numbers_by_word(type_).get
    check_kind(field, type_, why=why)
    if field.enum_type is not None:
        return _numbers(field).__getitem__
    if field.message_type is not None and field.message_type.full_name in MESSAGE_LEAVES:
        return MESSAGE_LEAVES[field.message_type.full_name][1]
    return None


def _is_words(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, Enum)


def _numbers(field: Field) -> dict[int, int | None]:
    """Give the numbers that the graph knows; any other is a newer service's, and an error."""
    return {value.number: value.number or None for value in field.enum_type.values}


def _check_nullability(field: Field, shape: Shape, *, why: str) -> None:
    if field.is_repeated or field.message_type is not None or field.enum_type is not None:
        may = True, not field.is_repeated
    else:
        may = not field.has_presence, field.has_presence
    required_fits, nullable_fits = may
    if shape.nullable and not nullable_fits:
        raise BindingRefused(f"{why}: {field.full_name} always has a value, so it is never null")
    if not shape.nullable and not required_fits:
        raise BindingRefused(f"{why}: {field.full_name} may be unset, so it may be null")


def _reader(field: Field, convert: Convert | None) -> Callable[[Any], Any]:
    name = field.name
    if field.is_repeated:
        if convert is None:
            return lambda source: list(getattr(source, name))
        return lambda source: [convert(item) for item in getattr(source, name)]
    if field.has_presence:
        if convert is None:
            return lambda source: getattr(source, name) if source.HasField(name) else None
        return lambda source: convert(getattr(source, name)) if source.HasField(name) else None
    if convert is None:
        return lambda source: getattr(source, name)
    return lambda source: convert(getattr(source, name))
