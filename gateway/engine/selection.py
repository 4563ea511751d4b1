"""Merges what a document selects of one type of object: fragments opened, fields put together."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

# Directives that decide by a boolean, and the value with which they leave a selection in.
_DECIDING: Final = {"include": True, "skip": False}


@dataclass(frozen=True, slots=True)
class Selected:
    """A field of the answer: its key, and every place in the document that asks for it."""

    key: str
    nodes: tuple[FieldNode, ...]

    @property
    def name(self) -> str:
        return self.nodes[0].name.value

    @property
    def inside(self) -> list[SelectionSetNode]:
        return [node.selection_set for node in self.nodes if node.selection_set is not None]


class Selections:
    """The selections of one document, for one set of the booleans that `switches` names."""

    def __init__(
        self, document: DocumentNode, *, schema: GraphQLSchema, switches: Mapping[str, bool]
    ) -> None:
        self.schema = schema
        self._switches = switches
        self.fragments = fragments_of(document)

    def of(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> list[Selected]:
        """Give what is selected of objects of a type, in the order of the answer."""
        found: dict[str, list[FieldNode]] = {}
        opened: set[str] = set()
        for one in sets:
            self._collect(one, type_, found, opened)
        return [Selected(key, tuple(nodes)) for key, nodes in found.items()]

    def _collect(
        self,
        set_: SelectionSetNode,
        type_: GraphQLObjectType,
        found: dict[str, list[FieldNode]],
        opened: set[str],
    ) -> None:
        for node in set_.selections:
            if not self._is_in(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                if condition is None or self._is_of(type_, condition.name.value):
                    self._collect(node.selection_set, type_, found, opened)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in opened:
                opened.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if self._is_of(type_, fragment.type_condition.name.value):
                    self._collect(fragment.selection_set, type_, found, opened)

    def _is_of(self, type_: GraphQLObjectType, condition: str) -> bool:
        named = self.schema.get_type(condition)
        return named is type_ or (
            named is not None and is_abstract_type(named) and self.schema.is_sub_type(named, type_)
        )

    def _is_in(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            wanted = _DECIDING.get(directive.name.value)
            if wanted is not None and self._value(directive) is not wanted:
                return False
        return True

    def _value(self, directive: DirectiveNode) -> bool:
        value = _condition(directive)
        if isinstance(value, VariableNode):
            return self._switches[value.name.value]
        return isinstance(value, BooleanValueNode) and value.value


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }


def switches_of(document: DocumentNode, operation: OperationDefinitionNode) -> tuple[str, ...]:
    """Name the variables that decide, anywhere below an operation, what is selected."""
    names: dict[str, None] = {}
    fragments, opened = fragments_of(document), set[str]()
    waiting: list[SelectionSetNode] = [operation.selection_set]
    while waiting:
        for node in waiting.pop().selections:
            names.update(dict.fromkeys(_deciding_variables(node)))
            if isinstance(node, FragmentSpreadNode):
                if node.name.value not in opened:
                    opened.add(node.name.value)
                    waiting.append(fragments[node.name.value].selection_set)
            elif (inside := getattr(node, "selection_set", None)) is not None:
                waiting.append(inside)
    return tuple(sorted(names))


def _deciding_variables(node: SelectionNode) -> Iterator[str]:
    for directive in node.directives or ():
        if directive.name.value in _DECIDING:
            value = _condition(directive)
            if isinstance(value, VariableNode):
                yield value.name.value


def _condition(directive: DirectiveNode) -> Any:
    # The only argument, and a required one, as the validator has seen to.
    return next(iter(directive.arguments or ())).value
