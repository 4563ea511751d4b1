"""Lets a write finish whatever becomes of its client: a commit is never cut."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

_T = TypeVar("_T")

# Writes whose client may be gone; a stopping server waits for them.
_writes: Final[set[asyncio.Task[Any]]] = set()


async def protected(work: Coroutine[Any, Any, _T]) -> _T:
    task = asyncio.create_task(work)
    _writes.add(task)
    task.add_done_callback(_writes.discard)
    return await asyncio.shield(task)


async def writes_finished() -> None:
    """Wait for the writes whose clients may be gone."""
    if _writes:
        await asyncio.wait(_writes)
