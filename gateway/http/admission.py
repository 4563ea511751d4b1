"""How many operations run at once: a share per principal, a bound per process, a short queue."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass

from gateway.http.errors import Refused
from gateway.settings import Limits


@dataclass(eq=False, slots=True)
class Waiting:
    """One who waits for a place."""

    principal: Hashable
    place: asyncio.Future[None]


class Admission:
    """Lets operations in, makes a few wait, and turns the rest away at once.

    A principal whose share is full waits, too, so that a burst is answered in full; as many may
    wait as may run, and the queue is left to others.
    """

    def __init__(self, *, limits: Limits) -> None:
        self.limits = limits
        self.running = 0
        self._of: dict[Hashable, int] = {}
        self._queue: list[Waiting] = []

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def enter(self, principal: Hashable) -> "Place":
        """Hold a place while an operation runs, by `async with`.

        :raises Refused: THROTTLED beyond the principal's share, OVERLOADED beyond the queue.
        """
        return Place(self, principal)

    async def take(self, principal: Hashable) -> None:
        """Take a place, or wait for one."""
        if self._has_place_for(principal):
            self._take(principal)
        else:
            await self._wait(principal)

    def leave(self, principal: Hashable) -> None:
        """Give a place back, to whoever waited longest and may run."""
        self.running -= 1
        left = self._of[principal] - 1
        if left:
            self._of[principal] = left
        else:
            del self._of[principal]
        for one in self._queue:
            # Whoever is cancelled has not left the queue yet.
            if not one.place.done() and self._has_place_for(one.principal):
                self._queue.remove(one)
                self._take(one.principal)
                one.place.set_result(None)
                return

    async def _wait(self, principal: Hashable) -> None:
        share = self.limits.operations_per_principal
        if sum(one.principal == principal for one in self._queue) >= share:
            raise Refused(
                "THROTTLED",
                f"{share} operations run at once and as many wait already.",
                headers={"Retry-After": "1"},
                limit="operations_per_principal",
            )
        if len(self._queue) >= self.limits.operations_waiting:
            raise Refused(
                "OVERLOADED",
                "The gateway is busy; try again shortly.",
                headers={"Retry-After": "1"},
            )
        one = Waiting(principal, asyncio.get_running_loop().create_future())
        self._queue.append(one)
        try:
            await one.place
        except asyncio.CancelledError:
            if one in self._queue:
                self._queue.remove(one)
            else:
                # The place was given and not taken yet.
                self.leave(principal)
            raise

    def _has_place_for(self, principal: Hashable) -> bool:
        return (
            self.running < self.limits.operations
            and self._of.get(principal, 0) < self.limits.operations_per_principal
        )

    def _take(self, principal: Hashable) -> None:
        self.running += 1
        self._of[principal] = self._of.get(principal, 0) + 1


@dataclass(slots=True)
class Place:
    """A place among the operations that run; a class, for a generator would cost thrice as much."""

    admission: Admission
    principal: Hashable

    async def __aenter__(self) -> None:
        await self.admission.take(self.principal)

    async def __aexit__(self, *_: object) -> None:
        self.admission.leave(self.principal)
