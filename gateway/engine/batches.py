"""Keys asked for at once, in as many calls as the contract's bound on a batch makes of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.kit.contract import Rpc

# Of one batch that is cut. More would only wait in the services, and all come back together.
CALLS_AT_ONCE: Final = 4

Call = Callable[[list[str]], Awaitable[bytes]]
"""Asks for some keys, and gives the response as it came."""


@dataclass(slots=True)
class Answer:
    """What a call brought for its keys: a response as it came, or what came instead of one."""

    rpc: Rpc
    keys: Sequence[str]
    content: Any

    @property
    def has_failed(self) -> bool:
        return isinstance(self.content, Exception)


async def ask_in_chunks(rpc: Rpc, call: Call, keys: list[str], *, size: int) -> list[Answer]:
    """Ask for so many keys at once as the contract allows; failures are answers, too."""
    if len(keys) <= size:
        return [await _answer(rpc, call, keys)]
    chunks = (keys[start : start + size] for start in range(0, len(keys), size))
    some = await asyncio.gather(
        *(_answers(rpc, call, chunks) for _ in range(min(CALLS_AT_ONCE, -(-len(keys) // size))))
    )
    return [answer for answers in some for answer in answers]


async def _answers(rpc: Rpc, call: Call, chunks: Iterator[list[str]]) -> list[Answer]:
    """Ask for one chunk after another, as long as there are some that nobody asked for."""
    return [await _answer(rpc, call, chunk) for chunk in chunks]


async def _answer(rpc: Rpc, call: Call, keys: list[str]) -> Answer:
    try:
        return Answer(rpc, keys, await call(keys))
    except Exception as error:  # noqa: BLE001 - the reference executor raises it in its place
        return Answer(rpc, keys, error)
