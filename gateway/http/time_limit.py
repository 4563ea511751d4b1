"""How long an operation may take: one timer for all of them, where each of its own would cost more.

`asyncio.timeout` costs the small query a twentieth of its time. All operations have the same
limit, so the one that began first ends first, and only its end needs watching.
"""

import asyncio
from collections import OrderedDict


class TimeLimit:
    """Cancels what runs for longer than so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        # By task, in the order in which they began: when each must have ended.
        self._ends: OrderedDict[asyncio.Task[object], float] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> asyncio.Task[object]:
        """Start the time of the running task, which `end` must be told of."""
        task = asyncio.current_task()
        assert task is not None, "only what runs in a task can be cancelled"
        loop = task.get_loop()
        self._ends[task] = end = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_at(end, self._look, loop)
        return task

    def end(self, task: asyncio.Task[object]) -> bool:
        """Stop watching a task; tell whether it was in time."""
        return self._ends.pop(task, None) is not None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel whose time is over, and come back for the next."""
        self._timer = None
        while self._ends:
            task, end = next(iter(self._ends.items()))
            if end > loop.time():
                self._timer = loop.call_at(end, self._look, loop)
                return
            del self._ends[task]
            task.cancel()
