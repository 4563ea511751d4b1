"""Mutations: the write itself, and how its payload shows the response or why it was refused."""

from typing import Any, Final

from graphql import GraphQLField, GraphQLObjectType, is_object_type

from gateway.engine.attributes import attributes
from gateway.engine.code import Count, Shape, braces
from gateway.engine.execution import HandOver
from gateway.engine.plan import Place
from gateway.engine.selection import Selected
from gateway.engine.sources import Written
from gateway.engine.values import arguments_of
from gateway.engine.writer import Way, Writer, message_field, object_type
from gateway.kit.fields import attribute_of, binding_of
from gateway.kit.writes import ResponseLeaf, Write


def _write(
    writer: Writer, binding: Write, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    arguments = arguments_of(definition, selected.nodes[0])
    source = writer.draft.source(
        ("write", selected.key), selected.key, lambda name: Written(name, binding, arguments)
    )
    step = writer.draft.ask(source, place)
    below = place.below(source.name, step=step)
    type_ = object_type(definition)
    entries = [
        (each.key, _field(writer, binding, type_, each, below))
        for each in writer.selections.of(type_, selected.inside)
    ]
    shape = braces(entries)
    return Shape(shape.text, Count(1) + shape.count, shape.binds)


def _field(
    writer: Writer, write: Write, type_: GraphQLObjectType, selected: Selected, place: Place
) -> Shape:
    if selected.name == "__typename":
        return Shape(f'"{type_.name}"')
    definition = type_.fields[selected.name]
    binding = binding_of(definition)
    if isinstance(binding, ResponseLeaf):
        return _result(writer, binding, selected, definition, place)
    if attribute_of(definition) != "user_errors":
        raise HandOver("resolver")
    refused = writer.selections.schema.get_type(write.refusals.type_name)
    if not is_object_type(refused):
        raise HandOver("abstract")
    item = writer.draft.names.take("error")
    loop = f"for {item} in {place.name}.user_errors"
    return attributes(writer, refused, selected.inside, place.below(item, loop)).each([loop])


def _result(
    writer: Writer,
    binding: ResponseLeaf,
    selected: Selected,
    definition: GraphQLField,
    place: Place,
) -> Shape:
    """Show the response or a field of it; there is none where the business refused."""
    name = writer.draft.names.take("response")
    found = f"{place.name}.response"
    below = place.below(name, f"for {name} in ({found},) if {name}")
    if binding.leaf is None:
        shape = writer.object(object_type(definition), selected.inside, below)
    else:
        shape = message_field(writer, binding.leaf, selected, definition, below)
    return shape.where(f"({name} := {found})")


WAYS: Final[dict[type[Any], Way]] = {Write: _write}
