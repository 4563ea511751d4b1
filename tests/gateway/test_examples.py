"""The examples: each is a tab of GraphiQL and a promise that it works."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, get_operation_ast, parse, validate
from graphql.execution.values import get_variable_values

from gateway.engine.reference import core_schema
from gateway.http.documents import Documents
from gateway.http.ide import PAGE
from gateway.http.requests import GraphQLRequest
from gateway.schema import schema
from gateway.settings import Limits
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask

GRAPH = core_schema(schema)
EXAMPLES = sorted(Path(__file__).parents[2].joinpath("examples").glob("*.graphql"))


def variables(example: Path) -> dict[str, Any]:
    path = example.with_suffix(".json")
    given: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return given


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_valid_with_its_variables_and_within_the_limits(example: Path) -> None:
    text = example.read_text()
    document = parse(text)
    operation = get_operation_ast(document)

    assert validate(GRAPH, document) == []
    assert operation is not None
    assert operation.name is not None
    values = get_variable_values(
        GRAPH, list(operation.variable_definitions or ()), variables(example)
    )
    assert not isinstance(values, list), values
    documents = Documents(GRAPH, limits=Limits())
    request = GraphQLRequest(query=text, variables=variables(example))
    assert documents.operation(request).price.cost <= 1_000


def test_ids_in_variables_are_those_that_the_page_replaces() -> None:
    page = PAGE.joinpath("page.js").read_text()
    given = "".join(json.dumps(variables(example)) for example in EXAMPLES)

    named = set(re.findall(r"[a-z]{3}_[0-9a-z]{26}", given))

    assert named == set(re.findall(r"([a-z]{3}_[0-9a-z]{26}): ", page))


def test_the_page_asks_for_the_visitors_own_ids_in_a_valid_document() -> None:
    [own_ids] = re.findall(r"OWN_IDS = `(.*?)`", PAGE.joinpath("page.js").read_text(), re.DOTALL)

    assert validate(GRAPH, parse(own_ids)) == []


def test_each_visit_gets_request_ids_of_its_own() -> None:
    [pattern] = re.findall(r"\.replace\(/(.+)/,", PAGE.joinpath("page.js").read_text())
    asking = [path for path in EXAMPLES if "requestId" in json.dumps(variables(path))]

    given = {
        path.stem for path in asking if re.search(pattern, path.with_suffix(".json").read_text())
    }

    assert given == {path.stem for path in asking}


def test_every_root_field_has_an_example() -> None:
    asked = {
        selection.name.value
        for path in EXAMPLES
        for definition in parse(path.read_text()).definitions
        if isinstance(definition, OperationDefinitionNode)
        for selection in definition.selection_set.selections
        if isinstance(selection, FieldNode)
    }
    assert GRAPH.query_type is not None
    assert GRAPH.mutation_type is not None

    assert GRAPH.subscription_type is not None

    roots = (GRAPH.query_type, GRAPH.mutation_type, GRAPH.subscription_type)
    assert asked == {name for root in roots for name in root.fields}


@pytest.mark.parametrize("first", [50, 5])
async def test_customer_360_is_four_calls_however_many_customers(first: int) -> None:
    [example] = [path for path in EXAMPLES if path.stem == "customer-360"]
    rpcs = Rpcs(
        ListCustomers=messages.customers(100),
        BatchListResources=messages.RESOURCES,
        BatchListConsumptionDetails=messages.DETAILS,
        BatchListVouchers=messages.VOUCHERS,
    )

    shown = await ask(example.read_text(), rpcs=rpcs, **(variables(example) | {"first": first}))

    assert shown.errors == []
    assert len(shown.data["customers"]["nodes"]) == first
    assert sum(rpcs.counts.values()) == 4
