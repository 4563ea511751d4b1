"""Turns: large work gives way, and begins again with the time that a later turn has left."""

import asyncio
import time
from itertools import pairwise

import pytest

from gateway.kit.turns import TURN_SECONDS, Turn, Turns, turn


def work() -> None:
    """Take as long as a whole turn may last."""
    end = time.perf_counter() + TURN_SECONDS
    while time.perf_counter() <= end:
        pass


async def test_a_work_is_finished_before_another_one_is_begun_and_others_come_between() -> None:
    turn, done = Turn(), list[str]()

    async def build(name: str) -> None:
        for _ in range(3):
            await turn()
            work()
            done.append(name)

    async def look() -> None:
        while True:
            done.append("other")
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    await asyncio.gather(build("first"), build("second"))
    looking.cancel()

    assert [name for name in done if name != "other"] == ["first"] * 3 + ["second"] * 3
    assert all("other" in two for two in pairwise(done))


async def test_a_work_that_is_cancelled_holds_up_no_other() -> None:
    turn, done = Turn(), list[str]()

    async def build(name: str) -> None:
        await turn()
        work()
        await turn()
        done.append(name)

    cancelled, other = asyncio.create_task(build("first")), asyncio.create_task(build("second"))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait_for(other, timeout=5)

    assert done == ["second"]


async def test_short_work_goes_on_at_once() -> None:
    turn, others = Turn(), list[str]()
    asyncio.get_running_loop().call_soon(others.append, "other")

    for _ in range(10):
        await turn()

    assert others == []


@pytest.mark.parametrize("_", range(2))
def test_a_loop_that_ended_in_the_middle_of_a_turn_is_forgotten(_: int) -> None:
    turn = Turn()

    async def use_up() -> None:
        await turn()
        work()

    asyncio.run(use_up())
    asyncio.run(asyncio.wait_for(turn(), timeout=5))


async def test_the_first_piece_of_a_work_waits_for_nobody() -> None:
    await turn()
    work()
    turns, others = Turns(), list[str]()
    asyncio.get_running_loop().call_soon(others.append, "other")

    await turns()
    at_once = list(others)
    await turns()

    assert at_once == []
    assert others == ["other"]
