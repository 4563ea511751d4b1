"""What steps asked is told to the reference executor: the richer of two answers, or none."""

from typing import Any

import grpc
import pytest

from gateway.customers.customers import CUSTOMERS
from gateway.engine.known import Known
from gateway.kit.loading import Reading
from partner.customers.v1 import customers_pb2
from tests.builders.graph import Rpcs, failing

LIST = CUSTOMERS["ListCustomers"]
POOR, RICH = (
    customers_pb2.ListCustomersResponse(customers=[customers_pb2.Customer(name=name)])
    for name in ("poor", "rich")
)
NONE = customers_pb2.ListCustomersResponse()


async def told(known: Known, request: Any) -> Any:
    """Give what a resolver gets that asks for this: what is known, or what the service says."""
    reading = Reading(calls=Rpcs(ListCustomers=NONE))
    known.tell(reading)
    return LIST.response.FromString(await reading.calls(LIST, request, timeout=1))


def page(size: int, *fields: str, **others: Any) -> Any:
    request: Any = LIST.request(page_size=size, **others)
    request.read_mask.paths.extend(fields)
    return request


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("name", "name id", RICH),
        ("name", "name", RICH),
        ("name", "id", NONE),
        ("name id", "id state", NONE),
    ],
)
async def test_of_two_answers_the_one_with_all_the_fields_is_told(
    first: str, second: str, expected: Any
) -> None:
    known = Known()
    known.answered(LIST, page(5), POOR, fields=frozenset(first.split()))
    known.answered(LIST, page(5), RICH, fields=frozenset(second.split()))

    assert await told(known, page(5)) == expected


async def test_an_answer_with_fewer_fields_does_not_replace_one_with_more() -> None:
    known = Known()
    known.answered(LIST, page(5), RICH, fields=frozenset({"name", "id"}))
    known.answered(LIST, page(5), POOR, fields=frozenset({"id"}))

    assert await told(known, page(5)) == RICH


async def test_an_answer_with_what_both_others_lacked_is_told_again() -> None:
    known = Known()
    for names in ("name", "id"):
        known.answered(LIST, page(5), POOR, fields=frozenset({names}))

    known.answered(LIST, page(5), RICH, fields=frozenset({"name", "id", "state"}))

    assert await told(known, page(5)) == RICH


async def test_requests_are_the_same_whatever_they_want_of_each_item() -> None:
    known = Known()
    known.answered(LIST, page(5, "name"), RICH, fields=frozenset({"name"}))

    assert await told(known, page(5, "id", "name", with_item_tokens=True)) == RICH
    assert await told(known, page(6, "name")) == NONE


async def test_what_failed_fails_again_without_being_asked() -> None:
    known = Known()
    failure = failing(grpc.StatusCode.UNAVAILABLE)
    known.answered(LIST, page(5), failure, fields=frozenset())

    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await told(known, page(5))

    assert raised.value is failure


def test_keys_are_told_to_their_loader_with_nothing_and_failures_among_them() -> None:
    known, failure = Known(), failing(grpc.StatusCode.UNAVAILABLE)
    fields = frozenset({"name"})
    known.loaded("loader", {"a": POOR, "b": None, "c": failure}, fields=fields)
    known.loaded("loader", {"a": RICH, "d": POOR}, fields=fields | {"id"})
    known.loaded("loader", {"d": RICH}, fields=frozenset({"state"}))
    reading = Reading(calls=Rpcs())

    known.tell(reading)

    assert reading.known == {"loader": {"a": RICH, "b": None, "c": failure}}
