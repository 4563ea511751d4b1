"""The engine: who answers and why, what it costs, and what is logged where a plan was wrong."""

from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_object_type
from structlog.testing import capture_logs

from gateway.context import Context
from gateway.engine import planner
from gateway.engine.execution import HandOver, Outcome
from gateway.engine.executor import Engine
from gateway.http.caller import Caller
from gateway.http.measure import count_objects
from gateway.kit.kinds import is_connection, is_value
from gateway.schema import schema
from partner.billing.v1 import vouchers_pb2
from partner.customers.v1 import customers_pb2, resources_pb2
from tests.builders import documents
from tests.builders import graph_messages as messages
from tests.builders.differential import GRAPH, Case
from tests.builders.graph import Rpcs
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.universe import Universe, somebody
from tests.gateway.engine.test_differential import variables

ENGINE = Engine(schema)
# What a subscription costs is told by nobody.
EXAMPLES = [
    path
    for path in sorted(Path(__file__).parents[3].joinpath("examples").glob("*.graphql"))
    if "subscription" not in path.read_text()
]
TOTAL = "{ customers { totalCount nodes { id } } }"
RESOURCES = "nodes { resources(first: 1) { edges { cursor } nodes { state } } }"
ONE = 'customer(by: {mobile: "+86 1"}) { id }'
MANY_BOOLEANS = Case(
    "query ({}) {{ customers {{ nodes {{ id {} }} }} }}".format(
        ", ".join(f"$b{number}: Boolean!" for number in range(5)),
        " ".join(f"b{number}: name @include(if: $b{number})" for number in range(5)),
    )
)


def costs_nothing(type_: Any) -> bool:
    return is_connection(type_) or is_value(type_)


# Fields that cost nothing themselves here, pages and values, and are objects there.
FREE, COSTLY = (
    {
        name
        for on in GRAPH.type_map.values()
        if isinstance(on, GraphQLObjectType) and not is_connection(on)
        for name, field in on.fields.items()
        if is_object_type(get_named_type(field.type))
        and costs_nothing(get_named_type(field.type)) is is_free
    }
    for is_free in (True, False)
)
BOTH = FREE & COSTLY


async def run(made: Case, calls: Any) -> Outcome:
    caller = Caller(an_administrator(a_tenant()), request_id="r")
    return await ENGINE.execute(
        made.operation(), variables=made.variables, context=Context(calls=calls, caller=caller)
    )


def counting(total: int, customers: int = 1) -> Rpcs:
    """Answer for one customer more or less."""
    return Rpcs(
        ListCustomers=messages.customers(customers),
        CountCustomers=customers_pb2.CountCustomersResponse(total_count=total),
    )


async def test_a_plan_says_what_its_steps_were() -> None:
    outcome = await run(Case(TOTAL), counting(7))

    assert outcome.reason is None
    assert [(step.source, step.level, step.keys, step.fields) for step in outcome.steps] == [
        ("customers", 0, 0, ("id",)),
        ("customers_count", 0, 0, ()),
    ]
    assert all(step.rpc.startswith("/partner.customers.v1.") for step in outcome.steps)
    assert all(0 < step.seconds < 5 for step in outcome.steps)


async def test_a_plan_that_fails_where_nothing_is_wrong_is_logged_as_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_: int) -> int:
        raise HandOver("overflow")

    monkeypatch.setitem(planner.TOOLS, "fitting", broken)
    made = Case(f"query Broken {TOTAL}")
    made.operation().document.derived.clear()

    with capture_logs() as logs:
        outcome = await run(made, counting(7))

    made.operation().document.derived.clear()
    assert outcome.data["customers"]["totalCount"] == 7
    assert outcome.reason == "overflow"
    [line] = logs
    assert (line["log_level"], line["event"], line["operation"]) == (
        "error",
        "plan failed",
        "Broken",
    )
    assert line["exc_info"]


async def test_a_plan_that_fails_with_the_reference_executor_is_no_error_of_ours() -> None:
    with capture_logs() as logs:
        outcome = await run(Case(TOTAL), counting(2**40))

    assert outcome.reason == "overflow"
    assert outcome.errors
    assert "plan failed" not in [line["event"] for line in logs]


