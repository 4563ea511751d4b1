"""A process that is kept alive: its output goes to a log file, its death is met by a restart."""

import asyncio
import logging
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from partner_center.children import ended, start_child, stop_child

LOG_BYTES_MAX: Final = 10_000_000
LINE_BYTES_MAX: Final = 1_000_000
DELAY_SECONDS_MIN: Final = 0.5
DELAY_SECONDS_MAX: Final = 30.0
# A process that lived this long had started well: its next restart comes at once again.
SECONDS_OF_HEALTH: Final = 60.0
WORTH_READING: Final = re.compile(
    r'"level":\s*"(warning|error|critical)"|\[(warning|error|critical)\s*\]|^Traceback|^\w*Error:'
)


class ProcessFailed(Exception):
    """A process did not come up; the message ends with what it wrote last."""


class Process:
    """One of our Python programs, by module name and arguments.

    `say` gets a line for people whenever something happens that they should know.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        logs: Path,
        say: Callable[[str], None],
    ) -> None:
        self.name = name
        self.child: subprocess.Popen[bytes] | None = None
        self._argv = [sys.executable, "-m", *argv]
        self._environment = environment
        self._say = say
        self._path = logs / f"{name}.log"
        self._log = _log_file(self._path)
        self._last_words: deque[str] = deque(maxlen=15)
        self._output: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.child = start_child(
            self._argv,
            environment=self._environment,
            output=subprocess.PIPE,
            directory=Path.cwd(),
        )
        reader = asyncio.StreamReader(limit=LINE_BYTES_MAX)
        pipe = self.child.stdout
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        self._output = asyncio.create_task(self._write_down(reader))

    async def ready(self, question: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
        """Ask until the answer is yes.

        :raises ProcessFailed: it ended, or the time is over
        """
        assert self.child is not None
        deadline = asyncio.get_running_loop().time() + seconds
        while not await question():
            if (code := self.child.poll()) is not None:
                raise ProcessFailed(await self._farewell(f"ended with {code}"))
            if asyncio.get_running_loop().time() > deadline:
                raise ProcessFailed(await self._farewell(f"was not ready in {seconds:.0f} s"))
            await asyncio.sleep(0.05)

    async def finish(self) -> None:
        """Wait until it has done its work.

        :raises ProcessFailed: it ended with an error
        """
        assert self.child is not None
        if (code := await ended(self.child)) != 0:
            raise ProcessFailed(await self._farewell(f"ended with {code}"))

    def keep(self) -> None:
        """From now on start it again whenever it ends."""
        self._keeper = asyncio.create_task(self._keep_alive())

    async def stop(self, *, patience: float) -> None:
        """Ask it to end, make it end, and let go of its log."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self.child is not None:
            await stop_child(self.child, escalation=[(signal.SIGTERM, patience)])
        if self._output is not None:
            await asyncio.wait([self._output], timeout=1.0)
        self._log.close()

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()

    async def _keep_alive(self) -> None:
        delay = DELAY_SECONDS_MIN
        loop = asyncio.get_running_loop()
        while True:
            assert self.child is not None
            started = loop.time()
            code = await ended(self.child)
            if loop.time() - started > SECONDS_OF_HEALTH:
                delay = DELAY_SECONDS_MIN
            self._say(
                f"{self.name} ended with {code}, starts again in {delay:.1f} s ({self._path})"
            )
            await asyncio.sleep(delay)
            delay = min(delay * 2, DELAY_SECONDS_MAX)
            await self.start()
            self._say(f"{self.name} runs again")

    async def _write_down(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                # Longer than any line of ours; what is left of it comes with the next.
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            self._last_words.append(text)
            self._log.emit(logging.makeLogRecord({"msg": text}))
            if WORTH_READING.search(text):
                self._say(f"{self.name} | {text}")

    async def _farewell(self, what: str) -> str:
        if self._output is not None:
            await asyncio.wait([self._output], timeout=0.5)
        return "\n".join([f"{self.name} {what}:", *self._last_words])


def _log_file(path: Path) -> RotatingFileHandler:
    """Open a log file that grows to a bound, each line with its time and the process's name."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = RotatingFileHandler(path, maxBytes=LOG_BYTES_MAX, backupCount=1)
    log.setFormatter(logging.Formatter(f"%(asctime)s {path.stem} | %(message)s"))
    return log
