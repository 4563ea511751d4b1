"""An error about a value names the argument or the variable that holds it."""

import pytest
from graphql import build_schema, execute_sync, parse, validate

from gateway.http.wrong_values import name_arguments, variable_of
from tests.gateway.http.conftest import Client

SORTED = "query Sorted($first: Int!) { customers(first: $first) { nodes { id } } }"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("{ customers(first: 2147483648) { nodes { id } } }", "first"),
        ('{ customers(first: "2") { nodes { id } } }', "first"),
        ("{ customers(second: 2) { nodes { id } } }", "second"),
        ("{ customers(first: 1) @include(if: 3) { nodes { id } } }", "if"),
        ("{ helo }", None),
    ],
)
async def test_an_argument_is_named(gateway: Client, query: str, field: str | None) -> None:
    response = await gateway.post("/graphql", json={"query": query})

    [error] = (await response.json())["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert error["extensions"].get("field") == field


@pytest.mark.parametrize("value", [2147483648, "2", None])
async def test_a_variable_is_named(gateway: Client, value: object) -> None:
    response = await gateway.post("/graphql", json={"query": SORTED, "variables": {"first": value}})

    [error] = (await response.json())["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "first"}


GRAPH = build_schema("""
    enum State { ON OFF }
    input By @oneOf { id: ID mobile: String }
    input Filter { states: [State!] by: By least: Int }
    type Query { things(filter: Filter, all: [Filter!]): Int }
""")


@pytest.mark.parametrize(
    ("argument", "field"),
    [
        ("filter: {states: [ON, GONE]}", "filter.states[1]"),
        ("filter: {by: {}}", "filter.by"),
        ("filter: {most: 3}", "filter.most"),
        ("all: [{}, {by: {id: 1.5}}]", "all[1].by.id"),
    ],
)
def test_the_place_inside_an_argument_is_named(argument: str, field: str) -> None:
    document = parse(f"{{ things({argument}) }}")
    [error] = validate(GRAPH, document)

    name_arguments([error], document=document)

    assert error.extensions == {"field": field}


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"states": ["ON", "GONE"]}, "given.states[1]"),
        ({"by": {}}, "given.by"),
        ({"least": "x"}, "given.least"),
        (3, "given"),
    ],
)
def test_the_place_inside_a_variable_is_named(value: object, field: str) -> None:
    document = parse("query Things($given: Filter) { things(filter: $given) }")

    result = execute_sync(GRAPH, document, variable_values={"given": value})

    assert result.errors is not None
    assert [variable_of(error) for error in result.errors] == [field]
