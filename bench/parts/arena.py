"""Prepared backends and a process for each side that calls them."""

import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc
import orjson

from bench.parts.backends import COUNTS_PATH
from bench.parts.installation import Installation
from bench.parts.load import ask, post, query
from bench.parts.processes import MEASURED_CORE, OTHER_CORE, Running, cpu_seconds
from bench.parts.queries import CUSTOMER_360, FIFTY, ONE
from bench.parts.rounds import Contender, Meter, refuse_different
from bench.parts.rows import an_id
from partner_center.postgres import HOST, free_port

HANDWRITTEN: Final = "handwritten"
REFERENCE: Final = "reference"
ENGINE: Final = "engine"
SETTINGS: Final = {
    ENGINE: ("gateway", "compiled"),
    REFERENCE: ("gateway", "reference"),
    HANDWRITTEN: ("handwritten", "compiled"),
}
ONE_CUSTOMER: Final = {"id": an_id("cus", 7)}


class Arena:
    """Everything that runs while the engine is measured; gone when it is left."""

    def __init__(self, folder: Path) -> None:
        self.installation = Installation.make(folder)
        self.token = self.installation.token()
        self.servers: dict[str, Running] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        addresses = self.installation.addresses
        self.backends = await self._stack.enter_async_context(
            Running(
                "backends",
                ["bench.parts.backends", orjson.dumps(addresses).decode(), str(OTHER_CORE)],
                address=addresses["programs"],
                folder=self.installation.folder,
            )
        )
        self._channel = await self._stack.enter_async_context(
            grpc.aio.insecure_channel(addresses["billing"])
        )
        for name in SETTINGS:
            self.servers[name] = await self.start(name)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def start(self, name: str) -> Running:
        """Start a further process of one side; it runs until the arena is left."""
        program, executor = SETTINGS[name]
        address = f"{HOST}:{free_port()}"
        server = Running(
            name,
            ["bench.parts.gateways", program, str(MEASURED_CORE)],
            address=address,
            folder=self.installation.folder,
            environment=self.installation.environment()
            | {"GATEWAY_LISTEN": address, "GATEWAY_EXECUTOR": executor},
        )
        return await self._stack.enter_async_context(server)

    @property
    def others(self) -> dict[str, Meter]:
        """Meter the processes on the other core: the clients are this one."""
        backends = partial(cpu_seconds, self.backends.pid)
        return {"backends": backends, "clients": time.process_time}

    def query(self, text: str, variables: dict[str, Any]) -> bytes:
        return query(text, token=self.token, variables=variables)

    async def fifty(self) -> dict[str, Contender]:
        """Let all sides answer the query of fifty customers, alike."""
        by_hand = post("/customer-360", FIFTY, token=self.token)
        return await self._contenders(self.query(CUSTOMER_360, FIFTY), by_hand)

    async def one(self) -> dict[str, Contender]:
        """Let all sides answer the query of one customer, alike."""
        by_hand = post("/one", ONE_CUSTOMER, token=self.token)
        return await self._contenders(self.query(ONE, ONE_CUSTOMER), by_hand)

    async def _contenders(self, graph: bytes, by_hand: bytes) -> dict[str, Contender]:
        contenders, data = {}, {}
        for name, server in self.servers.items():
            request = by_hand if name == HANDWRITTEN else graph
            answer = await ask(server.address, request)
            data[name] = answer["data"]
            contenders[name] = Contender.repeating(
                request, address=server.address, pid=server.pid, answer=answer
            )
        refuse_different(data)
        return contenders

    async def take_counts(self) -> dict[str, int]:
        """Give how often each rpc was called since this was last asked."""
        take: Any = self._channel.unary_unary(COUNTS_PATH, None, None)
        counts: dict[str, int] = orjson.loads(await take(b""))
        return counts
