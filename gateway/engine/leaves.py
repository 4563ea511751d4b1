"""How generated code reads a leaf: the same value as graphql-core would show, without its steps."""

from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp
from graphql import GraphQLEnumType, GraphQLNamedType, is_enum_type

from gateway.engine.code import Shape
from gateway.engine.draft import Draft
from gateway.engine.execution import HandOver
from gateway.kit.contract import Field
from gateway.kit.leaves import MESSAGE_LEAVES, Leaf
from gateway.kit.scalars import WHOLE, date_time_text

_INT_MAX: Final = 2**31 - 1
_EMPTY: Final = {
    FieldDescriptor.TYPE_STRING: '""',
    FieldDescriptor.TYPE_BOOL: "False",
    FieldDescriptor.TYPE_INT32: "0",
    FieldDescriptor.TYPE_INT64: "0",
}


def refuse_null() -> Any:
    """Stop building: there is nothing where the schema promises something."""
    raise HandOver("null")


def fitting(number: int) -> int:
    """Give a number of 64 bits that an Int of the graph can hold."""
    if not -_INT_MAX - 1 <= number <= _INT_MAX:
        raise HandOver("overflow")
    return number


def given(message: Any, name: str) -> str:
    """Tell an empty text in a message inside another from a message that is not there."""
    if message.HasField(name):
        return ""
    raise HandOver("null")


def moment(value: Timestamp) -> str | None:
    """Write a time, but not the first of 1970: one that is not there looks like it."""
    seconds = value.seconds
    if value.nanos:
        return date_time_text(value)
    return WHOLE[seconds] if seconds else None


# Names of what a query may bring are in lower case, so words of enums need no place here.
TOOLS: Final[dict[str, Any]] = {
    "null": refuse_null,
    "fitting": fitting,
    "given": given,
    "moment": moment,
    **{convert.__name__: convert for _, convert in MESSAGE_LEAVES.values()},
}


def leaf_of(leaf: Leaf, type_: GraphQLNamedType, source: str, *, draft: Draft) -> Shape:
    """Read a leaf of the message that `source` names; messages that are types are not leaves."""
    field, nullable = leaf.field, leaf.shape.nullable
    place = f"{source}.{field.name}"
    if field.is_repeated:
        item = draft.names.take(field.name.removesuffix("s"))
        text = _value(field, type_, item, nullable=False, draft=draft)
        return Shape(f"list({place})" if text == item else f"[{text} for {item} in {place}]")
    value = _value(field, type_, place, nullable=nullable, draft=draft)
    if not field.has_presence:
        return Shape(value)
    given = f'{source}.HasField("{field.name}")'
    absent = "None" if nullable else "null()"
    # Most optional texts and times are given and not empty: reading them says as much as asking.
    if value == place:
        return Shape(f"{place} or ({_EMPTY[field.type]} if {given} else {absent})")
    if value == f"{date_time_text.__name__}({place})":
        return Shape(f"moment({place}) or ({value} if {given} else {absent})")
    return Shape(f"{value} if {given} else {absent}")


def is_plain_text(leaf: Leaf) -> bool:
    """Tell whether a leaf is read as it is, a text that is never null."""
    field = leaf.field
    is_text = field.type == FieldDescriptor.TYPE_STRING and leaf.convert is None
    return is_text and not field.is_repeated and not field.has_presence


def _value(
    field: Field, type_: GraphQLNamedType, value: str, *, nullable: bool, draft: Draft
) -> str:
    """Convert one value, which is known to be there."""
    if is_enum_type(type_):
        return _word(field, type_, value, nullable=nullable, draft=draft)
    if field.message_type is not None:
        convert = MESSAGE_LEAVES[field.message_type.full_name][1]
        return f"{convert.__name__}({value})"
    return f"fitting({value})" if field.type == FieldDescriptor.TYPE_INT64 else value


def _word(field: Field, type_: GraphQLEnumType, value: str, *, nullable: bool, draft: Draft) -> str:
    """Write an enum's word; a number that the graph does not know is an error, as is no number."""
    if field.enum_type is None:
        # The word itself travels as text.
        words: dict[Any, Any] = {word: word for word in type_.values}
        name = draft.tool(f"{type_.name}_words", words)
        return f"{name}.get({value})" if nullable else f"{name}[{value}]"
    words = words_of(type_)
    if not nullable:
        return f"{draft.tool(type_.name, words)}[{value}]"
    return f"{draft.tool(f'{type_.name}_or_none', {0: None} | words)}[{value}]"


def words_of(type_: GraphQLEnumType) -> dict[Any, str]:
    """Give the words of an enum of the graph by the values that stand for them in messages."""
    return {getattr(each.value, "value", each.value): word for word, each in type_.values.items()}
