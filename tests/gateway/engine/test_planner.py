"""Plans: which rpcs, how many of them, in which order, with which masks."""

import asyncio
from itertools import product

import pytest

from gateway.engine.execution import HandOver
from gateway.engine.executor import PLANS_MAX, SELECTIONS_AT_ONCE
from gateway.http.requests import GraphQLRequest
from tests.builders.graph import ENGINE, OPERATIONS
from tests.builders.graph_messages import an_id
from tests.builders.graph_plans import a_plan, asked, steps

CUSTOMERS = "{{ customers(first: 2) {{ nodes {{ {} }} }} }}"


def test_a_mask_names_what_is_selected_and_the_keys_of_edges() -> None:
    found = asked(CUSTOMERS.format("name n: name monthToDateSpend { amount } partner { name }"))

    assert found == [
        ("ListCustomers", 0, ("name", "month_to_date_spend", "partner_id")),
        ("BatchGetPartners", 1, ("id", "name")),
    ]


def test_a_list_of_which_only_the_end_is_asked_still_names_a_field() -> None:
    assert asked("{ customers { pageInfo { hasNextPage } } }") == [("ListCustomers", 0, ("id",))]


def test_what_lies_inside_a_message_is_asked_with_it() -> None:
    found = asked("{ voucherQuotas { nodes { limits { key value1 } } } }")

    assert found == [("ListVoucherQuotas", 0, ("limits",))]


def test_an_edge_selected_twice_with_equal_arguments_is_one_step() -> None:
    twice = "a: resources(first: 5) { nodes { state } } b: resources(first: 5) { nodes { id } }"

    assert asked(CUSTOMERS.format(twice)) == [
        ("ListCustomers", 0, ("id",)),
        ("BatchListResources", 1, ("state", "id")),
    ]


def test_an_edge_with_other_arguments_is_another_step() -> None:
    twice = "a: resources(first: 5) { nodes { id } } b: resources(first: 6) { nodes { id } }"

    assert [rpc for rpc, *_ in asked(CUSTOMERS.format(twice))].count("BatchListResources") == 2


def test_edges_of_one_level_to_things_of_one_type_are_one_step() -> None:
    found = asked(CUSTOMERS.format("partner { name } indirectPartner { state }"))

    assert found == [
        ("ListCustomers", 0, ("partner_id", "indirect_partner_id")),
        ("BatchGetPartners", 1, ("id", "name", "state")),
    ]


def test_root_fields_with_equal_arguments_are_one_step() -> None:
    id_ = an_id("ptr")

    found = asked(f'{{ a: partner(id: "{id_}") {{ name }} b: partner(id: "{id_}") {{ state }} }}')

    assert found == [("BatchGetPartners", 0, ("id", "name", "state"))]


def test_steps_that_do_not_need_each_other_wait_for_the_same_one() -> None:
    listed, *others = steps(
        CUSTOMERS.format("vouchers { nodes { id } } resources { nodes { id } } partner { id }")
    )

    assert [set(step.needs) for step in others] == [{listed}] * 3
    assert listed.feeds == others


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_every_level_of_the_same_edge_is_one_step_of_the_same_source(depth: int) -> None:
    inside = "name"
    for _ in range(depth):
        inside = f"distributor {{ {inside} }}"

    found = steps(f"{{ indirectPartners {{ nodes {{ {inside} }} }} }}")

    assert [step.level for step in found] == list(range(depth + 1))
    assert len({step.source for step in found}) == 2


def test_a_node_is_asked_of_the_source_that_its_prefix_names() -> None:
    found = steps("query ($id: ID!) { node(id: $id) { id ... on Customer { name } } }", id="x")

    masks = {step.source.rpc.name: step.source.mask for step in found}
    assert len(found) == len(ENGINE.reference.schema.get_possible_types(_node()))
    assert masks["BatchGetCustomers"].fields == ("id", "name")  # type: ignore[union-attr]
    assert masks["BatchGetVouchers"].fields == ("id",)  # type: ignore[union-attr]


def test_the_parts_of_a_mutation_are_its_fields() -> None:
    field = 'updateCustomer(input: {requestId: "%s", id: "%s", tags: []}) { customer { name } }'

    [part] = a_plan(f"mutation {{ {field % ('r', an_id('cus'))} }}").parts

    assert [step.source.rpc.name for step in part.steps] == ["UpdateCustomer"]


def test_each_set_of_booleans_has_a_plan_until_there_are_too_many() -> None:
    names = [f"b{number}" for number in range(5)]
    variables = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: name @include(if: ${name})" for name in names)
    text = f"query ({variables}) {{ customers {{ nodes {{ id {fields} }} }} }}"

    for values in list(product([True, False], repeat=5))[:PLANS_MAX]:
        a_plan(text, **dict(zip(names, values, strict=True)))

    with pytest.raises(HandOver, match="variants"):
        a_plan(text, **dict.fromkeys(names, False))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{ __schema { types { name } } }", "introspection"),
        ('{ __type(name: "Me") { name } }', "introspection"),
    ],
)
def test_what_is_not_planned_says_why(text: str, reason: str) -> None:
    with pytest.raises(HandOver, match=reason):
        a_plan(text)


def test_plans_are_kept_with_their_document() -> None:
    text = "{ me { subject } }"

    assert a_plan(text) is a_plan(text)
    assert any(document.text == text for document in OPERATIONS.known())


def test_generated_code_is_named_after_the_query_and_has_no_value_of_it_in_it() -> None:
    secret = an_id("cus")

    [part] = a_plan(f'{{ found: customer(by: {{id: "{secret}"}}) {{ fullName: name }} }}').parts

    assert '"fullName": found.name' in part.source
    assert secret not in part.source


def _node() -> object:
    return ENGINE.reference.schema.type_map["Node"]


@pytest.mark.parametrize(("pages", "others_come_first"), [(1, False), (12, True)])
async def test_while_a_large_operation_is_planned_others_have_their_turn(
    *, pages: int, others_come_first: bool
) -> None:
    edges = "resources(first: 1) { nodes { id } } vouchers(first: 1) { nodes { id } }"
    page = f"customers(first: 1) {{ nodes {{ id name {edges} }} }}"
    text = " ".join(f"p{number}: {page}" for number in range(pages))
    operation = OPERATIONS.operation(GraphQLRequest(query=f"{{ {text} }}"))
    plans, others = ENGINE.plans(operation), list[str]()
    asyncio.get_running_loop().call_soon(others.append, "other")

    first = await plans.plan_aside(operation, plans.declared.read({}))
    came = list(others)
    again = await plans.plan_aside(operation, plans.declared.read({}))

    assert (operation.selections > SELECTIONS_AT_ONCE) is others_come_first
    assert bool(came) is others_come_first
    assert again is first
