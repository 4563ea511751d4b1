"""Leaves: generated code shows what graphql-core shows, whatever a message holds."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    execute,
    get_named_type,
    is_leaf_type,
    parse,
)

from gateway.engine.draft import Draft
from gateway.engine.leaves import leaf_of
from gateway.engine.planner import TOOLS
from gateway.kit.fields import binding_of
from gateway.kit.leaves import KINDS, Leaf
from gateway.kit.shows import LeafBinding, shown_types
from tests.builders.differential import GRAPH
from tests.builders.things import Things

REFUSED = "refused"
UNKNOWN_NUMBER = 99
# What a service may send though nobody expects it.
ODD: dict[int, tuple[Any, ...]] = {
    FieldDescriptor.TYPE_STRING: ("", "NO_SUCH_WORD", "李明\n", "NaN"),
    FieldDescriptor.TYPE_BOOL: (False, True),
    FieldDescriptor.TYPE_INT32: (0, -1, 2**31 - 1, -(2**31)),
    FieldDescriptor.TYPE_INT64: (0, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1),
    FieldDescriptor.TYPE_ENUM: (0, 1, UNKNOWN_NUMBER),
}
ODD_MESSAGES: dict[str, tuple[dict[str, Any], ...]] = {
    "google.protobuf.Timestamp": (
        {},
        {"seconds": -1, "nanos": 999_999_999},
        {"seconds": 253_402_300_800},
        {"seconds": 10**14},
        {"seconds": 1, "nanos": -1},
    ),
    "google.type.Date": ({}, {"year": 2026, "month": 2, "day": 30}, {"year": 1, "month": 1}),
    "google.type.Decimal": ({}, {"value": "1E+3"}, {"value": "-0.00"}, {"value": "NaN"}),
}


class Shown(NamedTuple):
    """A leaf of the graph and where it is shown."""

    on: GraphQLObjectType
    name: str
    leaf: Leaf
    named: GraphQLNamedType
    message: type[Message]


def leaves() -> Iterator[Shown]:
    """Find every field of the graph that shows one value of a message, or a list of values."""
    for thing in shown_types():
        on = GRAPH.type_map[thing.cls.__name__]
        assert isinstance(on, GraphQLObjectType)
        for name, field in on.fields.items():
            binding, type_ = binding_of(field), get_named_type(field.type)
            if isinstance(binding, LeafBinding) and is_leaf_type(type_):
                yield Shown(on, name, binding.leaf, type_, thing.message)


LEAVES = tuple(leaves())


def test_the_graph_has_leaves_of_every_kind() -> None:
    fields = [each.leaf.field for each in LEAVES]

    assert {field.type for field in fields} == KINDS.keys()
    messages = {field.message_type.full_name for field in fields if field.message_type}
    assert {"google.protobuf.Timestamp", "google.type.Decimal"} <= messages <= ODD_MESSAGES.keys()
    assert {field.is_repeated for field in fields} == {field.has_presence for field in fields}


@pytest.mark.parametrize("seed", range(3))
def test_a_full_message_is_shown_alike(seed: int) -> None:
    things = Things(seed)
    differing = [
        (each.on.name, each.name, compiled(each, message), reference(each, message))
        for each in LEAVES
        for message in (things.thing(each.message, "a key"),)
        if compiled(each, message) != reference(each, message)
    ]

    assert not differing


def test_an_empty_message_is_shown_alike() -> None:
    found = [(compiled(each, each.message()), reference(each, each.message())) for each in LEAVES]

    assert [ours for ours, _ in found] == [theirs for _, theirs in found]
    assert any(ours == REFUSED for ours, _ in found)
    assert any(ours == "None" for ours, _ in found)


def test_an_odd_value_is_shown_alike_or_refused_by_both() -> None:
    refused, differing = 0, []
    for each in LEAVES:
        for message in odd_messages(each):
            ours, theirs = compiled(each, message), reference(each, message)
            refused += ours == REFUSED
            if ours != theirs:
                differing.append((each.on.name, each.name, ours, theirs))

    assert not differing
    assert refused


def odd_messages(shown: Shown) -> Iterator[Message]:
    """Make messages in which just the leaf's field is given, and odd."""
    field = shown.leaf.field
    kind = field.message_type.full_name if field.message_type else ""
    for value in ODD_MESSAGES[kind] if kind else ODD[field.type]:
        message = shown.message()
        if field.is_repeated:
            items = getattr(message, field.name)
            items.add(**value) if kind else items.append(value)
        elif kind:
            inner = getattr(message, field.name)
            inner.SetInParent()
            for name, part in value.items():
                setattr(inner, name, part)
        else:
            setattr(message, field.name, value)
        yield message


def compiled(shown: Shown, message: Message) -> str:
    """Give what generated code shows, as text, for 1 is not True in an answer."""
    code, names = code_of(shown)
    try:
        return repr(eval(code, names, {"message": message}))  # noqa: S307 - our own text
    except Exception:  # noqa: BLE001 - whatever it raises, the run hands over
        return REFUSED


@cache
def code_of(shown: Shown) -> tuple[Any, dict[str, Any]]:
    draft = Draft(tools=TOOLS)
    shape = leaf_of(shown.leaf, shown.named, "message", draft=draft)
    return compile(shape.text, shown.name, "eval"), dict(draft.tools)


def reference(shown: Shown, message: Message) -> str:
    """Give what graphql-core shows of a field, as text."""
    schema, document = question_of(shown)
    result: Any = execute(schema, document, root_value=message)
    return REFUSED if result.errors else repr(result.data[shown.name])


@cache
def question_of(shown: Shown) -> tuple[GraphQLSchema, Any]:
    return schema_of(shown.on), parse(f"{{ {shown.name} }}")


@cache
def schema_of(on: GraphQLObjectType) -> GraphQLSchema:
    """Make a graph of which this type is the root."""
    return GraphQLSchema(query=on)
