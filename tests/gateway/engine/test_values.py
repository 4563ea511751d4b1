"""Variables and arguments: as graphql-core coerces them, or handed over."""

from typing import Any

import pytest
from graphql import (
    FieldNode,
    OperationDefinitionNode,
    build_schema,
    get_argument_values,
    get_variable_values,
    parse,
)
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.execution import HandOver
from gateway.engine.values import Declared, arguments_of

SCHEMA = build_schema(
    """
    input In { a: Int!, b: [String] = ["x"] }
    enum E { ONE TWO }
    type Query {
      f(int: Int, needed: Int!, preset: Int! = 7, text: String = "t", id: ID, yes: Boolean,
        list: [Int!], input: In, inputs: [In!], word: E): Int
    }
    """
)
FIELD = SCHEMA.query_type.fields["f"]  # type: ignore[union-attr]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**33), 2**33),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.sampled_from(["ONE", "THREE"]),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 3), max_size=2),
)
# Each variable's type, a default if it may have one, and the arguments it may stand for.
TYPES = {
    "Int": ("int", "preset"),
    "Int!": ("int", "needed", "preset"),
    "Int = 3": ("int", "preset", "needed"),
    "String": ("text",),
    "String!": ("text",),
    "ID": ("id",),
    "ID!": ("id",),
    "Boolean": ("yes",),
    "[Int!]": ("list",),
    "In": ("input",),
    "E = TWO": ("word",),
}


@given(st.data())
def test_values_are_those_of_the_reference_or_handed_over_as_it_refuses(data: Any) -> None:
    type_ = data.draw(st.sampled_from(sorted(TYPES)))
    argument = data.draw(st.sampled_from(TYPES[type_]))
    variables = data.draw(st.one_of(st.just({}), VALUES.map(lambda value: {"v": value})))
    needed = "" if argument == "needed" else "needed: 1, "
    operation, node = _parsed(f"query ($v: {type_}) {{ f({needed}{argument}: $v) }}")

    assert _ours(operation, node, variables) == _reference(operation, node, variables)


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query { f(needed: 2) }", {}),
        ("query ($a: Int!) { f(needed: 1, input: {a: $a, b: null}) }", {"a": 5}),
        ("query ($b: [String]) { f(needed: 1, input: {a: 1, b: $b}) }", {}),
        ("query ($a: Int!) { f(needed: 1, input: {a: $a}) }", {"a": 5}),
        ("query ($a: Int!) { f(needed: 1, inputs: {a: $a, b: []}) }", {"a": 5}),
        ("query ($a: Int!) { f(needed: 1, list: [1, $a]) }", {"a": 2}),
        ("query ($a: Int) { f(needed: 1, int: $a, preset: $a) }", {"a": None}),
    ],
)
def test_arguments_are_those_of_the_reference(text: str, variables: dict[str, Any]) -> None:
    operation, node = _parsed(text)

    assert _ours(operation, node, variables) == _reference(operation, node, variables)


def test_the_key_of_arguments_is_what_their_variables_hold() -> None:
    operation, node = _parsed("query ($a: Int, $b: ID) { f(needed: 1, int: $a) }")
    arguments = arguments_of(FIELD, node)
    read = Declared(SCHEMA, operation).read

    keys = [arguments.key(read(given)) for given in ({"a": 1}, {"a": 1, "b": "x"}, {"a": 2})]

    assert keys[0] == keys[1] != keys[2]


def _parsed(text: str) -> tuple[OperationDefinitionNode, FieldNode]:
    operation = parse(text).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    [node] = operation.selection_set.selections
    assert isinstance(node, FieldNode)
    return operation, node


def _ours(operation: OperationDefinitionNode, node: FieldNode, given: dict[str, Any]) -> Any:
    try:
        return arguments_of(FIELD, node).values(Declared(SCHEMA, operation).read(given))
    except HandOver:
        return "refused"


def _reference(operation: OperationDefinitionNode, node: FieldNode, given: dict[str, Any]) -> Any:
    coerced = get_variable_values(SCHEMA, list(operation.variable_definitions or ()), given)
    if isinstance(coerced, list):
        return "refused"
    try:
        return get_argument_values(FIELD, node, coerced)
    except Exception:  # noqa: BLE001 - whatever it says, it refuses
        return "refused"
