"""What is too much is refused, named, and quickly; what is not passes."""

import time
from typing import Any

import pytest
from graphql import get_introspection_query
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.reference import core_schema
from gateway.http.documents import Documents
from gateway.http.errors import Refused
from gateway.http.limits import check_variables
from gateway.http.requests import GraphQLRequest
from gateway.settings import Limits
from tests.gateway.http.conftest import Client
from tests.gateway.http.small_schema import schema


def price(query: str, *, limits: Limits | None = None, **variables: Any) -> int:
    store = Documents(core_schema(schema), limits=limits or Limits(), hides_the_schema=False)
    return store.operation(GraphQLRequest(query=query, variables=variables)).price.cost


def refusal(query: str, **variables: Any) -> dict[str, Any]:
    with pytest.raises(Refused) as refused:
        price(query, **variables)
    extensions: dict[str, Any] = refused.value.errors[0]["extensions"]
    return extensions


def bomb(levels: int, *, inside: str = "{ %s }", on: str = "Query", leaf: str = "hello") -> str:
    doubling = "".join(
        f"fragment F{level} on {on} {{ ...F{level - 1} ...F{level - 1} }} "
        for level in range(1, levels + 1)
    )
    return inside % f"...F{levels}" + f" {doubling} fragment F0 on {on} {{ {leaf} }}"


ATTACKS = {
    "doubling fragments at the root": (bomb(40), "selections"),
    "doubling fragments below": (
        bomb(40, inside="{ customer(id: 1) { %s } }", on="Customer", leaf="id"),
        "selections",
    ),
    "doubling fragments of nothing": (bomb(40, leaf=""), "selections"),
    "doubling fragments that nobody uses": (bomb(40, inside="{ hello } #%s\n"), "selections"),
    "doubling fragments in introspection": (
        bomb(40, inside="{ __schema { %s } }", on="__Schema", leaf="types { name }"),
        "selections",
    ),
    "too many fragments": (bomb(60), "fragments"),
    "10,000 aliases": ("{" + " ".join(f"a{i}: hello" for i in range(10_000)) + "}", "tokens"),
    "31 aliases": (
        "{ customer(id: 1) {" + " ".join(f"a{i}: id" for i in range(31)) + "} }",
        "aliases",
    ),
    "21 root fields": ("{" + "hello " * 21 + "}", "root_fields"),
    "two mutations": (
        'mutation { a: rename(name: "a") b: rename(name: "b") }',
        "mutation_fields",
    ),
    "one field again and again": (
        "{ customer(id: 1) {" + "partner { id } " * 300 + "} }",
        "repeats",
    ),
    "the same, in inline fragments": (
        "{ customer(id: 1) {" + "... { partner { id } } " * 200 + "} }",
        "repeats",
    ),
    "directives": ("{ hello " + "@skip(if: false) " * 51 + "}", "directives"),
    "depth": ("{ customer(id: 1)" + "{ partner " * 12 + "{ id }" + "}" * 12 + "}", "depth"),
    "depth by fragments": (
        "{ customer(id: 1) { ...F0 } }"
        + "".join(
            f"fragment F{level} on Customer {{ partner {{ ...F{level + 1} }} }} "
            for level in range(13)
        )
        + "fragment F13 on Customer { id }",
        "depth",
    ),
    "deep inline fragments": ("{" + "... {" * 150 + "hello" + "}" * 151, "depth"),
    "nesting beyond the parser": ("{" + "a {" * 400 + "b" + "}" * 401, "tokens"),
    "pages of 100 by 100": (
        "{ customers(first: 100) { nodes { vouchers(first: 100) { nodes { id } } } } }",
        "cost",
    ),
    "comments": ("# a\n" * 20_000 + "{ hello }", "tokens"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_refused_by_the_limit_they_exceed(attack: str) -> None:
    query, limit = ATTACKS[attack]

    started = time.process_time()
    extensions = refusal(query)
    seconds = time.process_time() - started

    assert extensions["code"] == "LIMIT_EXCEEDED"
    assert extensions["limit"] == limit
    assert extensions["maximum"] == getattr(Limits(), limit)
    # A hundred milliseconds were promised; exponential work would take hours.
    assert seconds < 1


async def test_an_attack_is_answered_and_others_are_served(gateway: Client) -> None:
    for query, _ in ATTACKS.values():
        refused = await gateway.post("/graphql", json={"query": query})
        served = await gateway.post("/graphql", json={"query": "{ hello }"})

        code = (await refused.json())["errors"][0]["extensions"]["code"]
        assert code in ("LIMIT_EXCEEDED", "REQUEST_TOO_LARGE")
        assert (await served.json())["data"] == {"hello": "Hello, world!"}


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ hello }", 0),
        ("{ customer(id: 1) { id name } }", 1),
        ("{ customer(id: 1) { partner { partner { id } } } }", 3),
        ("{ customers { nodes { id } } }", 20),
        ("{ customers(first: 7) { nodes { id } } }", 7),
        ("{ customers(first: 7) { nodes { id partner { id } } } }", 14),
        ("{ customers(first: 7) { nodes { vouchers(first: 3) { nodes { id } } } } }", 28),
        ("{ customers(first: 7) { pageInfo { hasNextPage } } }", 7),
        ("{ customer(id: 1) { vouchers(first: 3) { edges { cursor node { id } } } } }", 4),
        ("{ customer(id: 1) { vouchers(first: 3) { nodes { faceValue { amount } } } } }", 4),
        ("{ customer(id: 1) { tags { id } } }", 11),
        ("{ nodes(ids: [1, 2, 3]) { id } }", 3),
        (
            """{ ...F } fragment F on Query { customers(first: 2) { ...G } }
            fragment G on CustomerConnection { nodes { id } }""",
            2,
        ),
        ("{ __schema { types { fields { name } } } }", 0),
        ('{ __type(name: "Query") { name } }', 0),
        ('mutation { rename(name: "x") }', 0),
    ],
)
def test_cost_counts_objects(query: str, cost: int) -> None:
    assert price(query) == cost


