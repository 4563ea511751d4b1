"""Documents that put the graph to the test, each a pure function of a number.

Half of them are drawn by hypothesis-graphql, half are written by our own writer, which knows what
that one does not: aliases, fragments, directives and variables.
"""

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any, Final

from graphql import (
    REMOVE,
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    Node,
    ObjectFieldNode,
    StringValueNode,
    ValueNode,
    Visitor,
    print_ast,
    visit,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis_graphql import mutations, queries

from gateway.http.errors import Refused
from tests.builders.argument_values import DAYS, DECIMALS, FORBIDDEN_BELOW, STRINGS, TIMES, Values
from tests.builders.chance import dice
from tests.builders.differential import Case
from tests.builders.document_writer import GRAPH, Writer

# Both slow to draw and full of types.
ABSTRACT: Final = frozenset({"node", "nodes"})
ATTEMPTS: Final = 50
BYTES: Final = 8_192
# In how many of 100 documents values may be wrong.
CARELESS: Final = 8
# What is drawn for an id, to be replaced by one.
SLOT: Final = "id"

Draw = Callable[[bytes], DocumentNode | None]


@cache
def case(seed: int) -> Case:
    """Give the document of a number, with its variables; the gateway would execute it."""
    roll = dice("document", seed)
    make = drawn if seed % 2 else written
    for _ in range(ATTEMPTS):
        made = make(roll)
        if made is not None and is_executable(made):
            return made
    raise AssertionError(f"no document comes of {seed}")


def is_executable(made: Case) -> bool:
    try:
        made.operation()
    except Refused:
        return False
    return True


def asks_about_the_schema(made: Case) -> bool:
    return "__schema" in made.text or "__type(" in made.text


def written(roll: Random) -> Case:
    """Write a document by our own writer."""
    writer = Writer(roll, careless=roll.randrange(100) < CARELESS)
    return writer.case(is_mutation=roll.randrange(100) < 15)


def drawn(roll: Random) -> Case | None:
    """Let hypothesis draw a document below one root field, and give it ids that are known."""
    is_mutation = roll.randrange(100) < 15
    root_type = GRAPH.mutation_type if is_mutation else GRAPH.query_type
    assert root_type is not None
    root = roll.choice(list(root_type.fields))
    if root in ABSTRACT and roll.randrange(100) < 50:
        root = "customers"
    node = _drawing(root, is_mutation=is_mutation)(roll.randbytes(BYTES))
    if node is None:
        return None
    values = Values(roll, careless=roll.randrange(100) < CARELESS)
    return Case(print_ast(visit(node, _Steering(values))))


@cache
def _drawing(root: str, *, is_mutation: bool) -> Draw:
    """Make what turns bytes into a document: hypothesis' own way to be steered from outside."""
    documents = mutations if is_mutation else queries
    schema = _schema_below(root, is_mutation=is_mutation)
    found: list[DocumentNode] = []

    @settings(database=None, deadline=None)
    @given(documents(schema, custom_scalars=_scalars(), print_ast=lambda node: node))
    def draw(node: DocumentNode) -> None:
        found.append(node)

    def of(buffer: bytes) -> DocumentNode | None:
        found.clear()
        draw.hypothesis.fuzz_one_input(buffer)  # type: ignore[attr-defined]
        return found[-1] if found else None

    return of


def _schema_below(root: str, *, is_mutation: bool) -> GraphQLSchema:
    """Leave one root field: hypothesis then spends all it has on what is below it."""
    query, mutation = GRAPH.query_type, GRAPH.mutation_type
    assert query is not None
    assert mutation is not None
    others = [
        each
        for each in GRAPH.type_map.values()
        if isinstance(each, GraphQLObjectType)
        and each not in (query, mutation)
        and not each.name.startswith("__")
    ]
    if is_mutation:
        only = GraphQLObjectType("Mutation", {root: mutation.fields[root]})
        return GraphQLSchema(query=query, mutation=only, types=others)
    return GraphQLSchema(query=GraphQLObjectType("Query", {root: query.fields[root]}), types=others)


def _scalars() -> dict[str, st.SearchStrategy[ValueNode]]:
    """Say what leaves may be; names decide more, when what was drawn is steered."""

    def texts(*values: str) -> st.SearchStrategy[ValueNode]:
        return st.sampled_from([StringValueNode(value=value) for value in values])

    return {
        "DateTime": texts(*TIMES),
        "Date": texts(*DAYS),
        "Decimal": texts(*DECIMALS),
        "ID": texts(SLOT),
        "Int": st.sampled_from([IntValueNode(value=text) for text in ("1", "2", "2026")]),
        "String": texts("2026-03", *STRINGS),
    }


class _Steering(Visitor):
    """Replaces ids, sizes and cursors by ones that make sense where they stand."""

    def __init__(self, values: Values) -> None:
        super().__init__()
        self.values = values

    def enter_argument(self, node: ArgumentNode, *place: Any) -> Any:
        return self._left_out(node.name.value, place)

    def enter_object_field(self, node: ObjectFieldNode, *place: Any) -> Any:
        return self._left_out(node.name.value, place)

    def leave_string_value(self, node: StringValueNode, *place: Any) -> Any:
        name, fields = _named(place), _fields(place)
        if node.value == SLOT:
            return StringValueNode(value=self.values.id(name, root=fields[0].name.value))
        if name == "mobile":
            return StringValueNode(value=self.values.text(name))
        return None

    def leave_int_value(self, node: IntValueNode, *place: Any) -> Any:
        if _named(place) != "first":
            return node
        return IntValueNode(value=str(self.values.number("first")))

    def _left_out(self, name: str, place: Any) -> Any:
        """Leave out what could only be refused below a customer."""
        is_below = len(_fields(place)) > 1
        wrong = is_below and name in {"after", *FORBIDDEN_BELOW}
        return REMOVE if wrong and not self.values.slips(60) else None


def _above(place: Any) -> list[Node]:
    """Give the nodes above a visited one, from the outermost on."""
    _key, parent, _path, ancestors = place
    return [each for each in (*ancestors, parent) if isinstance(each, Node)]


def _fields(place: Any) -> list[FieldNode]:
    return [each for each in _above(place) if isinstance(each, FieldNode)]


def _named(place: Any) -> str:
    """Give the name of the argument or input field that a value is for."""
    nearest = [each for each in _above(place) if isinstance(each, ArgumentNode | ObjectFieldNode)]
    return nearest[-1].name.value
