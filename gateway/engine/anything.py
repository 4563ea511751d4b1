"""Nodes of any type: the prefix of an id decides which source is asked and which type is shown."""

from collections.abc import Sequence
from textwrap import indent
from typing import Any, Final

from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_abstract_type

from gateway.engine.code import Count, Shape
from gateway.engine.edges import identity_of, things_by_key
from gateway.engine.execution import HandOver
from gateway.engine.plan import Place
from gateway.engine.selection import Selected
from gateway.engine.values import Variables, arguments_of
from gateway.engine.writer import Way, Writer
from gateway.kit.fields import class_of
from gateway.kit.nodes import AnyNode, AnyNodes, refuse_many, thing_of
from gateway.kit.shows import shown


def _node(
    writer: Writer, binding: AnyNode, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    del binding
    arguments = arguments_of(definition, selected.nodes[0])

    def key(_: Any, variables: Variables) -> str:
        id_: str = arguments.values(variables)["id"]
        thing_of(id_, field="id")
        return id_

    name = writer.draft.given((selected.name, identity_of(arguments)), f"{selected.key}_id", key)
    return _anything(writer, selected, definition, place, key=name, loops=())


def _nodes(
    writer: Writer, binding: AnyNodes, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    del binding
    arguments = arguments_of(definition, selected.nodes[0])

    def keys(_: Any, variables: Variables) -> list[str]:
        ids: list[str] = arguments.values(variables)["ids"]
        refuse_many(ids)
        for index, id_ in enumerate(ids):
            thing_of(id_, field=f"ids[{index}]")
        return ids

    name = writer.draft.given((selected.name, identity_of(arguments)), f"{selected.key}_ids", keys)
    key = writer.draft.names.take(f"{selected.key}_id")
    loop = f"for {key} in {name}"
    return _anything(writer, selected, definition, place, key=key, loops=(loop,)).each([loop])


def _anything(
    writer: Writer,
    selected: Selected,
    definition: GraphQLField,
    place: Place,
    *,
    key: str,
    loops: Sequence[str],
) -> Shape:
    """Write one after the other for each type that there is, where a thing of it was found."""
    interface = get_named_type(definition.type)
    if not is_abstract_type(interface):
        raise HandOver("abstract")
    lines, count = [], Count()
    for type_ in writer.selections.schema.get_possible_types(interface):
        found, shape = _one_of(writer, type_, selected, place, key=key, loops=loops)
        lines += [shape.text, f"if {shape.binding(found)} else"]
        count += shape.count.where(found)
    inside = indent("\n".join([*lines, "None"]), "    ")
    return Shape(f"(\n{inside}\n)", count)


def _one_of(
    writer: Writer,
    type_: GraphQLObjectType,
    selected: Selected,
    place: Place,
    *,
    key: str,
    loops: Sequence[str],
) -> tuple[str, Shape]:
    """Give the condition that the thing is of a type, and how it is shown then."""
    draft = writer.draft
    thing = shown(class_of(type_), why=type_.name)
    source = things_by_key(draft, thing)
    keys = " ".join([key, *loops, f"{'if' if loops else ''}"]).strip()
    is_its = f'{key}.startswith("{thing.prefix}_")'
    keys = f"[{key} {' '.join(loops)} if {is_its}]" if loops else f"[{key}] if {is_its} else []"
    step = draft.ask(source, place, keys)
    item = draft.names.take(type_.name)
    found = f"({item} := {source.name}.get({key}))"
    loop = f"for {item} in ({source.name}.get({key}),) if {item}"
    below = place.below(item, *loops, loop, step=step, masks=(source.mask,))
    return found, writer.object(type_, selected.inside, below)


WAYS: Final[dict[type[Any], Way]] = {AnyNode: _node, AnyNodes: _nodes}
