"""Asks one rpc for many keys at once, however many resolvers want one of them each."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from google.protobuf.message import Message
from graphql import GraphQLResolveInfo

from gateway.kit.contract import Rpc
from gateway.kit.errors import Rename, failure
from gateway.kit.turns import turn

READ_SECONDS: Final = 5.0
WRITE_SECONDS: Final = 10.0
# A response of so many bytes takes less than a millisecond to read.
BYTES_AT_ONCE: Final = 64 * 1024

Fetch = Callable[[list[str]], Awaitable[Mapping[str, Any]]]


class Calls(Protocol):
    """Calls rpcs in the name of one principal; the edge of this process."""

    async def __call__(self, rpc: Rpc, request: Message, *, timeout: float) -> bytes:  # noqa: ASYNC109 - gRPC's own deadline
        """Give the response as it came, or raise what `errors.failure` translates."""
        ...


async def read(rpc: Rpc, response: bytes) -> Any:
    """Read a response; a large one in a turn of the loop that has time for it."""
    if len(response) > BYTES_AT_ONCE:
        await turn()
    return rpc.response.FromString(response)


@dataclass
class Reading:
    """What the resolvers of one operation share."""

    calls: Calls
    # Edges with equal rpcs and arguments share one.
    loaders: dict[Any, "Loader"] = field(default_factory=dict)
    # Of those loaders, what each key is known to give: its value, or an exception.
    known: dict[Any, Mapping[str, Any]] = field(default_factory=dict)
    # What a field of the document was prepared to, by the id of its node: fifty parents ask once.
    prepared: dict[int, Any] = field(default_factory=dict)

    async def ask(
        self, rpc: Rpc, request: Message, *, rename: Rename, seconds: float = READ_SECONDS
    ) -> Any:
        """Call an rpc; what it refuses comes in the words of the graph."""
        return await read(rpc, await self.ask_unread(rpc, request, rename=rename, seconds=seconds))

    async def ask_unread(
        self, rpc: Rpc, request: Message, *, rename: Rename, seconds: float = READ_SECONDS
    ) -> bytes:
        """Call an rpc whose response is read when it is needed."""
        try:
            return await self.calls(rpc, request, timeout=seconds)
        except Exception as error:
            translated = failure(error, service=rpc.service, rename=rename)
            if translated is error:
                raise
            raise translated from error


Info = GraphQLResolveInfo[Reading]


class Loader:
    """Collects keys until a turn of the event loop brings no more, then fetches them."""

    def __init__(
        self, fetch: Fetch, *, keys_max: int, known: Mapping[str, Any] | None = None
    ) -> None:
        self._fetch = fetch
        self._known = known or {}
        self._keys_max = keys_max
        self._found: dict[str, asyncio.Future[Any]] = {}
        self._waiting: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def load(self, key: str) -> asyncio.Future[Any]:
        """Give what belongs to a key, or None where there is no such thing."""
        future = self._found.get(key)
        if future is None:
            loop = asyncio.get_running_loop()
            future = self._found[key] = loop.create_future()
            if key in self._known:
                self._settle_one(future, self._known[key])
                return future
            self._waiting.append(key)
            if len(self._waiting) == 1:
                loop.call_soon(self._settle, 0)
        return future

    def _settle(self, known: int) -> None:
        """Fetch if no key came for a whole turn; the parents of a level come in one or two."""
        loop = asyncio.get_running_loop()
        if len(self._waiting) != known:
            loop.call_soon(self._settle, len(self._waiting))
            return
        keys, self._waiting = self._waiting, []
        task = loop.create_task(self._run(keys))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        Leaving(task, len(keys)).watch(self._found[key] for key in keys)

    async def _run(self, keys: list[str]) -> None:
        chunks = list(_chunks(keys, self._keys_max))
        results = await asyncio.gather(
            *(self._fetch(chunk) for chunk in chunks), return_exceptions=True
        )
        # All at the end: the next level finds its keys in one turn, too.
        for chunk, result in zip(chunks, results, strict=True):
            for key in chunk:
                value = result if isinstance(result, BaseException) else result.get(key)
                self._settle_one(self._found[key], value)

    def _settle_one(self, future: asyncio.Future[Any], result: Any) -> None:
        # Whoever waited may have been cancelled.
        if future.done():
            return
        if isinstance(result, BaseException):
            future.set_exception(result)
            # Nobody may be left to look at it.
            future.exception()
        else:
            future.set_result(result)


class Leaving:
    """Cancels a fetch when nobody waits for any of its keys: the operation was broken off."""

    __slots__ = ("_left", "_task")

    def __init__(self, task: asyncio.Task[None], waiting: int) -> None:
        self._task = task
        self._left = waiting

    def watch(self, futures: Iterable[asyncio.Future[Any]]) -> None:
        for future in futures:
            future.add_done_callback(self._done)

    def _done(self, future: asyncio.Future[Any]) -> None:
        if future.cancelled():
            self._left -= 1
            if self._left == 0:
                self._task.cancel()


def _chunks(keys: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
