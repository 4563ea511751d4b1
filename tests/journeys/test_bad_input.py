"""Bad input at the graph: a coded error that names the field, and nothing told of other tenants."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import pytest
import pytest_asyncio

from services.kit import ids
from tests.builders.customers import a_request_id, open_tenant
from tests.builders.graphs import Answer, Graph
from tests.builders.principals import an_administrator
from tests.builders.running import RunningService
from tests.builders.tenants import add_known_customers

Services = Mapping[str, RunningService]
UNKNOWN = ids.to_text("cus", ids.new_id())


@dataclass(frozen=True)
class Two:
    """Two tenants, each with three customers."""

    tenant_id: UUID
    customer_ids: list[str]
    other_tenant_id: UUID
    foreign_ids: list[str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two(services: Services) -> Two:
    tenants = [await open_tenant(services["customers"]) for _ in range(2)]
    customers = [await add_known_customers(services, one, 3) for one in tenants]
    return Two(tenants[0], customers[0], tenants[1], customers[1])


def customers(given: str) -> str:
    return f"{{ customers({given}) {{ nodes {{ id }} }} }}"


def consumption(filter_: str) -> str:
    return f"{{ consumptionDetails(filter: {{{filter_}}}) {{ nodes {{ id }} }} }}"


def summaries(below: str) -> str:
    return f"{{ customers {{ nodes {{ consumptionSummaries({below}) {{ billingCycle }} }} }} }}"


FEBRUARY = 'billingCycle: "2026-02"'
# What is asked, and the argument at fault.
BAD = {
    "a malformed id": ('{ node(id: "cus_nonsense") { id } }', "id"),
    "a malformed id among many": (f'{{ nodes(ids: ["{UNKNOWN}", "x"]) {{ id }} }}', "ids[1]"),
    "a malformed id of a customer": ('{ customer(by: {id: "17"}) { id } }', "by.id"),
    "an id of another kind": (
        f'{{ customer(by: {{id: "{UNKNOWN.replace("cus", "res")}"}}) {{ id }} }}',
        "by.id",
    ),
    "a malformed id in a filter": (
        customers('filter: {customerId: "cus_1"}'),
        "filter.customerId",
    ),
    "an id of another kind in a list": (
        f'{{ vouchers(filter: {{voucherIds: ["{UNKNOWN}"]}}) {{ nodes {{ id }} }} }}',
        "filter.voucherIds[0]",
    ),
    "a blank search": (customers('filter: {name: "  "}'), "filter.name"),
    "a search with a blank inside": (
        customers('filter: {accountName: "a b"}'),
        "filter.accountName",
    ),
    "a negative page": (customers("first: -1"), "first"),
    "an empty page": (customers("first: 0"), "first"),
    "a huge page": (customers("first: 101"), "first"),
    "a huge page below": (
        "{ customers { nodes { vouchers(first: 2147483647) { nodes { id } } } } }",
        "first",
    ),
    "a made-up cursor": (customers('after: "nonsense"'), "after"),
    "times reversed": (
        customers(
            'filter: {associateTimeFrom: "2026-02-01T00:00:00Z", '
            'associateTimeTo: "2026-01-01T00:00:00Z"}'
        ),
        "filter.associateTimeTo",
    ),
    "days reversed": (
        consumption(f'{FEBRUARY}, consumeDateFrom: "2026-02-09", consumeDateTo: "2026-02-03"'),
        "filter.consumeDateTo",
    ),
    "a day outside the month": (
        consumption(f'{FEBRUARY}, consumeDateFrom: "2026-03-01"'),
        "filter.consumeDateFrom",
    ),
    "a malformed month": (consumption('billingCycle: "2026-13"'), "filter.billingCycle"),
    "a malformed month below": (summaries('from: "26-1", to: "2026-01"'), "from"),
    "months reversed": (summaries('from: "2026-02", to: "2026-01"'), "to"),
    "a foreign currency": (
        customers('filter: {monthToDateSpendMin: {amount: "1", currencyCode: "EUR"}}'),
        "filter.monthToDateSpendMin.currencyCode",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_the_error_is_coded_and_names_the_argument(graph: Graph, two: Two, case: str) -> None:
    query, argument = BAD[case]

    answer = await graph(query, principal=an_administrator(two.tenant_id))

    found = {(one["extensions"]["code"], one["extensions"].get("field")) for one in answer.errors}
    assert found == {("BAD_USER_INPUT", argument)}, answer.errors


# What the schema itself refuses, and what its message says of it.
INVALID = {
    "an unknown word": (customers("orderBy: SIDEWAYS"), "CustomerOrder"),
    "a time without offset": (
        customers('filter: {associateTimeFrom: "2026-02-01T00:00:00"}'),
        "DateTime must be RFC 3339 with an offset",
    ),
    "a number beyond 32 bits": (customers("first: 99999999999"), "99999999999"),
    "two alternatives": (
        f'{{ customer(by: {{id: "{UNKNOWN}", mobile: "13900000000"}}) {{ id }} }}',
        "CustomerBy",
    ),
    "a day that is none": (
        consumption(f'{FEBRUARY}, consumeDateFrom: "2026-02-30"'),
        "2026-02-30",
    ),
    "a malformed amount": (
        customers('filter: {monthToDateSpendMin: {amount: "1e3", currencyCode: "CNY"}}'),
        "Decimal must be a text",
    ),
}


@pytest.mark.parametrize("case", INVALID)
async def test_what_the_schema_refuses_is_not_executed(graph: Graph, two: Two, case: str) -> None:
    query, named = INVALID[case]

    answer = await graph(query, principal=an_administrator(two.tenant_id))

    assert (answer.status, answer.data) == (400, None)
    assert answer.error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert named in answer.error["message"]


async def test_an_unknown_word_in_a_variable_is_bad_input(graph: Graph, two: Two) -> None:
    answer = await graph(
        "query Sorted($order: CustomerOrder) { customers(orderBy: $order) { nodes { id } } }",
        principal=an_administrator(two.tenant_id),
        order="SIDEWAYS",
    )

    assert answer.error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "$order" in answer.error["message"]


async def test_a_malformed_value_in_a_variable_is_named_with_its_path(
    graph: Graph, two: Two
) -> None:
    answer = await graph(
        "query Rich($filter: CustomerFilter) { customers(filter: $filter) { nodes { id } } }",
        principal=an_administrator(two.tenant_id),
        filter={"monthToDateSpendMin": {"amount": 1.5, "currencyCode": "CNY"}},
    )

    assert answer.error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "'$filter' has invalid value at .monthToDateSpendMin.amount" in answer.error["message"]


PAGE = "query Page($after: String) { customers(first: 1, after: $after) { %s } }"
CURSOR = "pageInfo { endCursor }"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "{ indirectPartners(first: 1, after: $after) { nodes { id } } }",
        "{ vouchers(first: 1, after: $after) { nodes { id } } }",
        "{ customers(first: 1, after: $after, orderBy: NAME_ASC) { nodes { id } } }",
        '{ customers(first: 1, after: $after, filter: {tag: "x"}) { nodes { id } } }',
    ],
)
async def test_a_cursor_holds_for_its_own_list_only(graph: Graph, two: Two, elsewhere: str) -> None:
    principal = an_administrator(two.tenant_id)
    page = await graph.data(PAGE % CURSOR, principal=principal)
    cursor = page["customers"]["pageInfo"]["endCursor"]

    answer = await graph(
        f"query Else($after: String) {elsewhere}", principal=principal, after=cursor
    )

    assert _code_and_field(answer) == ("BAD_USER_INPUT", "after")


async def test_a_cursor_of_another_tenant_is_refused_like_a_made_up_one(
    graph: Graph, two: Two
) -> None:
    page = await graph.data(PAGE % CURSOR, principal=an_administrator(two.other_tenant_id))
    cursor = page["customers"]["pageInfo"]["endCursor"]
    own = an_administrator(two.tenant_id)

    foreign, made_up = [
        await graph(PAGE % "nodes { id }", principal=own, after=after)
        for after in (cursor, "nonsense")
    ]

    assert _code_and_field(foreign) == ("BAD_USER_INPUT", "after")
    assert foreign.errors == made_up.errors


# Wherever a customer can be named; whatever is asked of it must sound the same.
NAMED = {
    "node": "query Q($id: ID!) { node(id: $id) { id } }",
    "nodes": "query Q($id: ID!) { nodes(ids: [$id]) { id } }",
    "customer": "query Q($id: ID!) { customer(by: {id: $id}) { id } }",
    "customers": "query Q($id: ID!) { customers(filter: {customerId: $id}) { nodes { id } } }",
    "vouchers": "query Q($id: ID!) { vouchers(filter: {customerId: $id}) { nodes { id } } }",
    "consumption": (
        "query Q($id: ID!) { consumptionDetails("
        'filter: {billingCycle: "2026-02", customerId: $id}) { nodes { id } } }'
    ),
    "update": (
        "mutation M($id: ID!, $request: ID!) { updateCustomer("
        'input: {requestId: $request, id: $id, tags: ["mine"]}) {'
        " customer { id } userErrors { message field ... on CustomerUserError { code } } } }"
    ),
    "reveal": (
        "mutation M($id: ID!, $request: ID!) { revealCustomers("
        'input: {requestId: $request, customerIds: [$id], reason: "to call"}) {'
        " customers { id } userErrors { message field ... on CustomerUserError { code } } } }"
    ),
}


@pytest.mark.parametrize("case", NAMED)
async def test_a_foreign_customer_sounds_like_none(graph: Graph, two: Two, case: str) -> None:
    query, principal = NAMED[case], an_administrator(two.tenant_id)

    answers = []
    for id_ in (two.foreign_ids[0], UNKNOWN):
        given = {"id": id_} | ({"request": a_request_id()} if "$request" in query else {})
        answers.append(await graph(query, principal=principal, **given))

    foreign, unknown = ((one.status, json.dumps(one.data), one.errors) for one in answers)
    assert foreign == unknown
    assert two.foreign_ids[0] not in json.dumps(answers[0].data)


FOREIGN = {
    "input.id": (
        "mutation M($id: ID!, $request: ID!) { updateCustomer("
        'input: {requestId: $request, id: $id, tags: ["mine"]}) { userErrors { field } } }'
    ),
    "input.quotaId": (
        "mutation M($id: ID!, $request: ID!) { issueVouchers(input: {requestId: $request,"
        ' quotaId: "quo_01h455vb4pex5vsknk084sn02q", customerIds: [$id],'
        ' faceValue: {amount: "1", currencyCode: "CNY"}}) { userErrors { field } } }'
    ),
}


@pytest.mark.parametrize("field", FOREIGN)
async def test_the_refusal_names_the_id_that_is_not_there(
    graph: Graph, two: Two, field: str
) -> None:
    principal, request = an_administrator(two.tenant_id), a_request_id()

    answer = await graph(FOREIGN[field], principal=principal, id=UNKNOWN, request=request)

    [payload] = answer.data.values()
    assert payload == {"userErrors": [{"field": field}]}


@pytest.mark.parametrize(
    "lists",
    [
        "customers(filter: {indirectPartnerId: $id})",
        "vouchers(filter: {indirectPartnerId: $id})",
        'consumptionDetails(filter: {billingCycle: "2026-02", indirectPartnerId: $id})',
    ],
)
async def test_a_reseller_that_is_none_is_named_by_its_argument(
    graph: Graph, two: Two, lists: str
) -> None:
    query, me = f"query Q($id: ID!) {{ {lists} {{ nodes {{ id }} }} }}", two.tenant_id

    answer = await graph(query, principal=an_administrator(me), id=ids.to_text("ptr", me))

    assert _code_and_field(answer) == ("FORBIDDEN", "filter.indirectPartnerId")


def _code_and_field(answer: Answer) -> tuple[str, str | None]:
    extensions = answer.error["extensions"]
    return extensions["code"], extensions.get("field")