@pytest.mark.parametrize(
    ("text", "variables", "answers", "reason"),
    [
        ("{ __schema { queryType { name } } }", {}, {}, "introspection"),
        ("query ($n: Int!) { programs(first: $n) { nodes { id } } }", {"n": "x"}, {}, "variables"),
        ("{ programs(first: 0) { nodes { id } } }", {}, {}, "arguments"),
        ("{ programs { nodes { id } } }", {}, {"ListPrograms": RuntimeError()}, "failure"),
        (
            "{ customers { nodes { vouchers { nodes { faceValue { amount } } } } } }",
            {},
            {
                "BatchListVouchers": messages.grouped(
                    vouchers_pb2.BatchListVouchersResponse, "vouchers", vouchers_pb2.Voucher
                )
            },
            "null",
        ),
        (
            "{ customers { nodes { vouchers { nodes { state } } } } }",
            {},
            {
                "BatchListVouchers": messages.grouped(
                    vouchers_pb2.BatchListVouchersResponse, "vouchers", vouchers_pb2.Voucher
                )
            },
            "value",
        ),
        (
            f"{{ customers {{ {RESOURCES} }} }}",
            {},
            {
                "BatchListResources": messages.grouped(
                    resources_pb2.BatchListResourcesResponse,
                    "resources",
                    messages.a_resource,
                    each=1,
                    item_tokens=["one", "two"],
                )
            },
            "cursors",
        ),
        (f"{{ {ONE} }}", {}, {"ListCustomers": messages.customers(2)}, "several"),
    ],
)
async def test_the_reference_executor_answers_for_a_reason(
    text: str, variables: dict[str, Any], answers: dict[str, Any], reason: str
) -> None:
    rpcs = Rpcs(**({"ListCustomers": messages.customers(1)} | answers))

    with capture_logs():
        outcome = await run(Case(text, variables), rpcs)

    assert outcome.reason == reason
    assert outcome.cost is None


async def test_a_wrong_argument_that_no_object_reaches_is_no_plan_that_failed() -> None:
    text = "{ customers { nodes { vouchers(first: 0) { nodes { id } } } } }"

    with capture_logs() as logs:
        outcome = await run(Case(text), Rpcs(ListCustomers=messages.customers(0)))

    assert outcome.data == {"customers": {"nodes": []}}
    assert outcome.reason == "arguments"
    assert logs == []


async def test_a_document_of_many_plans_is_not_worth_more_of_them() -> None:
    reasons = []
    for number in range(18):
        variables = {f"b{bit}": bool(number >> bit & 1) for bit in range(5)}
        made = Case(MANY_BOOLEANS.text, variables)
        reasons.append((await run(made, counting(1))).reason)

    assert reasons == [None] * 16 + ["variants"] * 2


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
async def test_an_example_costs_what_its_answer_has_in_objects(example: Path) -> None:
    made = Case(example.read_text(), variables(example))  # noqa: ASYNC240 - a small file

    for seed in range(4):
        cost, objects, is_exact = await costs(made, seed=seed)
        assert cost is not None
        assert cost == objects if is_exact else cost >= objects


@pytest.mark.parametrize("chunk", range(4))
async def test_a_document_costs_what_its_answer_has_in_objects(chunk: int) -> None:
    exact = 0

    # Those written by our own writer, which are more and made faster than the drawn ones.
    for seed in range(chunk * 50, chunk * 50 + 50, 2):
        cost, objects, is_exact = await costs(documents.case(seed), seed=seed)
        if cost is not None:
            assert cost == objects if is_exact else cost >= objects, seed
            exact += is_exact

    assert exact > 5


async def costs(made: Case, *, seed: int) -> tuple[int | None, int, bool]:
    """Give what the engine counts, what the answer has, and whether the latter is exact.

    By keys alone one can not tell a page from a list where both stand under the same key.
    """
    operation = made.operation()
    caller = Caller(somebody(seed % 5), request_id="r")
    context = Context(calls=Universe(seed % 5), caller=caller)
    outcome = await ENGINE.execute(operation, variables=made.variables, context=context)
    free = operation.price.free_keys
    return outcome.cost, count_objects(outcome.data, free_keys=free), not free & BOTH
