"""Places for running operations: shares, the queue, and nobody lost in it."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from gateway.http.admission import Admission
from gateway.http.errors import Refused
from gateway.settings import Limits


def admission(*, places: int, share: int = 100, queue: int = 1) -> Admission:
    limits = Limits(operations=places, operations_per_principal=share, operations_waiting=queue)
    return Admission(limits=limits)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_principal_gets_no_more_than_its_share_and_as_many_may_wait() -> None:
    places = admission(places=10, share=2, queue=10)
    leave = asyncio.Event()

    async def operate() -> None:
        async with places.enter("ada"):
            await leave.wait()

    burst = [asyncio.create_task(operate()) for _ in range(4)]
    await settle()
    with pytest.raises(Refused) as refused:
        async with places.enter("ada"):
            pass
    async with places.enter("bob"):
        assert (places.running, places.waiting) == (3, 2)

    assert refused.value.code == "THROTTLED"
    leave.set()
    await asyncio.gather(*burst)
    assert (places.running, places.waiting) == (0, 0)


async def test_who_waits_for_its_own_share_holds_up_nobody_else() -> None:
    places = admission(places=2, share=1, queue=10)
    entered: list[str] = []

    async def operate(principal: str) -> None:
        async with places.enter(principal):
            entered.append(principal)

    async with places.enter("ada"):
        async with places.enter("bob"):
            waiting = [asyncio.create_task(operate(one)) for one in ("ada", "cyd")]
            await settle()
            assert entered == []
        await settle()
        assert entered == ["cyd"]

    await asyncio.gather(*waiting)
    assert entered == ["cyd", "ada"]


async def test_beyond_the_queue_the_answer_is_overloaded() -> None:
    places = admission(places=1)
    entered = asyncio.Event()

    async def wait() -> None:
        async with places.enter("bob"):
            entered.set()

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(places.enter("ada"))
        waiting = asyncio.create_task(wait())
        await settle()
        with pytest.raises(Refused) as refused:
            await stack.enter_async_context(places.enter("cyd"))
        assert (refused.value.code, refused.value.status(legacy=True)) == ("OVERLOADED", 503)
        assert not entered.is_set()

    await waiting
    assert entered.is_set()
    assert (places.running, places.waiting) == (0, 0)


async def test_who_gives_up_waiting_takes_no_place() -> None:
    places = admission(places=1, queue=2)

    async def wait() -> None:
        async with places.enter("bob"):
            pass

    async with places.enter("ada"):
        impatient, patient = asyncio.create_task(wait()), asyncio.create_task(wait())
        await settle()
        impatient.cancel()
        await settle()
        assert places.waiting == 1

    await patient
    assert impatient.cancelled()
    assert places.running == 0


async def test_a_place_given_to_one_who_just_left_is_passed_on() -> None:
    places = admission(places=1)

    async def wait() -> None:
        async with places.enter("bob"):
            pass

    async with places.enter("ada"):
        leaving = asyncio.create_task(wait())
        await settle()
    # The place has been handed over, and is not taken yet.
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving

    assert places.running == 0
