"""Connections: the types that show a page, and the page itself as it came from an rpc."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
)

from gateway.kit.loading import Info

Item = TypeVar("Item")

# Only these need a cursor for each item of the page.
_CURSORS: Final = (
    ("edges", "cursor"),
    ("pageInfo", "startCursor"),
    ("pageInfo", "endCursor"),
)


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether the list goes on after the page.")
    has_previous_page: bool = strawberry.field(
        description="Whether the page was asked for with a cursor to go on after."
    )
    start_cursor: str | None = strawberry.field(description="Cursor of the first item.")
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last item: `after` of the next page."
    )


@strawberry.type(description="An item of a page, and its place in the list.")
class Edge(Generic[Item]):
    cursor: str = strawberry.field(
        description="The item's place; holds only for the same list, filter, order and viewer."
    )
    node: Item = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[Item]):
    nodes: list[Item] = strawberry.field(description="The items of the page.")
    edges: list[Edge[Item]] = strawberry.field(description="The items with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in its list.")


class PageEdge:
    """The source of an `Edge`."""

    __slots__ = ("cursor", "node")

    def __init__(self, cursor: str, node: Any) -> None:
        self.cursor = cursor
        self.node = node


class Page:
    """The source of a `Connection` and of its `PageInfo`."""

    __slots__ = ("_count", "_tokens", "has_next_page", "has_previous_page", "nodes")

    def __init__(
        self,
        nodes: Sequence[Any],
        *,
        next_token: str,
        tokens: Sequence[str],
        went_on: bool,
        count: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        self.nodes = list(nodes)
        self.has_next_page = bool(next_token)
        self.has_previous_page = went_on
        self._tokens = tokens
        self._count = count

    @property
    def edges(self) -> list[PageEdge]:
        # Without cursors asked for, there are none.
        tokens = self._tokens or [""] * len(self.nodes)
        return [PageEdge(*both) for both in zip(tokens, self.nodes, strict=True)]

    @property
    def page_info(self) -> "Page":
        return self

    @property
    def start_cursor(self) -> str | None:
        return self._tokens[0] if self._tokens else None

    @property
    def end_cursor(self) -> str | None:
        return self._tokens[-1] if self._tokens else None

    @property
    def total_count(self) -> Awaitable[int] | None:
        return self._count() if self._count else None


def wants_cursors(info: Info) -> bool:
    """Tell whether the selection of a connection, fragments included, has a cursor in it."""
    return want_cursors(info.field_nodes, info.fragments)


def want_cursors(
    nodes: Sequence[FieldNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> bool:
    """Tell whether one of the nodes of a connection's field has a cursor in its selection."""
    return any(_selects(nodes, path, fragments) for path in _CURSORS)


def _selects(
    nodes: Sequence[FieldNode],
    path: tuple[str, ...],
    fragments: Mapping[str, FragmentDefinitionNode],
) -> bool:
    if not path:
        return bool(nodes)
    found: list[FieldNode] = []
    for node in nodes:
        _collect(node, path[0], fragments, found, seen=set())
    return _selects(found, path[1:], fragments)


def _collect(
    node: FieldNode | InlineFragmentNode | FragmentDefinitionNode,
    name: str,
    fragments: Mapping[str, FragmentDefinitionNode],
    found: list[FieldNode],
    *,
    seen: set[str],
) -> None:
    for selection in node.selection_set.selections if node.selection_set else ():
        if isinstance(selection, FieldNode):
            if selection.name.value == name:
                found.append(selection)
        elif isinstance(selection, InlineFragmentNode):
            _collect(selection, name, fragments, found, seen=seen)
        elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
            seen.add(selection.name.value)
            _collect(fragments[selection.name.value], name, fragments, found, seen=seen)
