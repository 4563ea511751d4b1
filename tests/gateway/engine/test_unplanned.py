"""What the planner does not know it leaves to the reference executor, and says why."""

from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLField,
    GraphQLInt,
    OperationDefinitionNode,
    parse,
)

from gateway.engine import planner
from gateway.engine.code import Shape
from gateway.engine.execution import HandOver
from gateway.engine.plan import Plan
from gateway.kit.fields import DEFINITION, BoundField
from tests.builders.differential import GRAPH
from tests.builders.graph_messages import an_id
from tests.builders.graph_plans import a_plan


class Answer:
    """A binding that the planner never heard of."""

    text = "42"


OWN = GraphQLField(GraphQLInt)
PARTNER = "{ customers { nodes { partner { id } } } }"
UPDATE = 'mutation { updateCustomer(input: {requestId: "r", id: "x", tags: []}) { %s } }'


def planned(text: str) -> Plan:
    """Plan a document as it stands; nobody validates it, and nobody keeps it.

    :raises HandOver: where there is no plan.
    """
    document: DocumentNode = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return planner.plan(document, operation, schema=GRAPH, switches={})


def fields(on: str) -> dict[str, GraphQLField]:
    type_: Any = GRAPH.type_map[on]
    found: dict[str, GraphQLField] = type_.fields
    return found


def showing(field: GraphQLField, type_: str) -> GraphQLField:
    """Give a field with the same binding, but with objects of another type."""
    changed: Any = {"type_": GRAPH.type_map[type_]}
    return GraphQLField(**(field.to_kwargs() | changed))


@pytest.mark.parametrize(
    ("on", "text"),
    [
        ("Query", "{ own }"),
        ("Me", "{ me { own } }"),
        ("Customer", "{ customers { nodes { own } } }"),
        ("CustomerConnection", "{ customers { own } }"),
        ("Money", "{ customers { nodes { monthToDateSpend { own } } } }"),
        ("UpdateCustomerPayload", UPDATE % "own"),
    ],
)
def test_a_field_with_a_resolver_of_its_own_is_resolved(
    on: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fields(on), "own", OWN)

    with pytest.raises(HandOver, match="resolver"):
        planned(text)


def test_an_edge_to_things_that_nobody_finds_by_id_is_resolved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partner = fields("Customer")["partner"]
    monkeypatch.setitem(fields("Customer"), "partner", showing(partner, "ConsumptionSummary"))

    with pytest.raises(HandOver, match="resolver"):
        planned("{ customers { nodes { partner { billingCycle } } } }")


@pytest.mark.parametrize(
    ("on", "name", "type_", "text"),
    [
        ("Customer", "partner", "Node", PARTNER),
        ("Query", "node", "Customer", '{ node(id: "x") { id } }'),
    ],
)
def test_a_binding_with_objects_of_another_kind_is_resolved(
    on: str, name: str, type_: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fields(on), name, showing(fields(on)[name], type_))

    with pytest.raises(HandOver, match="abstract"):
        planned(text)


def test_subscriptions_have_no_plan() -> None:
    with pytest.raises(HandOver, match="subscription"):
        planned("subscription { customers { id } }")


def test_a_boolean_that_is_null_is_refused_by_the_reference_executor() -> None:
    text = "query ($b: Boolean = true) { me { subject @skip(if: $b) } }"

    with pytest.raises(HandOver, match="variables"):
        a_plan(text, b=None)


def test_a_new_kind_of_binding_is_planned_once_there_is_a_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    binding: Any = Answer()
    field = GraphQLField(GraphQLInt, extensions={DEFINITION: BoundField(binding=binding)})
    monkeypatch.setitem(fields("Query"), "answer", field)
    with pytest.raises(HandOver, match="resolver"):
        planned("{ answer }")

    monkeypatch.setitem(planner.WAYS, Answer, lambda _writer, binding, *_: Shape(binding.text))

    assert '"answer": 42,' in planned("{ answer }").parts[0].source


def test_a_payload_names_its_type_like_any_object() -> None:
    [part] = a_plan(UPDATE.replace('"x"', f'"{an_id("cus")}"') % "__typename").parts

    assert '"updateCustomer": {\n            "__typename": "UpdateCustomerPayload"' in part.source
