"""Nobody reaches through the graph what is not theirs: every root field, as deep as it goes.

Made from the printed schema, so a new field is tested the day it is added (reliability 4.4).
"""

from typing import Any

import pytest
import pytest_asyncio

from services.kit import ids
from services.kit.identity import Role
from tests.builders import exports
from tests.builders.bystanders import Person, people
from tests.builders.graph_probes import (
    ANYTHING,
    DEEP,
    SCHEMA,
    Place,
    operation,
    operations,
    places,
    roots,
    told,
)
from tests.builders.graphs import Answer, Graph
from tests.builders.holdings import Holding
from tests.builders.running import RunningService
from tests.builders.worlds import a_world

People = dict[str, Person]
QUERIES = sorted(roots(SCHEMA.query_type))
MUTATIONS = sorted(roots(SCHEMA.mutation_type))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everybody(running: Any) -> People:
    """Give those of one tenant who can sign in; all of another tenant is foreign to them."""
    return await _people(running)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def onlookers(running: Any) -> People:
    """Give such people who only look: logs show everybody what they named themselves."""
    return await _people(running)


async def _people(running: Any) -> People:
    a, b = await a_world(running), await a_world(running)
    return {
        name: person for name, person in people(a, b) if person.principal.role is not Role.SYSTEM
    }


@pytest.mark.parametrize("name", QUERIES)
async def test_a_query_shows_nothing_that_is_not_ones_own(
    name: str, graph: Graph, onlookers: People
) -> None:
    root = roots(SCHEMA.query_type)[name]
    faults: list[str] = []
    answered = 0

    for who, person in onlookers.items():
        for query in operations("query", name, root, person.own, depth=DEEP):
            answer = await graph(query, principal=person.principal)
            assert answer.status == 200, (answer.errors, query)
            answered += answer.data is not None and answer.data[name] is not None
            text = f"{answer.data} {answer.errors}"
            faults += [f"{who} sees {secret}" for secret in person.secrets if secret in text]

    assert faults == []
    # A query that nobody gets an answer to proves nothing.
    assert answered


@pytest.mark.parametrize(("kind", "name"), [
    *(("query", name) for name in QUERIES), *(("mutation", name) for name in MUTATIONS)
])  # fmt: skip
async def test_what_is_foreign_is_told_from_what_is_unknown_by_nothing(
    kind: str, name: str, graph: Graph, everybody: People, services: dict[str, RunningService]
) -> None:
    root = roots(SCHEMA.query_type if kind == "query" else SCHEMA.mutation_type)[name]
    faults: list[str] = []

    for place in places(name, root):
        for who, person in everybody.items():

            async def answer_to(one: str, place: Place = place, person: Person = person) -> Answer:
                asked = operation(kind, name, root, person.own, place=place, id_=one)
                answer = await graph(asked, principal=person.principal)
                if name.endswith("Export"):
                    # The next one of the kind may be asked for when this one is over.
                    for service in services.values():
                        await exports.give_up(service)
                return answer

            unknown: dict[str, Any] = {}
            for holding, prefix, foreign in _foreign(place, person):
                if prefix not in unknown:
                    unknown[prefix] = told(await answer_to(ids.to_text(prefix, ids.new_id())))
                answer = await answer_to(foreign)
                assert answer.status == 200, answer.errors
                case = f"{who} {name} {'.'.join(place.path)} of {holding.name}"
                text = f"{answer.data} {answer.errors}"
                faults += [f"{case}: shows {one}" for one in person.canaries if one in text]
                if told(answer) != unknown[prefix]:
                    faults.append(f"{case}: {told(answer)} but unknown {unknown[prefix]}")

    assert faults == [], "\n".join(faults)


def _foreign(place: Place, person: Person) -> list[tuple[Holding, str, str]]:
    return [
        (holding, prefix, id_)
        for holding, prefixes in person.foreign
        for prefix, id_ in holding.things.items()
        if place.prefix in {ANYTHING, prefix} and (prefixes is None or prefix in prefixes)
    ]


async def test_a_page_of_another_tenants_list_is_refused(graph: Graph, everybody: People) -> None:
    query = (
        "query($after: String) { customers(first: 1, after: $after) { pageInfo { endCursor } } }"
    )
    theirs = await graph.data(query, principal=everybody["reseller"].principal)

    answer = await graph(
        query,
        principal=everybody["administrator"].principal,
        after=theirs["customers"]["pageInfo"]["endCursor"],
    )

    assert answer.error["extensions"]["code"] == "BAD_USER_INPUT"
    assert answer.error["extensions"]["field"] == "after"
