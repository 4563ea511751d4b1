"""Edges between things: what they ask, for all parents of a level at once, and what they show."""

from typing import Any, Final

from graphql import GraphQLField, is_non_null_type, print_ast

from gateway.engine.code import Shape
from gateway.engine.connections import PagePlace, connection
from gateway.engine.draft import Draft
from gateway.engine.execution import HandOver
from gateway.engine.masks import Mask
from gateway.engine.plan import Place
from gateway.engine.selection import Selected
from gateway.engine.sources import ByKey, ByParent, Requests
from gateway.engine.values import Arguments, arguments_of
from gateway.engine.writer import Way, Writer, object_type
from gateway.kit.contract import repeated_message
from gateway.kit.fields import class_of
from gateway.kit.kinds import is_connection
from gateway.kit.many import Many, repeated_in_group
from gateway.kit.nodes import One, Several
from gateway.kit.pages import want_cursors
from gateway.kit.shows import Shown, shown


def things_by_key(draft: Draft, thing: Shown) -> ByKey:
    """Give the source of the things of one type that are found by their ids."""
    rpc = thing.get
    if rpc is None:
        raise HandOver("resolver")

    def make(name: str) -> ByKey:
        source = ByKey(name, thing, rpc, Mask(thing.message.DESCRIPTOR))
        # The answer is sorted in by it.
        source.mask.use("id")
        return source

    return draft.source(rpc, thing.items, make)


def identity_of(arguments: Arguments) -> tuple[Any, ...]:
    """Tell arguments apart: by their values, or as they are written where variables are in them."""
    if not arguments.used:
        return (repr(sorted(arguments.constant.items())),)
    nodes = arguments.node.arguments or ()
    return tuple(sorted(print_ast(node) for node in nodes))


def _one(
    writer: Writer, binding: One, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    type_ = object_type(definition)
    source = things_by_key(writer.draft, shown(class_of(type_), why=selected.key))
    place.use(binding.key)
    key = f"{place.name}.{binding.key}"
    step = writer.draft.ask(source, place, f"[{' '.join([key, *place.loops])}]")
    name = writer.draft.names.take(selected.name)
    found = f"{source.name}.get({key})"
    loop = f"for {name} in ({found},) if {name}"
    below = place.below(name, loop, step=step, masks=(source.mask,))
    shape = writer.object(type_, selected.inside, below)
    otherwise = "null()" if is_non_null_type(definition.type) else "None"
    return shape.where(f"({name} := {found})", otherwise=otherwise)


def _several(
    writer: Writer, binding: Several, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    type_ = object_type(definition)
    source = things_by_key(writer.draft, shown(class_of(type_), why=selected.key))
    place.use(binding.key)
    keys = f"{place.name}.{binding.key}"
    key = writer.draft.names.take(binding.key.removesuffix("s"))
    step = writer.draft.ask(
        source, place, f"[{' '.join([key, *place.loops, f'for {key} in {keys}'])}]"
    )
    name = writer.draft.names.take(type_.name)
    loops = (f"for {key} in {keys}", f"for {name} in ({source.name}.get({key}),) if {name}")
    below = place.below(name, *loops, step=step, masks=(source.mask,))
    return writer.object(type_, selected.inside, below).each(loops)


def _many(
    writer: Writer, binding: Many, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    type_ = object_type(definition)
    arguments = arguments_of(definition, selected.nodes[0])
    source = _lists(writer, binding, selected, arguments)
    place.use("id")
    key = f"{place.name}.id"
    step = writer.draft.ask(source, place, f"[{' '.join([key, *place.loops])}]")
    name = writer.draft.names.take(f"{selected.key}_of_{place.name}")
    found = f"{source.name}.get({key})"
    loop = f"for {name} in ({found},) if {name}"
    below = place.below(name, loop, step=step, masks=(source.mask,))
    if is_connection(type_):
        went_on = _went_on(writer, source, arguments)
        page = PagePlace(below, binding.items, went_on)
        shape = connection(writer, type_, selected.inside, page)
    else:
        shape = writer.objects(type_, selected, below, items=f"{name}.{binding.items}")
    otherwise = "null()" if is_non_null_type(definition.type) else "None"
    return shape.where(f"({name} := {found})", otherwise=otherwise)


def _lists(writer: Writer, binding: Many, selected: Selected, arguments: Arguments) -> ByParent:
    """Give the source of the lists of an edge with these arguments."""
    group = repeated_message(binding.batch.response, why=selected.key).message_type
    mask = Mask(repeated_in_group(group, why=selected.key).message_type)

    def make(name: str) -> ByParent:
        return ByParent(name, binding, Requests(arguments), mask)

    identity = (binding.batch, identity_of(arguments))
    found = writer.draft.source(identity, selected.key, make)
    wanted = want_cursors(selected.nodes, writer.selections.fragments)
    found.with_cursors |= wanted
    found.asked_with.add(wanted)
    return found


def _went_on(writer: Writer, source: ByParent, arguments: Arguments) -> str:
    """Give an expression for whether a cursor was given: the first pages, or the one after."""
    if "after" not in {node.name.value for node in arguments.node.arguments or ()}:
        return "False"
    return writer.draft.given(
        (source, "after"),
        f"{source.name}_went_on",
        lambda _, variables: bool(source.after(variables)),
    )


WAYS: Final[dict[type[Any], Way]] = {One: _one, Several: _several, Many: _many}
