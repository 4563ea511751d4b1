"""Documents and plans that nobody uses any more are gone, and not only when the collector looks."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from gateway.http.documents import Documents
from gateway.http.requests import GraphQLRequest
from gateway.settings import Limits
from tests.builders.graph import ENGINE
from tests.gateway.engine.test_executor import EXAMPLES
from tests.gateway.test_examples import variables

# What is kept is kept each time; what measures coverage keeps frames, and that happens seldom.
TRIES = 3


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_a_document_and_its_plans_go_when_they_leave_the_cache(
    example: object, without_collector: None
) -> None:
    left: list[str] = []
    for _ in range(TRIES):
        left = _left(example)
        if not left:
            break

    assert left == []


def _left(example: object) -> list[str]:
    """Give what is still there of an example's plan when another document took its place."""
    documents = Documents(ENGINE.reference.schema, limits=Limits(documents=1))
    planned = _planned(documents, example)
    documents.operation(GraphQLRequest(query="{ me { subject } }"))
    return [name for name, reference in planned.items() if reference() is not None]


def _planned(documents: Documents, example: object) -> dict[str, weakref.ref[object]]:
    """Plan an example as its first use does; give what its plan is made of, weakly."""
    text, given = example.read_text(), variables(example)  # type: ignore[attr-defined, arg-type]
    operation = documents.operation(GraphQLRequest(query=text, variables=given))
    plans = ENGINE.plans(operation)
    plan = plans.plan(operation, plans.declared.read(given))
    part = plan.parts[0]
    return {
        "document": weakref.ref(operation.document),
        "plan": weakref.ref(plan),
        "code": weakref.ref(part.build),
        **{source.name: weakref.ref(source) for source in part.sources},
        **{f"step {number}": weakref.ref(step) for number, step in enumerate(part.steps)},
    }
