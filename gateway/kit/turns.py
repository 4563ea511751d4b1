"""Turns of the event loop: how long large answers may keep everything else waiting."""

import asyncio
import time
from typing import Final

# A usual page takes less, and is better made in one go: turns in between leave several answers
# half done, and the caches cold.
TURN_SECONDS: Final = 0.005


class Turn:
    """The time that all large pieces of work of one turn of the loop share.

    Reading responses, building and writing answers come here before each piece: who finds the
    time used up goes on in a later turn, and whatever else is ready comes first.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = 0.0

    async def __call__(self) -> None:
        """Return at once while the turn's time lasts, and else in a turn that has some left."""
        loop = asyncio.get_running_loop()
        # An event would wake all that wait, where one can go on.
        while loop is self._loop and time.perf_counter() > self._end:  # noqa: ASYNC110
            await asyncio.sleep(0)
        if loop is not self._loop:
            self._loop = loop
            self._end = time.perf_counter() + TURN_SECONDS
            # What is called soon runs in the next turn, before whoever waits here.
            loop.call_soon(self._over)

    def _over(self) -> None:
        self._loop = None


turn: Final = Turn()
