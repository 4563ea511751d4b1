"""Turns of the event loop: how long large answers may keep everything else waiting."""

import asyncio
import time
from typing import Any, Final

# Few enough that others hardly notice, long enough for some pieces.
TURN_SECONDS: Final = 0.002


class Turn:
    """The time that all large pieces of work of one turn of the loop share.

    Reading responses, building and writing answers come here before each piece: who finds the
    time used up goes on in a later turn, and whatever else is ready comes first.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = 0.0
        # Who did the last piece, and goes first where it has more to do: caches stay warm, and
        # answers are finished before others are begun.
        self._last: asyncio.Task[Any] | None = None
        self._first: asyncio.Task[Any] | None = None

    async def __call__(self) -> None:
        """Return at once while the turn's time lasts, and else in a turn that has some left."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            # An event would wake all that wait, where one can go on.
            while not self._has_time(loop, task):
                if task is self._last:
                    self._first = task
                await asyncio.sleep(0)
        finally:
            if task is self._first:
                self._first = None
        self._last = task
        if loop is not self._loop:
            self._loop = loop
            self._end = time.perf_counter() + TURN_SECONDS
            # What is called soon runs in the next turn, before whoever waits here.
            loop.call_soon(self._over)

    def _has_time(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any] | None) -> bool:
        """Tell whether the turn has some left for a task, and nobody goes before it."""
        first = self._first
        if first is not None and first is not task and first.get_loop() is loop:
            return False
        return loop is not self._loop or time.perf_counter() <= self._end

    def _over(self) -> None:
        self._loop = None


turn: Final = Turn()


class Turns:
    """The turns of one work, whose first piece waits for nobody: usual answers have no other.

    So they are made one after another, several in one turn of the loop, whose own costs they
    share.
    """

    def __init__(self) -> None:
        self._has_begun = False

    async def __call__(self) -> None:
        """Return at once before the first piece, and then in a turn that has some time left."""
        if self._has_begun:
            await turn()
        self._has_begun = True
