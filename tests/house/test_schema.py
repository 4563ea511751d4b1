"""The graph's types: printed as checked in, and each of them explained."""

import sys
from collections.abc import Iterator
from typing import Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)

from tests.house.contracts import run
from tests.house.tree import ROOT

SCHEMA: Final = ROOT / "gateway/schema.graphql"


def test_the_printed_schema_is_the_one_checked_in() -> None:
    printed = run(sys.executable, "-m", "gateway.schema").stdout

    assert printed == SCHEMA.read_text(encoding="utf-8"), "run `make schema`"


def test_every_type_field_argument_and_value_is_described() -> None:
    schema = build_schema(SCHEMA.read_text(encoding="utf-8"))

    assert [name for name, description in _elements(schema) if not description] == []


def test_descriptions_are_sentences() -> None:
    schema = build_schema(SCHEMA.read_text(encoding="utf-8"))

    unfinished = [
        name
        for name, description in _elements(schema)
        if description and not description.rstrip().endswith((".", "!", "?", "。", ":", "`"))
    ]

    assert unfinished == []


def _elements(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    for name, kind in schema.type_map.items():
        if name.startswith("__") or name in {"String", "Int", "Float", "Boolean", "ID"}:
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{key}", value.description) for key, value in kind.values.items())
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for key, field in kind.fields.items():
                yield f"{name}.{key}", field.description
                for argument, what in field.args.items():
                    yield f"{name}.{key}({argument}:)", what.description
        if isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{key}", value.description) for key, value in kind.fields.items())
