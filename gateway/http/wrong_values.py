"""Which argument or variable holds the value that the schema refuses, for `extensions.field`."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLError,
    Node,
    ObjectFieldNode,
    ValueNode,
    VariableDefinitionNode,
    Visitor,
    visit,
)

# What the executor says of a variable; nothing but its words tells where inside it.
_WITHIN: Final = re.compile(r"Variable '\$\w+' has invalid value at \.?(\S+):")


def name_arguments(errors: Sequence[GraphQLError], *, document: DocumentNode) -> None:
    """Name in each error of the validator the argument at fault, like `filter.states[1]`."""
    blamed = {id(error.nodes[0]): error for error in errors if error.nodes}
    finder = _Finder({*blamed})
    visit(document, finder)
    for node, path in finder.found:
        error = blamed[id(node)]
        error.extensions = {**(error.extensions or {}), "field": path}


def variable_of(error: GraphQLError) -> str | None:
    """Name the variable that the executor refuses, with the place inside it, if it is one."""
    node = error.nodes[0] if error.nodes else None
    if error.path is not None or not isinstance(node, VariableDefinitionNode):
        return None
    name = node.variable.name.value
    within = _WITHIN.match(error.message)
    if within is None:
        return name
    joint = "" if within[1].startswith("[") else "."
    return f"{name}{joint}{within[1]}"


class _Finder(Visitor):
    """Walks a document once and notes the paths of the nodes that are asked for."""

    def __init__(self, wanted: set[int]) -> None:
        super().__init__()
        self.wanted = wanted
        self.found: list[tuple[Node, str]] = []

    def enter(
        self,
        node: Node,
        _key: Any,
        parent: Any,
        _path: list[Any],
        ancestors: list[Any],
    ) -> None:
        is_value = isinstance(node, ValueNode | ArgumentNode | ObjectFieldNode)
        if is_value and id(node) in self.wanted:
            path = _path_of([*ancestors, parent, node])
            if path:
                self.found.append((node, path))


def _path_of(way: Sequence[Any]) -> str:
    """Write the way through a document from its argument on; empty where it has none.

    Between a node and one of its many stands their list.
    """
    path = ""
    for above, here in pairwise(way):
        if isinstance(here, ArgumentNode):
            path = here.name.value
        elif path and isinstance(here, ObjectFieldNode):
            path += f".{here.name.value}"
        elif path and isinstance(here, ValueNode) and isinstance(above, tuple | list):
            path += f"[{_index(above, here)}]"
    return path


def _index(items: Sequence[Node], item: Node) -> int:
    return next(index for index, each in enumerate(items) if each is item)
