"""Runs: steps at once, keys once, and what happens where something fails."""

import asyncio
import keyword
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue

from gateway.engine.batches import CALLS_AT_ONCE
from gateway.engine.code import TAKEN
from gateway.engine.planner import TOOLS
from gateway.kit.scalars import date_time_text
from partner.billing.v1 import vouchers_pb2
from partner.customers.v1 import partners_pb2, resources_pb2
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask, failing

THREE = """{ customers(first: 2) { nodes {
  id
  resources { nodes { cloudResourceId } }
  vouchers { nodes { state } }
} } }"""
PARTNER = messages.a_partner()
# Whatever message its only field is taken for, these are not its bytes.
UNREADABLE = StringValue(value="\x0f")


def customers(number: int) -> Any:
    return messages.customers(number, partner_id=PARTNER.id)


async def test_independent_steps_run_at_once() -> None:
    both = asyncio.Barrier(2)

    def waiting(answer: Any) -> Any:
        async def wait(request: Any) -> Any:
            # Only passes when the other one waits, too.
            await asyncio.wait_for(both.wait(), timeout=5)
            return answer(request)

        return wait

    rpcs = Rpcs(
        ListCustomers=customers(2),
        BatchListResources=waiting(messages.RESOURCES),
        BatchListVouchers=waiting(messages.VOUCHERS),
    )

    shown = await ask(THREE, rpcs=rpcs)

    assert shown.errors == []


async def test_keys_are_asked_once_however_many_want_them() -> None:
    rpcs = Rpcs(
        ListCustomers=customers(3),
        BatchGetPartners=messages.found(
            partners_pb2.BatchGetPartnersResponse, "partners", [PARTNER]
        ),
    )

    await ask("{ customers { nodes { partner { name distributor { name } } } } }", rpcs=rpcs)

    # The partner has no distributor: nobody is asked for nothing.
    assert [list(request.ids) for request in rpcs.requests("BatchGetPartners")] == [[PARTNER.id]]


async def test_more_parents_than_a_batch_takes_are_asked_in_several_at_once() -> None:
    pages = " ".join(f"p{n}: customers(first: {90 + n}) {{ ...P }}" for n in range(3))
    inside = "nodes { vouchers(first: 1) { nodes { id } } }"
    text = f"{{ {pages} }} fragment P on CustomerConnection {{ {inside} }}"
    rpcs = Rpcs(ListCustomers=customers(100), BatchListVouchers=messages.VOUCHERS)

    shown = await ask(text, rpcs=rpcs)

    asked = [len(request.customer_ids) for request in rpcs.requests("BatchListVouchers")]
    assert asked == [100, 100, 73]
    assert all(node["vouchers"]["nodes"] for page in shown.data.values() for node in page["nodes"])


async def test_of_a_batch_that_is_cut_only_some_calls_are_on_their_way_at_once() -> None:
    pages = " ".join(f"p{n}: customers(first: {90 + n}) {{ ...P }}" for n in range(7))
    inside = "nodes { vouchers(first: 1) { nodes { id } } }"
    text = f"{{ {pages} }} fragment P on CustomerConnection {{ {inside} }}"
    on_their_way, most = 0, 0

    async def slowly(request: Any) -> Any:
        nonlocal on_their_way, most
        on_their_way += 1
        most = max(most, on_their_way)
        for _ in range(3):
            await asyncio.sleep(0)
        on_their_way -= 1
        return messages.VOUCHERS(request)

    rpcs = Rpcs(ListCustomers=customers(100), BatchListVouchers=slowly)

    shown = await ask(text, rpcs=rpcs)

    assert most == CALLS_AT_ONCE
    assert rpcs.counts["BatchListVouchers"] > CALLS_AT_ONCE
    assert all(node["vouchers"]["nodes"] for page in shown.data.values() for node in page["nodes"])


async def test_a_response_that_can_not_be_read_is_an_error_of_every_parent() -> None:
    rpcs = Rpcs(
        ListCustomers=customers(2),
        BatchListResources=messages.RESOURCES,
        BatchListVouchers=UNREADABLE,
    )

    shown = await ask(THREE, rpcs=rpcs)

    assert set(rpcs.counts.values()) == {1}
    assert {tuple(error["path"]) for error in shown.errors} == {
        ("customers", "nodes", 0, "vouchers"),
        ("customers", "nodes", 1, "vouchers"),
    }
    assert {error["extensions"]["code"] for error in shown.errors} == {"INTERNAL"}
    assert all(node["resources"]["nodes"] for node in shown.data["customers"]["nodes"])


async def test_what_failed_is_an_error_of_every_parent_and_is_asked_only_once() -> None:
    rpcs = Rpcs(
        ListCustomers=customers(2),
        BatchListResources=messages.RESOURCES,
        BatchListVouchers=failing(grpc.StatusCode.UNAVAILABLE),
    )

    shown = await ask(THREE, rpcs=rpcs)

    assert rpcs.counts == {"ListCustomers": 1, "BatchListResources": 1, "BatchListVouchers": 1}
    assert sorted(error["path"] for error in shown.errors) == [
        ["customers", "nodes", 0, "vouchers"],
        ["customers", "nodes", 1, "vouchers"],
    ]
    assert {error["extensions"]["code"] for error in shown.errors} == {"SERVICE_UNAVAILABLE"}
    assert all(node["resources"]["nodes"] for node in shown.data["customers"]["nodes"])


