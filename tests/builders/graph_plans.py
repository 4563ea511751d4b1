"""Plans of documents over the real graph, as tests look at them."""

from typing import Any

from gateway.engine.plan import Plan, Step
from gateway.http.requests import GraphQLRequest
from tests.builders.graph import ENGINE, OPERATIONS


def a_plan(text: str, **variables: Any) -> Plan:
    """Plan a valid document.

    :raises HandOver: where the reference executor must answer.
    """
    operation = OPERATIONS.operation(GraphQLRequest(query=text, variables=variables))
    plans = ENGINE.plans(operation)
    return plans.plan(operation, plans.declared.read(variables))


def steps(text: str, **variables: Any) -> list[Step]:
    """Give the steps of a document's only part, in order of their levels."""
    [part] = a_plan(text, **variables).parts
    return list(part.steps)


def asked(text: str, **variables: Any) -> list[tuple[str, int, tuple[str, ...]]]:
    """Give for each step its rpc, its level and its read mask."""
    return [
        (step.source.rpc.name, step.level, step.source.mask.fields if step.source.mask else ())
        for step in steps(text, **variables)
    ]
