"""Clients in a closed loop: each sends its next request as soon as it has its answer."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

# Costs and cursors have more or fewer digits; an error is much shorter than an answer.
LENGTHS_DIFFER_MAX: Final = 64
ANSWER_SECONDS: Final = 60.0

NextRequest = Callable[[], bytes]


class WrongAnswer(Exception):
    """A server answered with an error, or with something else than before."""


@dataclass(frozen=True)
class Round:
    """What came of one round."""

    seconds: float
    # Of each request from its last byte out to its last byte in, sorted.
    latencies: Sequence[float]
    # Answers of another length: a deadline that passed on a machine with too much to do.
    wrong: int = 0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def milliseconds(self, percent: float) -> float:
        """Give the time within which so many of a hundred answers came."""
        place = min(int(len(self.latencies) * percent / 100), len(self.latencies) - 1)
        return self.latencies[place] * 1_000


def post(path: str, body: object, *, token: str) -> bytes:
    """Write a request for a connection that is kept alive."""
    content = orjson.dumps(body)
    head = (
        f"POST {path} HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\n"
        f"Authorization: Bearer {token}\r\n"
        "Accept: application/json\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


class Connection(asyncio.Protocol):
    """One client: sends bytes, reads one answer whose length is told, and nothing more."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._answer: asyncio.Future[bytes] | None = None
        self._parts: list[bytes] = []
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    async def ask(self, request: bytes) -> bytes:
        """Send one request and give its body.

        :raises WrongAnswer: for any status but 200.
        """
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        if not self._parts:
            # Our servers write a head and the beginning of its body at once.
            head, _, data = data.partition(b"\r\n\r\n")
            self._missing = _content_length(head)
            if not head.startswith(b"HTTP/1.1 200"):
                self._refuse(f"{head.decode()}\n{data[:500].decode(errors='replace')}")
                return
        self._parts.append(data)
        self._missing -= len(data)
        if self._missing == 0 and self._answer is not None:
            parts, self._parts = self._parts, []
            self._answer.set_result(b"".join(parts))

    def connection_lost(self, exc: Exception | None) -> None:
        self._refuse(f"the connection was lost: {exc}")

    def close(self) -> None:
        self._transport.close()

    def _refuse(self, why: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(WrongAnswer(why))


async def connect(address: str) -> Connection:
    host, _, port = address.rpartition(":")
    _, connection = await asyncio.get_running_loop().create_connection(Connection, host, int(port))
    return connection


async def ask(address: str, request: bytes) -> Any:
    """Send one request alone and give what the JSON of its answer says."""
    connection = await connect(address)
    try:
        return orjson.loads(await asyncio.wait_for(connection.ask(request), ANSWER_SECONDS))
    finally:
        connection.close()


async def load(
    address: str, next_request: NextRequest, *, clients: int, seconds: float, length: int | None
) -> Round:
    """Let so many clients ask for so long; `length` is about what each answer must have.

    :raises WrongAnswer: where none is as it must be, or one has another status than 200.
    """
    connections = [await connect(address) for _ in range(clients)]
    latencies: list[float] = []
    wrong: list[bytes] = []
    started = time.perf_counter()
    end = started + seconds

    async def client(connection: Connection) -> None:
        while (sent := time.perf_counter()) < end:
            body = await connection.ask(next_request())
            if length is not None and abs(len(body) - length) > LENGTHS_DIFFER_MAX:
                wrong.append(body[-500:])
            else:
                latencies.append(time.perf_counter() - sent)

    try:
        async with asyncio.timeout(seconds + ANSWER_SECONDS):
            await asyncio.gather(*(client(connection) for connection in connections))
        elapsed = time.perf_counter() - started
    finally:
        for connection in connections:
            connection.close()
    if not latencies:
        raise WrongAnswer(wrong[0].decode(errors="replace"))
    return Round(elapsed, sorted(latencies), len(wrong))


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise WrongAnswer(f"no length in {head.decode(errors='replace')}")


def query(text: str, *, token: str, variables: Mapping[str, Any]) -> bytes:
    return post("/graphql", {"query": text, "variables": variables}, token=token)