async def test_a_null_where_there_must_be_none_is_an_error_and_asks_nothing_again() -> None:
    broken = vouchers_pb2.Voucher(id=messages.an_id("cpn"))
    rpcs = Rpcs(
        ListCustomers=customers(1),
        BatchListResources=messages.RESOURCES,
        BatchListVouchers=messages.grouped(
            vouchers_pb2.BatchListVouchersResponse, "vouchers", lambda: broken
        ),
    )

    shown = await ask(THREE, rpcs=rpcs)

    assert set(rpcs.counts.values()) == {1}
    assert shown.data["customers"]["nodes"][0]["vouchers"] is None
    assert [error["extensions"]["code"] for error in shown.errors] == ["INTERNAL"]


async def test_a_mutation_is_never_sent_again_when_its_payload_fails() -> None:
    rpcs = Rpcs(
        UpdateCustomer=messages.a_customer(partner_id=PARTNER.id),
        BatchGetPartners=failing(grpc.StatusCode.DEADLINE_EXCEEDED),
    )

    shown = await ask(
        """mutation ($id: ID!) { updateCustomer(input: {requestId: "r", id: $id, tags: ["a"]}) {
             customer { accountName partner { name } } userErrors { message } } }""",
        rpcs=rpcs,
        id=messages.an_id("cus"),
    )

    assert rpcs.counts == {"UpdateCustomer": 1, "BatchGetPartners": 1}
    assert shown.data["updateCustomer"]["customer"] == {"accountName": "acme", "partner": None}
    assert shown.extensions["code"] == "DEADLINE_EXCEEDED"


async def test_an_answer_from_which_no_keys_can_be_read_is_an_error_of_its_field() -> None:
    rpcs = Rpcs(ListCustomers=UNREADABLE)

    shown = await ask("{ customers { nodes { partner { name } } } me { subject } }", rpcs=rpcs)

    assert rpcs.counts == {"ListCustomers": 1}
    assert shown.data["customers"] is None
    assert shown.data["me"] is not None
    assert [error["extensions"]["code"] for error in shown.errors] == ["INTERNAL"]


async def test_a_step_that_waited_for_a_failed_one_is_never_taken() -> None:
    rpcs = Rpcs(ListCustomers=failing(grpc.StatusCode.UNAVAILABLE))

    shown = await ask(THREE, rpcs=rpcs)

    assert rpcs.counts == {"ListCustomers": 1}
    assert shown.data == {"customers": None}


async def test_wrong_arguments_are_refused_before_anything_is_asked() -> None:
    rpcs = Rpcs()

    shown = await ask("{ programs(first: 0) { nodes { id } } }", rpcs=rpcs)

    assert not rpcs.asked
    assert shown.extensions == {"code": "BAD_USER_INPUT", "field": "first"}


async def test_a_large_answer_lets_others_have_their_turn() -> None:
    assert await turns_of_others(resources=3_000) > await turns_of_others(resources=1)


async def test_an_operation_that_is_broken_off_leaves_no_step_behind() -> None:
    waiting = asyncio.Event()
    cancelled: list[str] = []

    async def wait(request: Any) -> Any:
        waiting.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(type(request).__name__)
            raise

    rpcs = Rpcs(ListCustomers=customers(1), BatchListResources=wait, BatchListVouchers=wait)
    task = asyncio.create_task(ask(THREE, rpcs=rpcs))
    await waiting.wait()
    await asyncio.sleep(0.01)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)

    assert sorted(cancelled) == ["BatchListResourcesRequest", "BatchListVouchersRequest"]


@pytest.mark.parametrize("name", sorted({*TOOLS, *TAKEN, *keyword.kwlist, "print", "customer_2"}))
async def test_aliases_never_meet_the_names_of_the_generated_code(name: str) -> None:
    rpcs = Rpcs(ListCustomers=customers(1), BatchListVouchers=messages.VOUCHERS)
    edges = f"{name}: edges {{ cursor {name}: node {{ {name}: expireTime state }} }}"
    nodes = f"{name}: nodes {{ {name}: createTime vouchers {{ {edges} }} }}"

    shown = await ask(f"{{ {name}: customers {{ {nodes} }} }}", rpcs=rpcs)

    assert shown.errors == []
    [customer] = shown.data[name][name]
    assert customer[name] == date_time_text(messages.TIME)
    assert customer["vouchers"][name][0][name][name] == date_time_text(messages.TIME)
    assert shown.reason is None


async def turns_of_others(*, resources: int) -> int:
    """Count the turns of the event loop that others have while a hundred customers are shown."""
    many = [messages.a_resource() for _ in range(resources)]
    rpcs = Rpcs(
        ListCustomers=customers(100),
        BatchListResources=lambda request: resources_pb2.BatchListResourcesResponse(
            groups=[{"customer_id": key, "resources": many} for key in request.customer_ids]
        ),
    )
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    await ask("{ customers(first: 100) { nodes { resources { nodes { id state } } } } }", rpcs=rpcs)
    counting.cancel()
    return turns
