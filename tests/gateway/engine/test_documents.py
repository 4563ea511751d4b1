"""The generated documents ask for everything there is, in every way there is."""

from collections import Counter

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    InlineFragmentNode,
    NameNode,
    OperationDefinitionNode,
    Visitor,
    parse,
    visit,
)

from tests.builders.differential import REFERENCE, Case, answer
from tests.builders.document_writer import GRAPH
from tests.builders.documents import asks_about_the_schema, case

SAMPLE = 500
# The more root fields there are, the longer it takes till each was asked.
SAMPLE_MAX = 3_000
ERRING_SHARE_MAX = 0.08


class Words(Visitor):
    """Counts the names in a document, and the ways in which it asks."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    def enter_name(self, node: NameNode, *_place: object) -> None:
        self.seen[node.value] += 1

    def enter_field(self, node: FieldNode, *_place: object) -> None:
        self.seen["(alias)"] += node.alias is not None

    def enter_inline_fragment(self, node: InlineFragmentNode, *_place: object) -> None:
        self.seen["(typed)" if node.type_condition else "(untyped)"] += 1

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_place: object) -> None:
        self.seen[f"(on {node.type_condition.name.value})"] += 1

    def enter_operation_definition(self, node: OperationDefinitionNode, *_place: object) -> None:
        self.seen[f"({node.operation.value})"] += 1


def sample() -> list[Case]:
    return [case(seed) for seed in range(SAMPLE)]


def test_a_document_is_a_function_of_its_number() -> None:
    again = case.__wrapped__

    assert [again(seed) for seed in range(20)] == [case(seed) for seed in range(20)]
    assert len({case(seed).text for seed in range(20)}) == 20


def test_documents_ask_in_every_way_for_every_root_field() -> None:
    assert GRAPH.query_type is not None
    assert GRAPH.mutation_type is not None
    words = Words()
    ways = {"(alias)", "(typed)", "(untyped)", "(on Customer)", "(query)", "(mutation)", "skip"}
    names = {"include", "__typename", "edges", "cursor", "pageInfo", "totalCount", "userErrors"}
    wanted = {*ways, *names, *GRAPH.query_type.fields, *GRAPH.mutation_type.fields}

    for seed in range(SAMPLE_MAX):
        visit(parse(case(seed).text), words)
        if wanted <= words.seen.keys():
            break

    assert wanted - words.seen.keys() == set()


def test_variables_are_given_left_out_null_and_wrong() -> None:
    defined, values = 0, []
    for made in sample():
        operation = made.operation().node
        defined += len(operation.variable_definitions or ())
        values += made.variables.values()

    assert len(values) < defined
    assert None in values
    assert {"not": ["what", "is", "asked"]} in values
    assert {str, int, bool, list, dict} <= {type(value) for value in values}


def test_some_documents_name_their_operation_and_some_ask_about_the_schema() -> None:
    documents = sample()

    assert any(made.operation_name for made in documents)
    assert 0 < sum(map(asks_about_the_schema, documents)) < SAMPLE / 10


@pytest.mark.parametrize("half", [0, 1])
async def test_few_documents_are_answered_with_errors_when_all_goes_well(half: int) -> None:
    answers = [
        await answer(REFERENCE, case(seed), universe_seed=seed % 5, fault_seed=None)
        for seed in range(half, 200, 2)
    ]

    erring = [each for each in answers if each.errors]

    assert 0 < len(erring) <= ERRING_SHARE_MAX * len(answers)
