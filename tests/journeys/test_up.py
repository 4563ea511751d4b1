"""Starting and stopping everything as people do: by command, by signal, by kill -9."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from partner_center.readiness import gateway_is_ready
from services.kit.config import SERVICES

ANYWHERE = {f"{service.upper()}_LISTEN": "127.0.0.1:0" for service in SERVICES}


@dataclass
class Installation:
    """A supervisor that was started by command, and what it says."""

    supervisor: asyncio.subprocess.Process
    data_dir: Path

    async def said(self, part: str) -> str:
        assert self.supervisor.stdout is not None
        lines: list[str] = []
        async with asyncio.timeout(90):
            while not lines or part not in lines[-1]:
                line = await self.supervisor.stdout.readline()
                assert line, f"it ended before it said {part!r}:\n{''.join(lines)}"
                lines.append(line.decode())
        return lines[-1]

    def processes(self) -> dict[str, psutil.Process]:
        """Give the supervisor's children by what they are."""
        children = psutil.Process(self.supervisor.pid).children()
        return {_name(child): child for child in children}

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.supervisor.pid).children(recursive=True)


def _name(child: psutil.Process) -> str:
    argv = child.cmdline()
    return argv[2] if argv[1:2] == ["-m"] else Path(argv[0]).name


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("installation")


@asynccontextmanager
async def installation(data_dir: Path) -> AsyncIterator[Installation]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    supervisor = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "partner_center", "up", "--port", "0", "--no-demo"),
        *("--data-dir", str(data_dir)),
        env=environment | ANYWHERE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Installation(supervisor, data_dir)
    finally:
        if supervisor.returncode is None:
            supervisor.kill()
        await supervisor.wait()


async def all_gone(family: list[psutil.Process]) -> bool:
    _, alive = await asyncio.to_thread(psutil.wait_procs, family, timeout=10)
    return not alive


async def test_the_processes_are_four_services_a_gateway_and_postgresql(data_dir: Path) -> None:
    async with installation(data_dir) as running:
        line = await running.said("ready: ")

        assert set(running.processes()) == {
            *(f"services.{service}" for service in SERVICES),
            "gateway",
            "postgres",
        }
        assert await gateway_is_ready(urlsplit(line.split()[1]).netloc)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_however_it_ends_no_process_is_left(data_dir: Path, number: signal.Signals) -> None:
    async with installation(data_dir) as running:
        await running.said("ready: ")
        family = running.family()

        running.supervisor.send_signal(number)

        code = await asyncio.wait_for(running.supervisor.wait(), 10)
        assert code == (-number if number is signal.SIGKILL else 0)
        assert await all_gone(family)


async def test_it_can_be_stopped_while_it_starts(data_dir: Path) -> None:
    async with installation(data_dir) as running:
        await running.said("starting the services and")
        family = running.family()

        running.supervisor.send_signal(signal.SIGINT)

        assert await asyncio.wait_for(running.supervisor.wait(), 10) == 0
        assert await all_gone(family)


async def test_a_second_one_in_the_same_folder_is_refused(data_dir: Path) -> None:
    async with installation(data_dir) as running:
        await running.said("starting the services and")

        async with installation(data_dir) as second:
            await second.said("another supervisor works in")
            assert await second.supervisor.wait() == 1


@pytest.mark.parametrize("name", ["services.billing", "gateway", "postgres"])
async def test_what_dies_alone_comes_back_and_all_is_ready_again(data_dir: Path, name: str) -> None:
    async with installation(data_dir) as running:
        line = await running.said("ready: ")
        gateway = urlsplit(line.split()[1]).netloc

        running.processes()[name].kill()

        await running.said("runs again")
        await ready(gateway)


async def ready(gateway: str) -> None:
    async with asyncio.timeout(30):
        while not await gateway_is_ready(gateway):  # noqa: ASYNC110 - asked over HTTP
            await asyncio.sleep(0.1)


async def test_other_commands_find_its_services(data_dir: Path) -> None:
    async with installation(data_dir) as running:
        await running.said("ready: ")
        found = json.loads((data_dir / "running.json").read_text())

        assert set(found["addresses"]) == set(SERVICES)
        health = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "partner_center", "health", found["addresses"]["billing"]
        )
        assert await health.wait() == 0
