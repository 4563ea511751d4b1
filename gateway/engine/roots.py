"""Root fields: what each asks first, and where its objects stand then."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.message import Message
from graphql import GraphQLField, ObjectValueNode, print_ast

from gateway.engine.attributes import attributes
from gateway.engine.code import Shape
from gateway.engine.connections import PagePlace, connection
from gateway.engine.draft import Draft
from gateway.engine.edges import identity_of, things_by_key
from gateway.engine.execution import HandOver
from gateway.engine.masks import Mask
from gateway.engine.plan import Place
from gateway.engine.selection import Selected
from gateway.engine.sources import Requests, Whole
from gateway.engine.values import Arguments, Variables, arguments_of
from gateway.engine.writer import Way, Writer, object_type
from gateway.kit.choices import By
from gateway.kit.contract import repeated_message
from gateway.kit.fields import class_of
from gateway.kit.lists import Listing, Single
from gateway.kit.local import Local
from gateway.kit.nodes import ById, check_id
from gateway.kit.pages import want_cursors
from gateway.kit.shows import shown

ROOT: Final = Place("", (), frozenset())


def only(response: Any, items: str) -> Any:
    """Give the one thing that a search found, or none; several are an error."""
    found = getattr(response, items) if response is not None else ()
    if len(found) > 1:
        raise HandOver("several")
    return found[0] if found else None


TOOLS: Final = {"only": only}


def _listing(
    writer: Writer, binding: Listing, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    arguments = arguments_of(definition, selected.nodes[0])
    items = repeated_message(binding.rpc.response, why=selected.key)
    identity = identity_of(arguments)
    cursors: set[bool] = writer.draft.notes(("cursors", binding.rpc, identity), set)
    cursors.add(want_cursors(selected.nodes, writer.selections.fragments))

    def make(name: str) -> Whole:
        mask = Mask(items.message_type)

        def request(given: Mapping[str, Any]) -> Message:
            return mask.put(binding.rpc, binding.request(given, with_cursors=any(cursors)))

        return Whole(name, binding.rpc, _made(arguments, request), binding.asked.rename, mask)

    source = writer.draft.source((binding.rpc, identity), selected.key, make)
    step = writer.draft.ask(source, place)
    below = place.below(source.name, step=step, masks=(source.mask,) if source.mask else ())
    page = PagePlace(
        below,
        items.name,
        _went_on(writer.draft, arguments, source),
        is_first_level=True,
        total=lambda: _total(writer, binding, arguments, source),
    )
    return connection(writer, object_type(definition), selected.inside, page)


def _made(
    arguments: Arguments, make: Callable[[Mapping[str, Any]], Message]
) -> Callable[[Variables], Message]:
    """Make the function that gives the request for variables."""
    requests = Requests(arguments)
    return lambda variables: requests.of(variables, make)


def _total(writer: Writer, binding: Listing, arguments: Arguments, listed: Whole) -> Shape:
    rpc = binding.count
    if rpc is None:
        return Shape("None")

    def make(name: str) -> Whole:
        def request(given: Mapping[str, Any]) -> Message:
            return binding.count_request(binding.request(given, with_cursors=False))

        return Whole(name, rpc, _made(arguments, request), binding.asked.rename)

    # Pages of one list have the same number.
    filters = [node for node in arguments.node.arguments or () if node.name.value == "filter"]
    identity = (rpc, *(print_ast(node) for node in filters))
    source = writer.draft.source(identity, f"{listed.name}_count", make)
    writer.draft.ask(source, ROOT)
    return Shape(f"fitting({source.name}.total_count)")


def _went_on(draft: Draft, arguments: Arguments, source: Whole) -> str:
    if "after" not in {node.name.value for node in arguments.node.arguments or ()}:
        return "False"
    return draft.given(
        (source, "after"),
        f"{source.name}_went_on",
        lambda _, variables: bool(arguments.values(variables).get("after")),
    )


def _single(
    writer: Writer, binding: Single, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    arguments = arguments_of(definition, selected.nodes[0])

    def make(name: str) -> Whole:
        mask = Mask(binding.rpc.response.DESCRIPTOR)

        def request(given: Mapping[str, Any]) -> Message:
            return mask.put(binding.rpc, binding.asked.request(given))

        return Whole(name, binding.rpc, _made(arguments, request), binding.asked.rename, mask)

    source = writer.draft.source((binding.rpc, identity_of(arguments)), selected.key, make)
    step = writer.draft.ask(source, place)
    below = place.below(source.name, step=step, masks=(source.mask,) if source.mask else ())
    return writer.object(object_type(definition), selected.inside, below)


def _by_id(
    writer: Writer, binding: ById, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    del binding
    arguments = arguments_of(definition, selected.nodes[0])
    type_ = object_type(definition)
    thing = shown(class_of(type_), why=selected.key)

    def key(_: Any, variables: Variables) -> str:
        id_: str = arguments.values(variables)["id"]
        check_id(id_, thing.prefix, field="id")
        return id_

    name = writer.draft.given((selected.name, identity_of(arguments)), f"{selected.key}_id", key)
    source = things_by_key(writer.draft, thing)
    step = writer.draft.ask(source, place, f"[{name}]")
    item = writer.draft.names.take(selected.key)
    found = f"{source.name}.get({name})"
    below = place.below(
        item, f"for {item} in ({found},) if {item}", step=step, masks=(source.mask,)
    )
    return writer.object(type_, selected.inside, below).where(f"({item} := {found})")


def _by(
    writer: Writer, binding: By, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    """Find by an id, as edges do, or search; which of the two, the document or a variable says."""
    arguments = arguments_of(definition, selected.nodes[0])
    draft, identity = writer.draft, identity_of(arguments)
    type_ = object_type(definition)
    thing = shown(class_of(type_), why=selected.key)
    [argument] = arguments.node.arguments or [None]
    named = _names_in(argument)
    found, masks, steps = [], [], []
    if named is None or "id" in named:

        def key(_: Any, variables: Variables) -> str:
            id_: str = arguments.values(variables)["by"].get("id", "")
            if id_:
                check_id(id_, thing.prefix, field="by.id")
            return id_

        name = draft.given((selected.name, identity), f"{selected.key}_id", key)
        things = things_by_key(draft, thing)
        steps.append(draft.ask(things, place, f"[{name}]"))
        masks.append(things.mask)
        found.append(f"{things.name}.get({name})")
    if named is None or "id" not in named:
        search = _search(draft, binding, arguments, f"{selected.key}_search")
        steps.append(draft.ask(search, place))
        masks += [search.mask] if search.mask else []
        found.append(f'only({search.name}, "{binding.items}")')
    item = draft.names.take(selected.key)
    either = " or ".join(found)
    below = Place(item, (f"for {item} in ({either},) if {item}",), frozenset(steps), tuple(masks))
    return writer.object(type_, selected.inside, below).where(f"({item} := {either})")


def _search(draft: Draft, binding: By, arguments: Arguments, wish: str) -> Whole:
    def make(name: str) -> Whole:
        items = repeated_message(binding.rpc.response, why=name)
        mask = Mask(items.message_type)

        def request(variables: Variables) -> Message | None:
            by: Mapping[str, str] = arguments.values(variables)["by"]
            [(condition, value)] = by.items()
            if condition == "id":
                return None
            return mask.put(binding.rpc, binding.search_request(condition, value))

        return Whole(name, binding.rpc, request, binding.rename, mask)

    return draft.source((binding.rpc, "search", identity_of(arguments)), wish, make)


def _names_in(argument: Any) -> set[str] | None:
    """Name the fields of an input that the document writes; none where a variable holds it."""
    if argument is None or not isinstance(argument.value, ObjectValueNode):
        return None
    return {field.name.value for field in argument.value.fields}


def _local(
    writer: Writer, binding: Local, selected: Selected, definition: GraphQLField, place: Place
) -> Shape:
    name = writer.draft.given(binding, selected.name, lambda reading, _: binding.source(reading))
    return attributes(writer, object_type(definition), selected.inside, place.below(name))


WAYS: Final[dict[type[Any], Way]] = {
    Listing: _listing,
    Single: _single,
    ById: _by_id,
    By: _by,
    Local: _local,
}
