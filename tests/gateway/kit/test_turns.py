"""Turns: large work gives way, and begins again with the time that a later turn has left."""

import asyncio
import time

import pytest

from gateway.kit.turns import TURN_SECONDS, Turn


def work() -> None:
    """Take as long as a whole turn may last."""
    end = time.perf_counter() + TURN_SECONDS
    while time.perf_counter() <= end:
        pass


async def test_pieces_of_several_works_share_a_turn() -> None:
    turn, done = Turn(), list[str]()

    async def build(name: str) -> None:
        for _ in range(3):
            await turn()
            work()
            done.append(name)

    async def look() -> None:
        while len(done) < 6:
            done.append("other")
            await asyncio.sleep(0)
        done.append("other")

    looking = asyncio.create_task(look())
    await asyncio.gather(build("first"), build("second"))
    looking.cancel()

    pieces = "".join(name[0] for name in done)
    assert "ff" not in pieces
    assert "fs" not in pieces
    assert "sf" not in pieces


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
