"""The comparison of executors would find a bug of the compiler: here are some, and it does."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from graphql import GraphQLError, Undefined

from gateway.engine import (
    connections,
    edges,
    executor,
    leaves,
    planner,
    runner,
    selection,
    writer,
)
from gateway.engine.batches import Answer
from gateway.engine.code import Names, Shape
from gateway.engine.executor import Engine, Plans
from gateway.engine.known import Known
from gateway.engine.masks import Mask
from gateway.engine.selection import Selected, Selections
from gateway.engine.sources import ByParent, Whole, Written
from gateway.engine.values import Arguments, Variable
from gateway.engine.writer import Writer
from gateway.kit.nodes import One
from gateway.schema import schema
from tests.builders import documents
from tests.builders.differential import DOCUMENTS, Case, differences

# Few documents that find most of the bugs below, as long as the graph stays as it is.
SEEDS = (18, 52, 56, 60, 98, 134, 188, 356, 668)
# So many are asked where these find none: what a seed stands for changes with the graph.
SEARCH_MAX = 1_500
# What only shows when a document is asked again with other variables.
AGAIN = [
    Case(
        """query ($first: Int!, $named: Boolean!) {
             customers(first: $first) { nodes { id name @include(if: $named) } } }""",
        {"first": first, "named": named},
    )
    for first, named in ((1, True), (3, True), (3, False))
]

Bug = Callable[[pytest.MonkeyPatch], None]


def an_amount_shows_its_currency(patch: pytest.MonkeyPatch) -> None:
    def swapped(leaf: Any, type_: Any, source: str, *, draft: Any) -> Shape:
        shape = right(leaf, type_, source, draft=draft)
        return Shape(shape.text.replace(".amount", ".currency_code"))

    right = leaves.leaf_of
    patch.setattr(writer, "leaf_of", swapped)


def an_alias_is_lost(patch: pytest.MonkeyPatch) -> None:
    def unnamed(self: Selections, type_: Any, sets: Any) -> list[Selected]:
        return [Selected(each.name, each.nodes) for each in right(self, type_, sets)]

    right = Selections.of
    patch.setattr(Selections, "of", unnamed)


def an_error_has_no_path(patch: pytest.MonkeyPatch) -> None:
    def pathless(outcome: Any, **changes: Any) -> Any:
        errors = [GraphQLError(each.message, each.nodes) for each in outcome.errors]
        return replace(outcome, errors=errors, **changes)

    patch.setattr(executor, "replace", pathless)


def parents_whose_lists_failed_are_shown_without(patch: pytest.MonkeyPatch) -> None:
    _swallow_failures(patch, ByParent)


def a_page_that_failed_is_shown_as_empty(patch: pytest.MonkeyPatch) -> None:
    _swallow_failures(patch, Whole)


def _swallow_failures(patch: pytest.MonkeyPatch, source: type[Any]) -> None:
    """Take an empty response where there is none."""

    async def swallowing(self: Any, *given: Any) -> list[Answer]:
        return [
            replace(answer, content=b"") if answer.has_failed else answer
            for answer in await right(self, *given)
        ]

    right = source.ask
    patch.setattr(source, "ask", swallowing)


def what_failed_is_asked_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Known, "tell", lambda _self, _reading: None)


def a_mask_forgets_a_field(patch: pytest.MonkeyPatch) -> None:
    def forgetful(self: Mask, name: str) -> None:
        if name != "state":
            right(self, name)

    right = Mask.use
    patch.setattr(Mask, "use", forgetful)


def a_field_written_twice_has_only_what_is_first_asked_inside(patch: pytest.MonkeyPatch) -> None:
    right = Selected.inside.fget  # type: ignore[attr-defined]
    patch.setattr(Selected, "inside", property(lambda self: right(self)[:1]))


def a_fragment_of_another_type_is_opened(patch: pytest.MonkeyPatch) -> None:
    def lenient(self: Selections, type_: Any, condition: str) -> bool:
        fields = getattr(self.schema.get_type(condition), "fields", {})
        return right(self, type_, condition) or fields.keys() & type_.fields.keys() != set()

    right = Selections._is_of
    patch.setattr(Selections, "_is_of", lenient)


def an_edge_asks_with_the_key_of_another(patch: pytest.MonkeyPatch) -> None:
    def astray(writer_: Any, binding: One, *place: Any) -> Shape:
        if binding.key == "indirect_partner_id":
            binding = replace(binding, key="partner_id")
        return right(writer_, binding, *place)

    right = edges.WAYS[One]
    patch.setitem(planner.WAYS, One, astray)


def a_list_lacks_its_last(patch: pytest.MonkeyPatch) -> None:
    def cut(self: Writer, *place: Any, items: str, **others: Any) -> Shape:
        return right(self, *place, items=f"{items}[:-1]", **others)

    right = Writer.objects
    patch.setattr(Writer, "objects", cut)


def null_stands_where_there_must_be_none(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(planner.TOOLS, "null", lambda: None)


def an_enum_that_nobody_knows_is_null(patch: pytest.MonkeyPatch) -> None:
    class Lenient(dict[Any, Any]):
        def __missing__(self, key: Any) -> None:
            return None

        def __ror__(self, other: Mapping[Any, Any]) -> "Lenient":
            return Lenient({**other, **self})

    right = leaves.words_of
    patch.setattr(leaves, "words_of", lambda type_: Lenient(right(type_)))


def a_number_beyond_int_is_shown(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(planner.TOOLS, "fitting", lambda number: number)


def an_argument_is_ignored(patch: pytest.MonkeyPatch) -> None:
    def ignoring(self: Arguments, variables: Any) -> dict[str, Any]:
        given = right(self, variables)
        return {name: value for name, value in given.items() if name != "filter"}

    right = Arguments.values
    patch.setattr(Arguments, "values", ignoring)


def a_default_wins_over_what_is_given(patch: pytest.MonkeyPatch) -> None:
    def stubborn(self: Variable, given: Any, *, into: dict[str, Any]) -> None:
        right(self, {} if self.default is not Undefined else given, into=into)

    right = Variable.coerce
    patch.setattr(Variable, "coerce", stubborn)


def a_request_is_kept_for_other_values(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Arguments, "key", lambda _self, _variables: ())


def a_plan_is_kept_for_other_booleans(patch: pytest.MonkeyPatch) -> None:
    def first(self: Plans, operation: Any, values: Any) -> Any:
        return next(iter(self.made.values()), None) or right(self, operation, values)

    right = Plans.plan
    patch.setattr(Plans, "plan", first)


def edges_with_other_arguments_are_taken_for_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(edges, "identity_of", lambda _: ())


def skip_does_the_opposite(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(selection, "_DECIDING", {"include": True, "skip": True})


def a_write_is_sent_twice(patch: pytest.MonkeyPatch) -> None:
    async def eager(self: Written, *given: Any) -> Any:
        await right(self, *given)
        return await right(self, *given)

    right = Written.ask
    patch.setattr(Written, "ask", eager)


def a_key_is_asked_for_as_often_as_it_is_wanted(patch: pytest.MonkeyPatch) -> None:
    def every(self: Any, step: Any, collect: Any) -> list[str]:
        return [key for key in collect(*[self._results[at] for at in step.takes]) if key]

    patch.setattr(runner._Steps, "_new_keys", every)


def names_of_generated_code_meet(patch: pytest.MonkeyPatch) -> None:
    def careless(self: Names, wish: str) -> str:
        return wish.lower()

    patch.setattr(Names, "take", careless)


def every_page_is_the_first(patch: pytest.MonkeyPatch) -> None:
    def first(writer_: Any, type_: Any, sets: Any, page: Any) -> Shape:
        return right(writer_, type_, sets, replace(page, went_on="False"))

    right = connections.connection
    patch.setattr(edges, "connection", first)
    patch.setattr("gateway.engine.roots.connection", first)


def cursors_are_of_the_next_item(patch: pytest.MonkeyPatch) -> None:
    def late(page: Any, items: Any) -> Any:
        tokens = list(connections.cursors(page, items))
        return [*tokens[1:], *tokens[:1]]

    patch.setitem(planner.TOOLS, "cursors", late)


def an_edge_waits_for_no_parent(patch: pytest.MonkeyPatch) -> None:
    def at_once(self: Any) -> list[Any]:
        return list(self.steps)

    patch.setattr("gateway.engine.plan.Part.first", property(at_once))


BUGS: tuple[Bug, ...] = (
    an_amount_shows_its_currency,
    an_alias_is_lost,
    an_error_has_no_path,
    parents_whose_lists_failed_are_shown_without,
    a_page_that_failed_is_shown_as_empty,
    what_failed_is_asked_again,
    a_mask_forgets_a_field,
    a_field_written_twice_has_only_what_is_first_asked_inside,
    a_fragment_of_another_type_is_opened,
    an_edge_asks_with_the_key_of_another,
    a_list_lacks_its_last,
    null_stands_where_there_must_be_none,
    an_enum_that_nobody_knows_is_null,
    a_number_beyond_int_is_shown,
    an_argument_is_ignored,
    a_default_wins_over_what_is_given,
    a_request_is_kept_for_other_values,
    a_plan_is_kept_for_other_booleans,
    edges_with_other_arguments_are_taken_for_one,
    skip_does_the_opposite,
    a_write_is_sent_twice,
    a_key_is_asked_for_as_often_as_it_is_wanted,
    names_of_generated_code_meet,
    every_page_is_the_first,
    cursors_are_of_the_next_item,
    an_edge_waits_for_no_parent,
)


@pytest.fixture(autouse=True)
def compiled_afresh() -> Iterator[None]:
    """Leave no plan behind, neither a right one for the bug nor one with a bug for others."""
    _forget_plans()
    yield
    _forget_plans()


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
async def test_a_bug_is_found(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)

    assert await found(SEEDS, again=True) or await found(range(SEARCH_MAX))


async def test_where_there_is_no_bug_none_is_found() -> None:
    assert await found(SEEDS, again=True) == []


async def found(seeds: Iterable[int], *, again: bool = False) -> list[str]:
    """Compare the executors document by document, until something differs."""
    engine = Engine(schema)
    generated = ((seed, documents.case(seed)) for seed in seeds)
    for seed, made in chain(generated, enumerate(AGAIN if again else ())):
        for fault_seed in (None, seed % 8):
            differ = await differences(
                made.text,
                made.variables,
                operation_name=made.operation_name,
                universe_seed=seed % 5,
                fault_seed=fault_seed,
                engine=engine,
            )
            if differ:
                return differ
    return []


def _forget_plans() -> None:
    for document in DOCUMENTS.known():
        document.derived.clear()
