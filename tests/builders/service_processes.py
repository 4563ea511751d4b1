"""A service as a process of its own, for tests that kill it."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from services.kit.client import channel
from tests.builders.running import RunningService

SECONDS_TO_START = 30


class ServiceProcess:
    """`python -m services.<service>`: started, killed with -9, and started again."""

    def __init__(self, service: str, environment: Mapping[str, str], *, log: Path) -> None:
        self.service = service
        self.address = environment[f"{service.upper()}_LISTEN"]
        self._environment = environment
        self._log = log
        self._child: asyncio.subprocess.Process | None = None
        self._seen: list[RunningService] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for seen in self._seen:
            await seen.channel.close(None)
        await self.kill()

    async def start(self) -> None:
        """Start it, and wait until it takes connections."""
        with self._log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", f"services.{self.service}"),
                env=os.environ | dict(self._environment),
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(SECONDS_TO_START), channel(self.address) as opened:
            await opened.channel_ready()

    async def kill(self) -> None:
        assert self._child is not None
        if self._child.returncode is None:
            self._child.kill()
        await self._child.wait()

    async def kill_and_restart(self) -> None:
        await self.kill()
        await self.start()

    def as_seen_by(self, same: RunningService) -> RunningService:
        """Give the way to its rpcs, which are those of the same service in this process."""
        seen = RunningService(self.service, same.servicers, database=same.database, keys=same.keys)
        seen.channel = channel(self.address)
        self._seen.append(seen)
        return seen
