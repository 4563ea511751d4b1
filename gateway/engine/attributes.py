"""How generated code shows objects of this process itself, by their attributes."""

from collections.abc import Sequence

from graphql import (
    GraphQLObjectType,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_list_type,
    is_object_type,
)

from gateway.engine.code import Count, Shape, braces
from gateway.engine.execution import HandOver
from gateway.engine.leaves import words_of
from gateway.engine.plan import Place
from gateway.engine.selection import Selected
from gateway.engine.writer import Writer
from gateway.kit.fields import attribute_of, binding_of


def attributes(
    writer: Writer, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode], place: Place
) -> Shape:
    """Write an object whose fields are attributes of what stands at a place."""
    entries = [
        (each.key, _field(writer, type_, each, place)) for each in writer.selections.of(type_, sets)
    ]
    shape = braces(entries)
    return Shape(shape.text, Count(1) + shape.count, shape.binds)


def _field(writer: Writer, type_: GraphQLObjectType, selected: Selected, place: Place) -> Shape:
    if selected.name == "__typename" or binding_of(type_.fields[selected.name]) is not None:
        return writer.field(type_, selected, place)
    definition = type_.fields[selected.name]
    attribute = attribute_of(definition)
    if attribute is None:
        raise HandOver("resolver")
    value = f"{place.name}.{attribute}"
    named = get_named_type(definition.type)
    if is_object_type(named) and is_list_type(get_nullable_type(definition.type)):
        item = writer.draft.names.take(named.name)
        loop = f"for {item} in {value}"
        return attributes(writer, named, selected.inside, place.below(item, loop)).each([loop])
    if is_enum_type(named):
        return Shape(f"{writer.draft.tool(f'{named.name}_by_value', words_of(named))}[{value}]")
    return Shape(value)