def test_variables_and_their_defaults_decide_the_size() -> None:
    pages = "query($n: Int = 3) { customers(first: $n) { nodes { id } } }"
    several = "query($ids: [ID!]! = [1, 2]) { nodes(ids: $ids) { id } }"

    assert price(pages) == 3
    assert price(pages, n=9) == 9
    assert price(several) == 2
    assert price(several, ids=["a", "b", "c", "d"]) == 4


@pytest.mark.parametrize("first", [True, "7", None, {}])
def test_what_is_no_size_counts_as_the_default(first: object) -> None:
    query = "query($n: Int) { customers(first: $n) { nodes { id } } }"

    assert price(query, n=first) == 20


def test_an_enormous_number_is_no_way_around() -> None:
    query = f"{{ customers(first: {'9' * 1_000}) {{ nodes {{ id }} }} }}"

    with pytest.raises(Refused) as refused:
        price(query)

    assert refused.value.code == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    "query",
    [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { hello ...B } fragment B on Query { ...A }",
        "{ ...Nowhere }",
        "{ ... on Nowhere { x { y } } }",
        "{ nowhere { x { y } } }",
        "subscription { nowhere }",
        "{ customers(last: 3) { nodes { id } } }",
    ],
)
def test_invalid_documents_pass_the_limits_and_fail_validation(query: str) -> None:
    with pytest.raises(Refused) as refused:
        price(query)

    assert refused.value.code == "GRAPHQL_VALIDATION_FAILED"


def test_the_introspection_of_tools_passes() -> None:
    assert price(get_introspection_query()) == 0


def test_introspection_in_circles_is_refused() -> None:
    query = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"

    with pytest.raises(Refused) as refused:
        price(query)

    assert refused.value.code == "GRAPHQL_VALIDATION_FAILED"


def test_all_operations_of_a_document_are_held_against_the_limits() -> None:
    query = "query A { hello } query B {" + "hello " * 21 + "}"
    store = Documents(core_schema(schema), limits=Limits())

    with pytest.raises(Refused) as refused:
        store.operation(GraphQLRequest(query=query, operation_name="A"))

    assert refused.value.errors[0]["extensions"]["limit"] == "root_fields"


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("variables", "limit", "field"),
    [
        ({"a": {"b": "x" * 10_001}}, "variable_text", "a.b"),
        ({"a": [[0] * 1_001]}, "variable_list", "a[0]"),
        ({"a": nested(21)}, "variable_depth", "a" + "[0]" * 20),
    ],
)
def test_variables_too_large_are_refused_by_name(
    variables: dict[str, Any], limit: str, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        check_variables(variables, limits=Limits())

    extensions = refused.value.errors[0]["extensions"]
    assert (extensions["limit"], extensions["field"]) == (limit, field)


def test_variables_at_the_limits_pass() -> None:
    variables = {"a": "x" * 10_000, "b": [0] * 1_000, "c": nested(20)}

    check_variables(variables, limits=Limits())


NAMES = st.sampled_from(["hello", "customers", "customer", "nodes", "partner", "id", "__schema"])
SELECTIONS = st.recursive(
    NAMES,
    lambda inner: st.builds(
        lambda name, parts: f"{name} {{ {' '.join(parts)} }}",
        st.one_of(NAMES, st.sampled_from(["...", "... on Customer", "... on Nowhere"])),
        st.lists(st.one_of(inner, st.sampled_from(["...F0", "...F1", "...F2"])), max_size=4),
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(roots=st.lists(SELECTIONS, min_size=4, max_size=4))
def test_any_document_is_priced_or_refused_with_a_code(roots: list[str]) -> None:
    fragments = (
        f"fragment F{number} on {type_} {{ {root} }}"
        for number, (type_, root) in enumerate(
            zip(("Query", "Customer", "CustomerConnection"), roots[1:], strict=True)
        )
    )
    query = f"{{ {roots[0]} }} {' '.join(fragments)}"

    try:
        outcome: object = price(query)
    except Refused as refused:
        outcome = refused.code

    assert outcome in ("GRAPHQL_VALIDATION_FAILED", "LIMIT_EXCEEDED", *range(Limits().cost + 1))
