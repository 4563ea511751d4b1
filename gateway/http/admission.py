"""How many operations run at once: a share per principal, a bound per process, a short queue."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from gateway.http.errors import Refused
from gateway.settings import Limits


class Admission:
    """Lets operations in, makes a few wait, and turns the rest away at once."""

    def __init__(self, *, limits: Limits) -> None:
        self.limits = limits
        self.running = 0
        self._of: Counter[Hashable] = Counter()
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def enter(self, principal: Hashable) -> AsyncIterator[None]:
        """Hold a place while an operation runs.

        :raises Refused: THROTTLED beyond the principal's share, OVERLOADED beyond the queue.
        """
        if self._of[principal] >= self.limits.operations_per_principal:
            raise Refused(
                "THROTTLED",
                f"More than {self.limits.operations_per_principal} operations at once.",
                headers={"Retry-After": "1"},
                limit="operations_per_principal",
            )
        self._of[principal] += 1
        try:
            await self._take_place()
            try:
                yield
            finally:
                self._give_place()
        finally:
            self._of[principal] -= 1
            if not self._of[principal]:
                del self._of[principal]

    async def _take_place(self) -> None:
        if self.running < self.limits.operations:
            self.running += 1
            return
        if len(self._waiting) >= self.limits.operations_waiting:
            raise Refused(
                "OVERLOADED",
                "The gateway is busy; try again shortly.",
                headers={"Retry-After": "1"},
            )
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._give_place()
            elif place in self._waiting:
                self._waiting.remove(place)
            raise

    def _give_place(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                # The place passes from one to the other; the number running stays.
                place.set_result(None)
                return
        self.running -= 1
