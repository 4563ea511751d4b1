"""Measures a parsed document in one linear pass: how deep, how wide, and how many objects it asks.

Fragments are measured once and remembered, so a chain of fragments that double each other costs
as much to measure as to write down. The pass runs before validation: it must take any document.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    ValueNode,
    VariableNode,
    get_named_type,
)

from gateway.kit.kinds import is_connection, is_list, is_value
from gateway.settings import Limits

# Nesting of any kind, introspection and fragments included. It bounds the recursion, and no
# document that a person or a client library writes comes near it.
NESTING_MAX = 100
# Longer numbers are no Int, as the validator will say.
INT_LENGTH_MAX = 11


class NestedTooDeeply(Exception):
    """The document nests further than is worth measuring."""


@dataclass(slots=True)
class Measure:
    """What a selection set amounts to once its fragments are expanded."""

    depth: int = 0
    fields: int = 0
    selections: int = 0
    # Fields written again beside themselves: validation compares each with each.
    repeats: int = 0
    aliases: int = 0
    directives: int = 0
    # Objects, and objects for each item of the page that the enclosing connection returns.
    cost: int = 0
    cost_per_item: int = 0

    def add(self, other: "Measure") -> None:
        """Take in what stands beside."""
        self.depth = max(self.depth, other.depth)
        self.fields += other.fields
        self.selections += other.selections
        self.repeats += other.repeats
        self.aliases += other.aliases
        self.directives += other.directives
        self.cost += other.cost
        self.cost_per_item += other.cost_per_item


class Measuring:
    """One pass over one document, for one of its operations and the variables of one request."""

    def __init__(
        self,
        document: DocumentNode,
        *,
        chosen: OperationDefinitionNode,
        schema: GraphQLSchema,
        limits: Limits,
        variables: Mapping[str, Any],
    ) -> None:
        self.document = document
        self.chosen = chosen
        self.schema = schema
        self.limits = limits
        self.variables = {**_defaults(chosen), **variables}
        # Variables that decide the size of a page or of a list.
        self.sizing: set[str] = set()
        # Response keys of objects that cost nothing: connections, edges, plain values.
        self.free_keys: set[str] = set()
        self.incremental = False
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure] = {}

    def operations(self) -> Iterator[tuple[OperationDefinitionNode, Measure]]:
        """Measure the chosen operation and then all others, which share its fragments.

        :raises NestedTooDeeply: when it is not worth going on.
        """
        yield self.chosen, self._operation(self.chosen)
        for definition in self.document.definitions:
            if isinstance(definition, OperationDefinitionNode) and definition is not self.chosen:
                yield definition, self._operation(definition)

    def fragments(self) -> Iterator[Measure]:
        """Measure every fragment, those included that no operation uses."""
        for name in self._fragments:
            yield self._fragment(name, nesting=0)

    def _operation(self, node: OperationDefinitionNode) -> Measure:
        root = self.schema.get_root_type(node.operation)
        measure = self._selection_set(node.selection_set, root, nesting=0)
        self._count_directives(measure, node)
        for variable in node.variable_definitions or ():
            self._count_directives(measure, variable)
        return measure

    def _selection_set(
        self,
        node: SelectionSetNode | None,
        parent: GraphQLNamedType | None,
        *,
        nesting: int,
        beside: set[tuple[str, str]] | None = None,
    ) -> Measure:
        """Measure what stands in braces; `beside` knows the fields that stood there before."""
        if nesting > NESTING_MAX:
            raise NestedTooDeeply
        total = Measure()
        beside = set() if beside is None else beside
        for selection in node.selections if node else ():
            if isinstance(selection, FieldNode):
                measure = self._field(selection, parent, nesting=nesting + 1)
                key = (parent.name if parent else "", _response_key(selection))
                measure.repeats += key in beside
                beside.add(key)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                narrowed = self.schema.get_type(condition.name.value) if condition else parent
                measure = self._selection_set(
                    selection.selection_set, narrowed, nesting=nesting + 1, beside=beside
                )
            elif isinstance(selection, FragmentSpreadNode):
                measure = self._fragment(selection.name.value, nesting=nesting + 1)
            else:  # pragma: no cover  # the grammar knows no fourth kind
                continue
            total.add(measure)
            total.selections += 1
            self._count_directives(total, selection)
        return total

    def _fragment(self, name: str, *, nesting: int) -> Measure:
        if (known := self._measured.get(name)) is not None:
            return known
        definition = self._fragments.get(name)
        # Stands for the fragment while it is being measured: one that spreads itself ends here,
        # and the validator says what is wrong with it.
        self._measured[name] = Measure()
        if definition is None:
            return self._measured[name]
        measure = self._selection_set(
            definition.selection_set,
            self.schema.get_type(definition.type_condition.name.value),
            nesting=nesting,
        )
        self._count_directives(measure, definition)
        self._measured[name] = measure
        return measure

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, *, nesting: int) -> Measure:
        definition = self._definition(node.name.value, parent)
        named = get_named_type(definition.type) if definition else None
        inner = self._selection_set(node.selection_set, named, nesting=nesting)
        introspects = named is not None and named.name.startswith("__")
        measure = Measure(
            depth=0 if introspects else 1 + inner.depth,
            fields=1,
            selections=inner.selections,
            repeats=inner.repeats,
            aliases=inner.aliases + (node.alias is not None),
            directives=inner.directives,
        )
        if definition and node.selection_set and not introspects:
            self._charge(measure, inner, node=node, definition=definition, parent=parent)
        return measure

    def _charge(
        self,
        measure: Measure,
        inner: Measure,
        *,
        node: FieldNode,
        definition: GraphQLField,
        parent: GraphQLNamedType | None,
    ) -> None:
        named = get_named_type(definition.type)
        key = _response_key(node)
        if is_connection(named):
            # The page is fetched even if only its cursors or its end are asked for.
            size = self._size(node, definition, otherwise=self.limits.page_size_default)
            measure.cost = inner.cost + size * max(1, inner.cost_per_item)
            self.free_keys.add(key)
        elif is_list(definition):
            if parent is not None and is_connection(parent):
                is_edge = "cursor" in getattr(named, "fields", ())
                measure.cost_per_item = inner.cost + (not is_edge)
                if is_edge:
                    self.free_keys.add(key)
                return
            size = self._size(node, definition, otherwise=self.limits.list_size)
            measure.cost = size * (1 + inner.cost)
        elif is_value(named):
            self.free_keys.add(key)
        else:
            measure.cost = 1 + inner.cost

    def _definition(self, name: str, parent: GraphQLNamedType | None) -> GraphQLField | None:
        if parent is self.schema.query_type:
            if name == "__schema":
                return SchemaMetaFieldDef
            if name == "__type":
                return TypeMetaFieldDef
        fields: Mapping[str, GraphQLField] = getattr(parent, "fields", {})
        return fields.get(name)

    def _size(self, node: FieldNode, definition: GraphQLField, *, otherwise: int) -> int:
        for argument in node.arguments or ():
            name = argument.name.value
            if name not in ("first", "ids") or name not in definition.args:
                continue
            size = self._size_of(argument.value)
            if size is not None:
                # A page size out of bounds is refused by its own field, with a better text.
                bound = self.limits.page_size_max if name == "first" else size
                return min(max(size, 0), bound)
        return otherwise

    def _size_of(self, node: ValueNode) -> int | None:
        if isinstance(node, IntValueNode):
            return int(node.value[:INT_LENGTH_MAX])
        if isinstance(node, ListValueNode):
            return len(node.values)
        if isinstance(node, VariableNode):
            self.sizing.add(node.name.value)
            return size_of(self.variables.get(node.name.value))
        return None

    def _count_directives(self, measure: Measure, node: Any) -> None:
        for directive in node.directives or ():
            measure.directives += 1
            if directive.name.value in ("defer", "stream"):
                self.incremental = True


def size_of(value: object) -> int | None:
    """Tell what a variable says about a size, if anything."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return len(value) if isinstance(value, list) else None


def count_objects(value: object, *, free_keys: frozenset[str], counts: bool = False) -> int:
    """Count the objects of an answer as `Measuring` counts those of a question."""
    if isinstance(value, list):
        return sum(
            count_objects(item, free_keys=free_keys, counts=counts)
            for item in value
            if isinstance(item, dict | list)
        )
    if not isinstance(value, dict):
        return 0
    return int(counts) + sum(
        count_objects(item, free_keys=free_keys, counts=key not in free_keys)
        for key, item in value.items()
        if isinstance(item, dict | list)
    )


def _response_key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def _defaults(node: OperationDefinitionNode) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    for variable in node.variable_definitions or ():
        name, default = variable.variable.name.value, variable.default_value
        if isinstance(default, IntValueNode):
            defaults[name] = int(default.value[:INT_LENGTH_MAX])
        elif isinstance(default, ListValueNode):
            defaults[name] = list(default.values)
    return defaults
