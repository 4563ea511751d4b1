"""The processes of a benchmark: each on its core, with its log, gone when the benchmark is."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from partner_center.children import start_child, stop_child

# What is measured has a core to itself; whatever serves or loads it shares the other.
MEASURED_CORE: Final = 0
OTHER_CORE: Final = 1
SECONDS_TO_START: Final = 30.0
PATIENCE_SECONDS: Final = 5.0
TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
ROOT: Final = Path(__file__).parents[2]


class Running:
    """A child from its first answer on until it is left."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        address: str,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.address = address
        self._argv = [sys.executable, "-m", *argv]
        self._log = folder / f"{name}.log"
        self._environment = {**os.environ, **(environment or {})}
        self._child: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        with self._log.open("wb") as log:
            self._child = start_child(
                self._argv, environment=self._environment, output=log, directory=ROOT
            )
        await self._listens()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._child is not None:
            await stop_child(self._child, escalation=[(signal.SIGTERM, PATIENCE_SECONDS)])

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    async def _listens(self) -> None:
        assert self._child is not None
        host, _, port = self.address.rpartition(":")
        async with asyncio.timeout(SECONDS_TO_START):
            while True:
                if self._child.poll() is not None:
                    raise ChildEnded(f"{self.name} ended:\n{self._log.read_text()[-2_000:]}")
                try:
                    _, writer = await asyncio.open_connection(host, int(port))
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                return


class ChildEnded(Exception):
    """A child did not come up; the message ends with what it wrote last."""


def cpu_seconds(pid: int) -> float:
    """Give the time of a processor that a process has used so far."""
    user, system, *_ = _ticks(pid)
    return (user + system) / TICKS_A_SECOND


def family_cpu_seconds(pid: int) -> float:
    """Give the time that a process and its children have used, those that ended among them."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    living = 0.0
    for child in children:
        # One that has ended meanwhile is in its parent's account.
        with contextlib.suppress(FileNotFoundError):
            living += cpu_seconds(int(child))
    return sum(_ticks(pid)) / TICKS_A_SECOND + living


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def use_core(core: int) -> None:
    """Stay on one core from now on; on a machine with one only, on that."""
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {allowed[core % len(allowed)]})


async def told_to_stop() -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await told.wait()


def _ticks(pid: int) -> list[int]:
    """Give the ticks in user mode and in the kernel, and both of children that have ended."""
    # After the name, which may hold blanks.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(field) for field in fields[11:15]]
