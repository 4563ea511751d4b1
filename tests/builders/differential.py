"""Asks two executors the same, and tells every difference that a client or a service could see."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from traceback import format_exc
from typing import Any, Final

import orjson
from graphql import (
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    InlineFragmentNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
)
from structlog.testing import capture_logs

from gateway.context import Context
from gateway.engine.execution import Executor
from gateway.engine.reference import ReferenceExecutor, core_schema
from gateway.http.caller import Caller
from gateway.http.documents import Documents, Operation
from gateway.http.errors import describe, translate_refusal
from gateway.http.requests import GraphQLRequest
from gateway.kit.contract import Rpc
from gateway.kit.fields import binding_of
from gateway.schema import schema
from gateway.settings import Limits
from tests.builders.universe import Universe, arguments_of, is_write, keys_field, somebody

# An executor that waits for what never comes must not hold up the build.
PATIENCE_SECONDS: Final = 20
REQUEST_ID: Final = "r"
# Introspection is allowed, so that it can be compared.
GRAPH: Final = core_schema(schema)
DOCUMENTS: Final = Documents(GRAPH, limits=Limits(), hides_the_schema=False)
REFERENCE: Final = ReferenceExecutor(schema)

Asked = tuple[Rpc, Any]


@dataclass(frozen=True)
class Case:
    """What a client sends."""

    text: str
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None

    def operation(self) -> Operation:
        """Parse, validate and price it.

        :raises Refused: where the gateway would not execute it.
        """
        request = GraphQLRequest(
            query=self.text, variables=self.variables, operation_name=self.operation_name
        )
        return DOCUMENTS.operation(request)


@dataclass(frozen=True)
class Answer:
    """What a client sees of an operation, and what the services saw of it."""

    # Text, for the order of the fields is part of an answer.
    data: str
    errors: list[dict[str, Any]]
    asked: list[Asked]
    # Why the reference executor gave it; none where a plan did.
    reason: str | None = None


async def differences(
    document: str,
    variables: dict[str, Any],
    *,
    universe_seed: int,
    fault_seed: int | None,
    engine: Executor,
    operation_name: str | None = None,
) -> list[str]:
    """Say how the engine's answer and ways differ from the reference executor's.

    Without a fault seed all goes well; then the engine asks at most once for every edge written.
    """
    case = Case(document, variables, operation_name)
    expected = await answer(REFERENCE, case, universe_seed=universe_seed, fault_seed=fault_seed)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            given = await answer(engine, case, universe_seed=universe_seed, fault_seed=fault_seed)
    except Exception:  # noqa: BLE001 - whatever an executor raises is a difference
        found = [f"the engine raised\n{format_exc()}"]
    else:
        found = compare(given, expected)
        if fault_seed is None and len(given.asked) > calls_max(case):
            names = [rpc.name for rpc, _ in given.asked]
            found.append(f"asked more often than there are edges: {names}")
    where = f"universe {universe_seed}, faults {fault_seed}"
    return [f"{each}\n\n{where}\n{_told(case)}" for each in found]


async def answer(
    executor: Executor, case: Case, *, universe_seed: int, fault_seed: int | None
) -> Answer:
    """Run an operation in a fresh context over a fresh universe."""
    universe = Universe(universe_seed, fault_seed=fault_seed)
    caller = Caller(somebody(universe_seed), request_id=REQUEST_ID)
    outcome = await executor.execute(
        case.operation(),
        variables=case.variables,
        context=Context(calls=universe, caller=caller),
    )
    return Answer(
        orjson.dumps(outcome.data).decode(), seen(outcome.errors), universe.asked, outcome.reason
    )


def seen(errors: Sequence[GraphQLError]) -> list[dict[str, Any]]:
    """Describe errors as the client gets them, in an order of their own: executors have none."""
    # What nobody expected is logged with its trace, which takes longer than the operation.
    with capture_logs():
        described = describe(errors, request_id=REQUEST_ID, translate=translate_refusal)
    return sorted(described, key=lambda each: json.dumps(each, sort_keys=True, default=str))


def compare(given: Answer, expected: Answer) -> list[str]:
    """Say how an answer differs from the expected one, and what was asked beyond need."""
    found = []
    if given.data != expected.data:
        found.append(f"other data\n{given.data}\ninstead of\n{expected.data}")
    if given.errors != expected.errors:
        found.append(f"other errors\n{_lines(given.errors)}\ninstead of\n{_lines(expected.errors)}")
    found += [f"asked twice: {each}" for each in _asked_twice(given.asked, expected.asked)]
    written, to_write = _writes(given.asked), _writes(expected.asked)
    if written != to_write:
        found.append(f"wrote {written} instead of {to_write}")
    return found


def calls_max(case: Case) -> int:
    """Count the places of a document that need an rpc, whatever the number of objects there."""
    operation = case.operation()
    document = operation.document.node
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    places: set[tuple[str, ...]] = set()

    def walk(node: Any, type_: Any, path: tuple[str, ...]) -> None:
        for each in node.selection_set.selections if node.selection_set else ():
            if isinstance(each, FragmentSpreadNode):
                walk(fragments[each.name.value], type_, path)
            elif isinstance(each, InlineFragmentNode):
                walk(each, type_, path)
            elif not each.name.value.startswith("__"):
                for one in possible(type_):
                    field = one.fields.get(each.name.value)
                    here = (*path, one.name, each.alias.value if each.alias else each.name.value)
                    if field is not None:
                        if asks(field, each.name.value):
                            places.update(
                                (*here, inside.name)
                                for inside in possible(get_named_type(field.type)) or [one]
                            )
                        walk(each, get_named_type(field.type), here)

    walk(operation.node, GRAPH.get_root_type(operation.node.operation), ())
    return len(places)


def possible(type_: Any) -> list[Any]:
    """Give the types of objects that a type stands for; none for leaves."""
    if is_abstract_type(type_):
        return list(GRAPH.get_possible_types(type_))
    return [type_] if is_object_type(type_) else []


def asks(field: GraphQLField, name: str) -> bool:
    """Tell whether a field needs an rpc."""
    kind = getattr(binding_of(field), "kind", "")
    return name == "totalCount" or kind not in ("", "leaf", "response", "local")


def _asked_twice(given: Sequence[Asked], expected: Sequence[Asked]) -> list[str]:
    """Name what was asked again: each key once, and what has no keys as often as expected.

    What a list counts in all may be asked beside it, even where the list then fails.
    """
    once = {one: 1 for one in _questions(given) if one[2] or one[0].startswith("Count")}
    may = Counter(once) | Counter(one for one in _questions(expected) if not one[2])
    again = Counter(_questions(given)) - may
    return [f"{name} {key} {arguments!r}" for name, arguments, key in again]


def _questions(asked: Sequence[Asked]) -> list[tuple[str, bytes, str]]:
    """Take calls apart: each key of a batch is a question, whatever fields are wanted of it."""
    questions = []
    for rpc, request in asked:
        arguments = arguments_of(rpc, request, neutral=("read_mask",))
        parents = keys_field(rpc)
        keys = getattr(request, parents) if parents else [""]
        questions += [(rpc.name, arguments, key) for key in keys]
    return questions


def _writes(asked: Sequence[Asked]) -> list[tuple[str, bytes]]:
    return [(rpc.name, arguments_of(rpc, request)) for rpc, request in asked if is_write(rpc)]


def _lines(errors: Sequence[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(each, ensure_ascii=False, default=str) for each in errors)


def _told(case: Case) -> str:
    name = f" ({case.operation_name})" if case.operation_name else ""
    return f"{json.dumps(case.variables, ensure_ascii=False)}{name}\n{case.text}"
