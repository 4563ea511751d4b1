"""The loader: whatever resolvers do, one call for all keys of a level."""

import asyncio
from collections.abc import Mapping
from typing import Any

import grpc
import pytest

from gateway.customers.customers import CUSTOMERS
from gateway.kit.errors import Failed, renamed
from gateway.kit.loading import Loader, Reading
from services.kit.errors import DeadlineExceeded
from tests.builders.graph import Rpcs, failing


class Fetches:
    """Answers each key by itself in capitals, and remembers the calls."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    async def __call__(self, keys: list[str]) -> Mapping[str, Any]:
        self.calls.append(keys)
        await asyncio.sleep(0)
        return {key: key.upper() for key in keys if not key.startswith("no")}


async def test_keys_asked_for_at_once_are_fetched_at_once_and_each_only_once() -> None:
    fetch = Fetches()
    loader = Loader(fetch, keys_max=100)

    found = await asyncio.gather(*(loader.load(key) for key in ("a", "b", "a")))

    assert found == ["A", "B", "A"]
    assert fetch.calls == [["a", "b"]]


async def test_keys_that_come_a_turn_later_are_fetched_with_the_others() -> None:
    fetch = Fetches()
    loader = Loader(fetch, keys_max=100)

    async def late(key: str) -> Any:
        return await loader.load(key)

    found = await asyncio.gather(loader.load("a"), late("b"))

    assert found == ["A", "B"]
    assert fetch.calls == [["a", "b"]]


async def test_a_key_known_is_not_fetched_again() -> None:
    fetch = Fetches()
    loader = Loader(fetch, keys_max=100)
    await loader.load("a")

    assert await loader.load("a") == "A"
    assert len(fetch.calls) == 1


async def test_what_is_not_there_is_null() -> None:
    assert await Loader(Fetches(), keys_max=100).load("none") is None


async def test_more_keys_than_a_call_may_have_are_fetched_in_several() -> None:
    fetch = Fetches()
    loader = Loader(fetch, keys_max=2)

    found = await asyncio.gather(*(loader.load(key) for key in "abcde"))

    assert found == list("ABCDE")
    assert fetch.calls == [["a", "b"], ["c", "d"], ["e"]]


async def test_a_level_s_parents_come_together_even_from_several_calls() -> None:
    fetch, below = Fetches(), Fetches()
    loader, next_level = Loader(fetch, keys_max=2), Loader(below, keys_max=100)

    async def both(key: str) -> Any:
        return await next_level.load(await loader.load(key))

    await asyncio.gather(*(both(key) for key in "abcde"))

    assert below.calls == [list("ABCDE")]


async def test_a_failed_call_fails_its_keys_and_no_others() -> None:
    async def fetch(keys: list[str]) -> Mapping[str, Any]:
        if "b" in keys:
            raise Failed("gone", code="SERVICE_UNAVAILABLE")
        return {key: key for key in keys}

    loader = Loader(fetch, keys_max=1)

    found = await asyncio.gather(loader.load("a"), loader.load("b"), return_exceptions=True)

    assert found[0] == "a"
    assert isinstance(found[1], Failed)


async def test_a_caller_who_left_does_not_disturb_the_others() -> None:
    loader = Loader(Fetches(), keys_max=100)
    left = loader.load("a")
    stayed = loader.load("b")
    left.cancel()

    assert await stayed == "B"


async def test_a_fetch_that_nobody_waits_for_is_cancelled() -> None:
    cancelled = asyncio.Event()

    async def fetch(keys: list[str]) -> Mapping[str, Any]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return dict.fromkeys(keys)

    loader = Loader(fetch, keys_max=1)
    both = asyncio.gather(loader.load("a"), loader.load("b"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(both, timeout=0.02)

    await asyncio.wait_for(cancelled.wait(), timeout=1)


async def test_a_call_without_time_left_is_told_as_such() -> None:
    reading = Reading(Rpcs(ListCustomers=DeadlineExceeded("no time remains")))
    rpc = CUSTOMERS["ListCustomers"]

    with pytest.raises(Failed, match="customers service did not answer in time") as failed:
        await reading.ask(rpc, rpc.request(), rename=renamed({}))

    assert failed.value.extensions == {"code": "DEADLINE_EXCEEDED", "service": "customers"}


async def test_a_defect_of_a_service_stays_as_it_is_to_be_masked() -> None:
    reading = Reading(Rpcs(ListCustomers=failing(grpc.StatusCode.INTERNAL, "select secret")))
    rpc = CUSTOMERS["ListCustomers"]

    with pytest.raises(grpc.aio.AioRpcError):
        await reading.ask(rpc, rpc.request(), rename=renamed({}))
