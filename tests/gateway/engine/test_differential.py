"""One declaration, two executors: whatever is asked, both answer alike.

`DIFFERENTIAL_DOCUMENTS=20000` asks ten times as much as a build does, for the nights.
"""

import json
import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.engine.executor import Engine
from gateway.schema import schema
from tests.builders import documents
from tests.builders.differential import answer, differences
from tests.builders.probes import TYPE_ID
from tests.builders.things import population

DOCUMENTS = int(os.environ.get("DIFFERENTIAL_DOCUMENTS", "2000"))
# So many tests, for as many processes as there are to share them.
CHUNKS = 40
UNIVERSES, FAULTS = 5, 8
FAULTS_OF_EXAMPLES = 3
SAMPLE = 300
COMPILED_SHARE_MIN = 0.9
EXAMPLES = sorted(Path(__file__).parents[3].joinpath("examples").rglob("*.graphql"))


@pytest.mark.parametrize("chunk", range(CHUNKS))
async def test_both_executors_answer_generated_documents_alike(chunk: int) -> None:
    engine, found = Engine(schema), []

    for seed in range(DOCUMENTS * chunk // CHUNKS, DOCUMENTS * (chunk + 1) // CHUNKS):
        made = documents.case(seed)
        # Faults cost as much again; every third document meets some.
        for fault_seed in (None, seed // 3 % FAULTS) if seed % 3 == 0 else (None,):
            found += await differences(
                made.text,
                made.variables,
                operation_name=made.operation_name,
                universe_seed=seed % UNIVERSES,
                fault_seed=fault_seed,
                engine=engine,
            )

    assert not found, told(found)


@pytest.mark.parametrize("chunk", range(4))
async def test_a_document_asked_again_with_other_variables_is_answered_alike(chunk: int) -> None:
    engine, found, again = Engine(schema), [], 0

    for seed in range(chunk * 2, SAMPLE, 8):
        made = documents.case(seed)
        other = replace(
            made, variables={name: changed(made.variables[name]) for name in made.variables}
        )
        if other != made and documents.is_executable(other):
            again += 1
            for each in (made, other, made):
                found += await differences(
                    each.text,
                    each.variables,
                    operation_name=each.operation_name,
                    universe_seed=seed % UNIVERSES,
                    fault_seed=None,
                    engine=engine,
                )

    assert not found, told(found)
    assert again > SAMPLE / 40


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
async def test_both_executors_answer_an_example_alike(example: Path) -> None:
    engine, found = Engine(schema), []
    text, given = example.read_text(), variables(example)  # noqa: ASYNC240 - a small file

    for seed in range(FAULTS_OF_EXAMPLES):
        for fault_seed in (None, seed):
            found += await differences(
                text,
                given,
                universe_seed=seed % UNIVERSES,
                fault_seed=fault_seed,
                engine=engine,
            )

    assert not found, told(found)


@pytest.mark.parametrize("half", ["written", "drawn"])
async def test_the_engine_itself_runs_nine_of_ten_documents_when_all_goes_well(half: str) -> None:
    engine, reasons = Engine(schema), Counter[str]()

    for seed in range(half == "drawn", SAMPLE, 2):
        made = documents.case(seed)
        if not documents.asks_about_the_schema(made):
            given = await answer(engine, made, universe_seed=seed % UNIVERSES, fault_seed=None)
            reasons[given.reason or "compiled"] += 1

    print(half, reasons.most_common())  # noqa: T201 - for who looks
    assert reasons["compiled"] >= COMPILED_SHARE_MIN * reasons.total(), reasons.most_common()


def variables(example: Path) -> dict[str, Any]:
    """Give an example's variables, with ids of things that there are."""
    path = example.with_suffix(".json")
    text = path.read_text() if path.exists() else "{}"
    numbers: Counter[str] = Counter()

    def known(match: re.Match[str]) -> str:
        numbers[match[1]] += 1
        return population(match[1])[numbers[match[1]]]

    given: dict[str, Any] = json.loads(TYPE_ID.sub(known, text))
    return given


def changed(value: Any) -> Any:
    """Give another value of the same kind, where that is easy."""
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else value


def told(found: list[str]) -> str:
    """Show the first differences whole, for the others are mostly the same."""
    return "\n\n".join([f"{len(found)} differences", *found[:3]])
