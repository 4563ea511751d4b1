"""Writes documents that ask the graph in every way the language has."""

from collections.abc import Sequence
from random import Random
from typing import Final

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    parse,
    print_ast,
)

from gateway.engine.reference import core_schema
from gateway.schema import schema
from tests.builders.argument_values import Values
from tests.builders.differential import Case
from tests.builders.document_variables import Variables

GRAPH: Final = core_schema(schema)
# Parts of an answer without which a list or a payload shows nothing.
WRAPPERS: Final = ("Connection", "Edge", "Payload", "PageInfo")
FAVOURITES: Final = ("customers", "customers", "customer", "node", "nodes", "me", "vouchers")
INTROSPECTION: Final = (
    "__schema { queryType { name } directives { name } }",
    '__type(name: "Customer") { kind name fields { name type { kind name } } }',
    '__type(name: "Nothing") { name }',
)
SECOND: Final = "query Second { me { subject } }"
SIZES: Final = (10, 20, 35, 60)

Composite = GraphQLObjectType | GraphQLInterfaceType


class Writer:
    """Writes one document."""

    def __init__(self, roll: Random, *, careless: bool) -> None:
        self.values = Values(roll, careless=careless)
        self.variables = Variables(self.values)
        self.roll = roll
        self.fields_left = roll.choice(SIZES)
        self.aliases = 0
        # By the type that they are on.
        self.fragments: dict[str, list[str]] = {}
        self.definitions: list[str] = []
        # What a field is asked with wherever it has no alias, so that fields can be merged.
        self.arguments: dict[tuple[str, str], str] = {}
        self.root = ""
        # Into how many lists the way from the root has gone.
        self.lists = 0

    def case(self, *, is_mutation: bool) -> Case:
        kind = "mutation" if is_mutation else "query"
        body = self._mutation() if is_mutation else self._query()
        name = f"{kind.title()}Of" if self.values.happens(50) else ""
        head = f"{kind} {name}{self.variables.header()}"
        if not is_mutation and not name and not self.variables.definitions:
            head = ""
        parts = [f"{head} {body}", *self.definitions]
        has_second = bool(name) and self.values.happens(6)
        if has_second:
            parts.insert(self.roll.randrange(len(parts) + 1), SECOND)
        text = print_ast(parse("\n".join(parts)))
        return Case(text, self.variables.given, name if has_second else None)

    def _mutation(self) -> str:
        mutation = GRAPH.mutation_type
        assert mutation is not None
        self.root = self.roll.choice(list(mutation.fields))
        field = self._field(mutation, self.root, mutation.fields[self.root], depth=2)
        return "{ " + field + (" __typename" if self.values.happens(20) else "") + " }"

    def _query(self) -> str:
        query = GRAPH.query_type
        assert query is not None
        parts = []
        for _ in range(self.roll.choice((1, 1, 1, 2, 3))):
            names = FAVOURITES if self.values.happens(50) else list(query.fields)
            self.root = self.roll.choice(names)
            field = query.fields[self.root]
            parts.append(self._field(query, self.root, field, depth=self.roll.choice((1, 2, 2, 3))))
        if self.values.happens(10):
            parts.append("__typename")
        if self.values.happens(3):
            parts.append(self.roll.choice(INTROSPECTION))
        return self._braced(query, parts)

    def _field(
        self, on: Composite, name: str, field: GraphQLField, *, depth: int, alias: bool = False
    ) -> str:
        self.fields_left -= 1
        alias = alias or self.values.happens(15)
        coordinate = (on.name, name)
        arguments = self.arguments.get(coordinate)
        if arguments is None or (alias and self.values.happens(60)):
            arguments = self._arguments(on, field)
            self.arguments.setdefault(coordinate, arguments)
        written = f"{self._alias()}: {name}{arguments}" if alias else f"{name}{arguments}"
        if self.values.happens(6):
            written += f" {self.variables.directive()}"
        named = get_named_type(field.type)
        if is_leaf_type(named):
            return written
        assert isinstance(named, GraphQLObjectType | GraphQLInterfaceType)
        self.lists += is_list_type(get_nullable_type(field.type))
        selection = self._selection(named, depth=depth)
        self.lists -= is_list_type(get_nullable_type(field.type))
        return f"{written} {selection}"

    def _arguments(self, on: Composite, field: GraphQLField) -> str:
        is_below = on.name == "Customer"
        written = []
        for name, one in field.args.items():
            if not (is_required_argument(one) or self._is_given(name, is_below=is_below)):
                continue
            value = self.variables.written(
                one.type,
                name,
                has_default=one.default_value is not Undefined,
                root=self.root,
                is_below=is_below,
            )
            written.append(f"{name}: {value}")
        return f"({', '.join(written)})" if written else ""

    def _is_given(self, name: str, *, is_below: bool) -> bool:
        if name == "first":
            return self.values.happens(85)
        if name == "after" and is_below:
            # Several lists can not go on after one cursor.
            return self.values.slips(60) if self.lists else self.values.happens(40)
        return self.values.happens(30)

    def _selection(self, on: Composite, *, depth: int) -> str:
        if isinstance(on, GraphQLInterfaceType):
            return self._braced(on, self._abstract(on, depth=depth))
        return self._braced(on, self._parts(on, depth=depth))

    def _parts(
        self, on: Composite, *, depth: int, clashing: frozenset[str] = frozenset()
    ) -> list[str]:
        leaves = [name for name, one in on.fields.items() if is_leaf_type(get_named_type(one.type))]
        inner = [name for name in on.fields if name not in leaves and self._may_enter(on, depth)]
        wanted = self.roll.randint(1, 4)
        chosen = self.roll.sample(leaves, min(len(leaves), wanted))
        if inner:
            entered = self._entered(on, inner)
            # Again, for what is selected below to be merged.
            entered += [name for name in entered if self.values.happens(12)]
            chosen += entered
        below = depth if on.name.endswith(WRAPPERS) else depth - 1
        parts = [
            self._field(on, name, on.fields[name], depth=below, alias=name in clashing)
            for name in chosen
        ]
        if not parts or self.values.happens(15):
            parts.append(
                "__typename" if self.values.happens(70) else f"{self._alias()}: __typename"
            )
        self.roll.shuffle(parts)
        return parts

    def _entered(self, on: Composite, inner: Sequence[str]) -> list[str]:
        """Choose the objects to go into; a list is asked for its items above all."""
        if "nodes" in inner:
            chances = {"nodes": 70, "edges": 40, "pageInfo": 25}
            return [each for each in inner if self.values.happens(chances[each])] or ["nodes"]
        many = 1 if on.name.endswith(WRAPPERS) else self.roll.choice((0, 1, 2, 3, 4))
        return self.roll.sample(inner, min(len(inner), many))

    def _may_enter(self, on: Composite, depth: int) -> bool:
        return on.name.endswith(WRAPPERS) or (depth > 0 and self.fields_left > 0)

    def _abstract(self, on: GraphQLInterfaceType, *, depth: int) -> list[str]:
        """Select what an interface has, and what some of its types have."""
        parts = [name for name in ("id", "message", "field") if name in on.fields]
        parts = [name for name in parts if self.values.happens(60)]
        if "metadata" in on.fields and self.values.happens(40):
            parts.append("metadata { key value }")
        types = list(GRAPH.get_possible_types(on))
        for each in self.roll.sample(types, min(len(types), self.roll.choice((0, 1, 2, 4)))):
            inner = self._parts(each, depth=depth, clashing=CLASHING)
            parts.append(self._fragment(each, inner, has_condition=True))
        if not parts or self.values.happens(40):
            parts.append("__typename")
        return parts

    def _braced(self, on: Composite, parts: list[str]) -> str:
        """Put parts in braces, some of them in a fragment first."""
        if len(parts) > 1 and self.values.happens(15):
            cut = self.roll.randrange(1, len(parts))
            fragment = self._fragment(on, parts[cut:], has_condition=self.values.happens(50))
            parts = [*parts[:cut], fragment]
        known = self.fragments.get(on.name)
        if known and self.values.happens(40):
            parts = [*parts, f"...{self.roll.choice(known)}{self._directive()}"]
        if isinstance(on, GraphQLObjectType) and _is_node(on) and self.values.happens(8):
            parts = [*parts, f"... on Node{self._directive()} {{ id }}"]
        return "{ " + " ".join(parts) + " }"

    def _fragment(self, on: Composite, parts: Sequence[str], *, has_condition: bool) -> str:
        body = "{ " + " ".join(parts) + " }"
        if self.values.happens(40):
            name = f"F{len(self.definitions) + 1}"
            self.definitions.append(f"fragment {name} on {on.name} {body}")
            self.fragments.setdefault(on.name, []).append(name)
            return f"...{name}{self._directive()}"
        condition = f" on {on.name}" if has_condition else ""
        return f"...{condition}{self._directive()} {body}"

    def _directive(self) -> str:
        return f" {self.variables.directive()}" if self.values.happens(12) else ""

    def _alias(self) -> str:
        self.aliases += 1
        return f"a{self.aliases}"


def _is_node(on: GraphQLObjectType) -> bool:
    return any(each.name == "Node" for each in on.interfaces)


def _clashing() -> frozenset[str]:
    """Name the fields that stand for different types on different nodes: they need aliases."""
    node = GRAPH.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    found: dict[str, set[str]] = {}
    for on in GRAPH.get_possible_types(node):
        for name, one in on.fields.items():
            found.setdefault(name, set()).add(str(one.type))
    return frozenset(name for name, types in found.items() if len(types) > 1)


CLASHING: Final = _clashing()
