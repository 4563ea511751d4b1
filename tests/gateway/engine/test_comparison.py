"""The comparison of two executors finds what it is there to find."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from graphql import GraphQLError

from gateway.customers.customers import CUSTOMERS
from gateway.customers.partners import PARTNERS
from gateway.engine.execution import Outcome
from tests.builders.differential import (
    REFERENCE,
    Answer,
    Asked,
    Case,
    calls_max,
    compare,
    differences,
    seen,
)
from tests.builders.things import population

LIST, GET, UPDATE = (
    CUSTOMERS["ListCustomers"],
    PARTNERS["BatchGetPartners"],
    CUSTOMERS["UpdateCustomer"],
)
ONE, OTHER = population("ptr")[:2]
ERROR = {"message": "no", "path": ["me"], "locations": [{"line": 1, "column": 3}]}
EXPECTED = Answer(
    data='{"a":1,"b":2}',
    errors=[ERROR],
    asked=[
        (LIST, LIST.request(page_size=3)),
        (GET, GET.request(ids=[ONE, OTHER])),
        (UPDATE, UPDATE.request(request_id="1")),
    ],
)
QUERY = "{ customers(first: 5) { nodes { id name partner { name } } } me { subject } }"


class Wrong:
    """An executor that spoils what the reference executor gives."""

    async def execute(self, operation: Any, *, variables: Any, context: Any) -> Outcome:
        outcome = await REFERENCE.execute(operation, variables=variables, context=context)
        return Outcome(self.spoilt(outcome.data), outcome.errors)

    def spoilt(self, data: Any) -> Any:
        return dict(reversed(data.items()))

    async def subscribe(
        self, operation: Any, *, variables: Any, context: Any
    ) -> AsyncIterator[Outcome] | Outcome:
        raise NotImplementedError


class Curious(Wrong):
    """An executor that asks for each partner in a call of its own."""

    async def execute(self, operation: Any, *, variables: Any, context: Any) -> Outcome:
        calls = context.calls

        async def one_by_one(rpc: Any, request: Any, *, timeout: float) -> Any:  # noqa: ASYNC109 - gRPC's own deadline
            if rpc is not GET:
                return await calls(rpc, request, timeout=timeout)
            # Messages one behind the other read as one.
            return b"".join(
                [await calls(rpc, rpc.request(ids=[id_]), timeout=timeout) for id_ in request.ids]
            )

        context.calls = one_by_one
        return await REFERENCE.execute(operation, variables=variables, context=context)


class Raising(Wrong):
    def spoilt(self, data: Any) -> Any:
        raise KeyError(str(data))


def test_an_answer_does_not_differ_from_itself() -> None:
    assert compare(EXPECTED, EXPECTED) == []


def test_keys_may_be_asked_for_in_other_batches() -> None:
    apart = asked_also((GET, GET.request(ids=[OTHER])), instead_of=(GET, GET.request(ids=[ONE])))

    assert compare(apart, EXPECTED) == []


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("{ me { subject } }", 0),
        ("{ me { subject partner { name } } }", 1),
        ("{ customers { totalCount nodes { name } } }", 2),
        ("{ customers { nodes { ...F ...F } } } fragment F on Customer { partner { id } }", 2),
    ],
)
def test_a_document_needs_at_most_a_call_for_each_of_its_edges(text: str, calls: int) -> None:
    assert calls_max(Case(text)) == calls


async def test_asking_more_often_than_there_are_edges_is_found() -> None:
    [found] = await differences(QUERY, {}, universe_seed=1, fault_seed=None, engine=Curious())

    assert found.startswith("asked more often than there are edges: ['ListCustomers',")


def test_fields_may_be_left_out_of_what_is_asked() -> None:
    narrow = GET.request(ids=[ONE, OTHER])
    narrow.read_mask.paths.append("name")  # type: ignore[attr-defined]
    given = replace(EXPECTED, asked=[EXPECTED.asked[0], (GET, narrow), EXPECTED.asked[2]])

    assert compare(given, EXPECTED) == []


@pytest.mark.parametrize(
    ("given", "difference"),
    [
        (replace(EXPECTED, data='{"b":2,"a":1}'), "other data"),
        (replace(EXPECTED, data="null"), "other data"),
        (replace(EXPECTED, errors=[]), "other errors"),
        (replace(EXPECTED, errors=[ERROR, ERROR]), "other errors"),
        (replace(EXPECTED, errors=[ERROR | {"path": ["you"]}]), "other errors"),
        (replace(EXPECTED, errors=[ERROR | {"locations": []}]), "other errors"),
        (replace(EXPECTED, errors=[ERROR | {"extensions": {"code": "X"}}]), "other errors"),
        (replace(EXPECTED, asked=EXPECTED.asked[:2]), "wrote []"),
    ],
)
def test_a_difference_in_an_answer_is_found(given: Answer, difference: str) -> None:
    [found] = compare(given, EXPECTED)

    assert found.startswith(difference)


@pytest.mark.parametrize(
    ("again", "differences_"),
    [
        ((GET, GET.request(ids=[ONE])), ["asked twice: BatchGetPartners"]),
        ((LIST, LIST.request(page_size=3)), ["asked twice: ListCustomers"]),
        ((LIST, LIST.request(page_size=4)), ["asked twice: ListCustomers"]),
        ((UPDATE, UPDATE.request(request_id="1")), ["asked twice: UpdateCustomer", "wrote "]),
    ],
)
def test_what_is_asked_again_is_found(again: Asked, differences_: list[str]) -> None:
    found = compare(asked_also(again), EXPECTED)

    assert len(found) == len(differences_)
    assert all(map(str.startswith, found, differences_))


def test_errors_are_seen_in_one_order_whichever_came_first() -> None:
    errors = [GraphQLError("one", path=["a"]), GraphQLError("two", path=["b"])]

    assert seen(errors) == seen(errors[::-1])


async def test_a_difference_shows_the_document_and_both_answers() -> None:
    given = {"universe_seed": 1, "fault_seed": None}

    [found] = await differences(QUERY, {"unused": 1}, **given, engine=Wrong())

    assert found.startswith('other data\n{"me":{"subject":"director"},"customers":')
    assert 'instead of\n{"customers":' in found
    assert found.endswith(f'universe 1, faults None\n{{"unused": 1}}\n{QUERY}')


async def test_an_engine_that_raises_differs() -> None:
    [found] = await differences(QUERY, {}, universe_seed=1, fault_seed=None, engine=Raising())

    assert found.startswith("the engine raised\nTraceback")


def asked_also(one: Asked, *, instead_of: Asked | None = None) -> Answer:
    """Give the expected answer, but asked once more; the batch perhaps in another way."""
    first, batch, write = EXPECTED.asked
    return replace(EXPECTED, asked=[first, instead_of or batch, one, write])
