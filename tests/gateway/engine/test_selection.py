"""Selections: fragments opened, fields merged, booleans decided."""

import pytest
from graphql import OperationDefinitionNode, build_schema, parse

from gateway.engine.selection import Selections, switches_of

SCHEMA = build_schema(
    """
    interface Animal { name: String, parent: Animal }
    type Frog implements Animal { name: String, parent: Animal, legs: Int }
    type Toad implements Animal { name: String, parent: Animal, warts: Int }
    type Query { frog: Frog }
    """
)
FROG = SCHEMA.type_map["Frog"]


def selected(text: str, **switches: bool) -> dict[str, list[str]]:
    """Give what is selected of a frog: its keys, and what is selected inside each."""
    document = parse(f"{{ frog {{ {text} }} }} {FRAGMENTS}")
    selections = Selections(document, schema=SCHEMA, switches=switches)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    [frog] = operation.selection_set.selections
    return {
        each.key: [inside.key for inside in selections.of(FROG, each.inside)]  # type: ignore[arg-type]
        for each in selections.of(FROG, [frog.selection_set])  # type: ignore[arg-type, union-attr]
    }


FRAGMENTS = """
fragment OfFrogs on Frog { legs ...OfAnimals }
fragment OfToads on Toad { warts }
fragment OfAnimals on Animal { name parent { name } }
"""


def test_fields_come_in_the_order_in_which_they_are_first_asked_for() -> None:
    assert [*selected("legs ...OfAnimals name again: legs")] == ["legs", "name", "parent", "again"]


def test_a_field_asked_for_in_several_places_has_all_that_is_asked_inside() -> None:
    found = selected("parent { parent { name } } ...OfFrogs ... { parent { n: name } }")

    assert found["parent"] == ["parent", "name", "n"]


def test_fragments_of_other_types_are_left_out() -> None:
    assert [*selected("...OfToads ... on Toad { warts } ... on Animal { name }")] == ["name"]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("legs @skip(if: true) name", ["name"]),
        ("legs @include(if: false) name @include(if: true)", ["name"]),
        ("...OfAnimals @skip(if: true) legs", ["legs"]),
        ("... @include(if: $yes) { name } legs @skip(if: $yes)", ["name"]),
        ("... @include(if: $no) { name } legs @skip(if: $no) @include(if: $yes)", ["legs"]),
        ("...OfFrogs @skip(if: $yes) ...OfFrogs", ["legs", "name", "parent"]),
    ],
)
def test_booleans_decide_what_is_in(text: str, keys: list[str]) -> None:
    assert [*selected(text, yes=True, no=False)] == keys


def test_variables_that_decide_are_found_wherever_they_stand() -> None:
    document = parse(
        """
        query ($a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean!) {
          frog { ...F @skip(if: $a) ... @include(if: $b) { legs @skip(if: true) } }
        }
        fragment F on Frog { legs @include(if: $c) ...F2 }
        fragment F2 on Frog { parent { name } }
        fragment Unused on Frog { legs @include(if: $d) }
        """
    )
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)

    assert switches_of(document, operation) == ("a", "b", "c")
