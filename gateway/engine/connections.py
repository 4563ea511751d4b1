"""How generated code shows a page of a list: its items, their cursors, where it ends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLObjectType, SelectionSetNode, get_named_type, is_object_type

from gateway.engine.code import Shape, braces
from gateway.engine.execution import HandOver
from gateway.engine.plan import Place
from gateway.engine.selection import Selected
from gateway.engine.writer import Writer
from gateway.kit.fields import attribute_of


@dataclass(frozen=True)
class PagePlace:
    """Where the pages of one connection stand: messages with items, tokens and the next token."""

    place: Place
    # The message's field that holds the items.
    items: str
    # An expression: whether the page was asked for with a cursor.
    went_on: str
    # Whether there is but one such page, below no other object.
    is_first_level: bool = False
    total: Callable[[], Shape] | None = None


def cursors(page: Any, items: Any) -> Any:
    """Give the items' cursors, which were asked for.

    A service that gives none at all says that there are none; fewer than items is a defect.
    """
    tokens = page.item_tokens or [""] * len(items)
    if len(tokens) != len(items):
        raise HandOver("cursors")
    return tokens


TOOLS: Final = {"cursors": cursors}


def connection(
    writer: Writer, type_: GraphQLObjectType, sets: list[SelectionSetNode], page: PagePlace
) -> Shape:
    """Write a connection; it counts for nothing but its items."""
    return braces(
        [
            (each.key, _field(writer, type_, each, page))
            for each in writer.selections.of(type_, sets)
        ]
    )


def _field(writer: Writer, type_: GraphQLObjectType, selected: Selected, page: PagePlace) -> Shape:
    if selected.name == "__typename":
        return Shape(f'"{type_.name}"')
    definition = type_.fields[selected.name]
    inside = get_named_type(definition.type)
    match attribute_of(definition):
        case "nodes" if is_object_type(inside):
            items = f"{page.place.name}.{page.items}"
            return writer.objects(
                inside, selected, page.place, items=items, is_first_level=page.is_first_level
            )
        case "edges" if is_object_type(inside):
            return _edges(writer, inside, selected, page)
        case "page_info" if is_object_type(inside):
            return _page_info(writer, inside, selected, page)
        case "total_count" if page.total is not None:
            return page.total()
        case _:
            raise HandOver("resolver")


def _edges(writer: Writer, type_: GraphQLObjectType, selected: Selected, page: PagePlace) -> Shape:
    fields = writer.selections.of(type_, selected.inside)
    node_type = get_named_type(type_.fields["node"].type)
    items = f"{page.place.name}.{page.items}"
    item, cursor = writer.draft.names.take(node_type.name), ""
    if any(each.name == "cursor" for each in fields):
        cursor = writer.draft.names.take("cursor")
    place = page.place.below(item, f"for {item} in {items}", masks=page.place.masks)
    entries = []
    for each in fields:
        if each.name == "node" and is_object_type(node_type):
            entries.append((each.key, writer.object(node_type, each.inside, place)))
        elif each.name == "cursor":
            entries.append((each.key, Shape(cursor)))
        else:
            entries.append((each.key, Shape(f'"{type_.name}"')))
    edge = braces(entries)
    count = edge.count.each(items, [f"for {item} in {items}"])
    if cursor:
        both = f"zip(cursors({page.place.name}, {items}), {items}, strict=True)"
        return Shape(edge.each([f"for {cursor}, {item} in {both}"]).text, count)
    return Shape(edge.each([f"for {item} in {items}"]).text, count)


def _page_info(
    writer: Writer, type_: GraphQLObjectType, selected: Selected, page: PagePlace
) -> Shape:
    name = page.place.name
    texts = {
        "__typename": f'"{type_.name}"',
        "hasNextPage": f"bool({name}.next_page_token)",
        "hasPreviousPage": page.went_on,
        "startCursor": f"{name}.item_tokens[0] if {name}.item_tokens else None",
        "endCursor": f"{name}.item_tokens[-1] if {name}.item_tokens else None",
    }
    fields = writer.selections.of(type_, selected.inside)
    return braces([(each.key, Shape(texts[each.name])) for each in fields])
