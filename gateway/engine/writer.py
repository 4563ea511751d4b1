"""Writes the code that builds the objects of a selection, wherever they come from."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
    is_object_type,
)

from gateway.engine.code import Count, Shape, braces
from gateway.engine.draft import Draft
from gateway.engine.execution import HandOver
from gateway.engine.leaves import is_plain_text, leaf_of
from gateway.engine.plan import Place
from gateway.engine.selection import Selected, Selections
from gateway.kit.fields import attribute_of, binding_of
from gateway.kit.kinds import is_value
from gateway.kit.leaves import Leaf
from gateway.kit.shows import LeafBinding

Way = Callable[["Writer", Any, Selected, GraphQLField, Place], Shape]
"""How a field with a certain binding is written, for objects that stand at a place."""


class Writer:
    """Goes through the selections, and writes each field in the way of its binding."""

    def __init__(
        self, draft: Draft, selections: Selections, *, ways: Mapping[type[Any], Way]
    ) -> None:
        self.draft = draft
        self.selections = selections
        self._ways: dict[type[Any], Way] = {LeafBinding: _leaf, **ways}

    def object(
        self, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode], place: Place
    ) -> Shape:
        """Write one object, which counts as one unless it is a value like money."""
        entries = [
            (each.key, self.field(type_, each, place)) for each in self.selections.of(type_, sets)
        ]
        shape = braces(entries)
        own = Count() if is_value(type_) else Count(1)
        return Shape(shape.text, own + shape.count, shape.binds)

    def field(self, type_: GraphQLObjectType, selected: Selected, place: Place) -> Shape:
        if selected.name == "__typename":
            return Shape(f'"{type_.name}"')
        definition = type_.fields[selected.name]
        if attribute_of(definition) == "id":
            # The interface of nodes declares it, and every node's message has it.
            place.use("id")
            return Shape(f"{place.name}.id")
        binding: Any = binding_of(definition)
        way = self._ways.get(type(binding))
        if way is None:
            raise HandOver("resolver")
        return way(self, binding, selected, definition, place)

    def objects(
        self,
        type_: GraphQLObjectType,
        selected: Selected,
        place: Place,
        *,
        items: str,
        is_first_level: bool = False,
    ) -> Shape:
        """Write a list of objects, which are the items of a message's field."""
        item = self.draft.names.take(type_.name)
        loop = f"for {item} in {items}"
        inside = place.below(item, loop, masks=place.masks)
        shape = self.object(type_, selected.inside, inside)
        if is_value(type_):
            # In a list, values count as well.
            shape = Shape(shape.text, Count(1) + shape.count, shape.binds)
        if is_first_level:
            wish = f"{place.name}_{selected.key}"
            return self.draft.hoist(wish, shape, item=item, items=items)
        return shape.each([loop], items=items)


def object_type(definition: GraphQLField) -> GraphQLObjectType:
    """Give the type of a field's objects.

    :raises HandOver: where they are of several types.
    """
    named = get_named_type(definition.type)
    if not is_object_type(named):
        raise HandOver("abstract")
    return named


def _leaf(
    writer: Writer, binding: LeafBinding, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    place.use(binding.leaf.field.name)
    return message_field(writer, binding.leaf, selected, definition, place)


def message_field(
    writer: Writer, leaf: Leaf, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    """Write a field of a message: a leaf, or the objects that messages inside it are."""
    named = get_named_type(definition.type)
    if is_leaf_type(named):
        shape = leaf_of(leaf, named, place.name, draft=writer.draft)
        if place.proof and is_plain_text(leaf):
            return Shape(f"{shape.text} or {place.proof.pop()}")
        return shape
    type_ = object_type(definition)
    source = f"{place.name}.{leaf.field.name}"
    if leaf.field.is_repeated:
        # Read with the message that they are in: they have no mask of their own.
        return writer.objects(type_, selected, place.below(place.name), items=source)
    name = writer.draft.names.take(leaf.field.name)
    given = f'{place.name}.HasField("{leaf.field.name}")'
    below = place.below(name, f"for {name} in ({source},) if {given}")
    if leaf.shape.nullable:
        shape = writer.object(type_, selected.inside, below)
        return shape.where(f"{given} and ({name} := {source})")
    # A text that is not empty says as much as asking first, and is read anyway.
    below.proof.append(f'given({place.name}, "{leaf.field.name}")')
    shape = writer.object(type_, selected.inside, below)
    if below.proof:
        return shape.where(f"{given} and ({name} := {source})", otherwise="null()")
    return Shape(shape.text, shape.count, ((name, source), *shape.binds))
