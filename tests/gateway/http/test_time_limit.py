"""The time that operations may take: who is late is ended, and nobody else."""

import asyncio

import pytest

from gateway.http.time_limit import TimeLimit


async def test_only_what_takes_too_long_is_cancelled() -> None:
    limit, in_time = TimeLimit(0.05), list[bool]()

    async def operate(seconds: float) -> None:
        task = limit.begin()
        try:
            await asyncio.sleep(seconds)
        finally:
            in_time.append(limit.end(task))

    ends = await asyncio.gather(
        operate(0), operate(5), operate(0.01), operate(5), return_exceptions=True
    )

    assert [type(end) for end in ends if end is not None] == [asyncio.CancelledError] * 2
    assert in_time == [True, True, False, False]


async def test_it_watches_again_when_nothing_ran_for_a_while() -> None:
    limit = TimeLimit(0.02)

    for _ in range(2):
        await asyncio.sleep(0.03)
        task = asyncio.create_task(_late(limit))
        with pytest.raises(asyncio.CancelledError):
            await task


async def _late(limit: TimeLimit) -> None:
    task = limit.begin()
    try:
        await asyncio.sleep(5)
    finally:
        limit.end(task)
