"""A kept process: restarted when it dies, stopped when asked, gone when its parent is."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from partner_center.children import ended, start_child, stop_child
from partner_center.processes import Process, ProcessFailed

PROGRAMS = {
    "stays": "import signal; signal.pause()",
    "deaf": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('deaf', flush=True)\nwhile True: signal.pause()",
    "fails": "print('about to fail', flush=True)\nraise SystemExit('no database')",
    "talks": 'print(\'{"level":"info","event":"routine"}\')\n'
    'print(\'{"level":"warning","event":"worth reading"}\')\n'
    "print('x' * 3_000_000)\nprint('the end')",
}
STARTS_A_CHILD_AND_WAITS = """
import os, signal, sys
from pathlib import Path
from partner_center.children import start_child

child = start_child(
    [sys.executable, "-c", "import signal; signal.pause()"],
    environment=os.environ, output=-3, directory=Path("/"),
)
print(child.pid, flush=True)
signal.pause()
"""


class Said(list[str]):
    """Lines for people, and a way to wait for one."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.append(line)
        self._more.set()

    async def until(self, part: str) -> str:
        async with asyncio.timeout(10):
            while not (found := [line for line in self if part in line]):
                self._more.clear()
                await self._more.wait()
        return found[0]


@pytest.fixture
def said() -> Said:
    return Said()


def process(name: str, *, folder: Path, said: Said) -> Process:
    (folder / f"{name}.py").write_text(PROGRAMS[name])
    environment = dict(os.environ) | {"PYTHONPATH": str(folder)}
    return Process(name, [name], environment=environment, logs=folder / "logs", say=said)


async def test_it_starts_again_when_it_dies_and_says_so(tmp_path: Path, said: Said) -> None:
    stays = process("stays", folder=tmp_path, said=said)
    await stays.start()
    first = stays.child
    assert first is not None
    stays.keep()

    first.kill()

    assert "starts again in 0.5 s" in await said.until("stays ended with -9")
    await said.until("stays runs again")
    second = stays.child
    await stays.stop(patience=5)
    assert second is not None
    assert second.returncode is not None


async def test_stopped_it_stays_stopped(tmp_path: Path, said: Said) -> None:
    stays = process("stays", folder=tmp_path, said=said)
    await stays.start()
    stays.keep()

    await stays.stop(patience=5)

    assert stays.child is not None
    assert stays.child.returncode == -signal.SIGTERM
    assert said == []


async def test_who_does_not_listen_is_killed(tmp_path: Path, said: Said) -> None:
    deaf = process("deaf", folder=tmp_path, said=said)
    await deaf.start()

    async def has_spoken() -> bool:
        return "deaf" in (tmp_path / "logs" / "deaf.log").read_text()

    await deaf.ready(has_spoken, seconds=10)
    await deaf.stop(patience=0.1)

    assert deaf.child is not None
    assert deaf.child.returncode == -signal.SIGKILL


async def test_its_last_words_are_in_the_failure(tmp_path: Path, said: Said) -> None:
    fails = process("fails", folder=tmp_path, said=said)
    await fails.start()

    async def never() -> bool:
        return False

    with pytest.raises(ProcessFailed, match=r"(?s)fails ended with 1.*no database"):
        await fails.ready(never, seconds=10)
    await fails.stop(patience=1)


async def test_who_is_not_ready_in_time_has_failed(tmp_path: Path, said: Said) -> None:
    stays = process("stays", folder=tmp_path, said=said)
    await stays.start()

    async def never() -> bool:
        return False

    with pytest.raises(ProcessFailed, match="was not ready in 0 s"):
        await stays.ready(never, seconds=0.1)
    await stays.stop(patience=5)


async def test_all_it_says_is_written_down_and_warnings_are_shown(
    tmp_path: Path, said: Said
) -> None:
    talks = process("talks", folder=tmp_path, said=said)
    await talks.start()

    await talks.finish()
    await talks.stop(patience=1)

    log = (tmp_path / "logs" / "talks.log").read_text()
    assert "talks | the end" in log
    assert "routine" in log
    assert [line for line in said if "x" * 100 not in line] == [
        'talks | {"level":"warning","event":"worth reading"}'
    ]


async def test_a_killed_parent_leaves_no_orphan(tmp_path: Path) -> None:
    read, write = os.pipe()
    with os.fdopen(read) as reader, os.fdopen(write, "wb") as writer:
        parent = start_child(
            [sys.executable, "-c", STARTS_A_CHILD_AND_WAITS],
            environment=dict(os.environ) | {"PYTHONPATH": os.pathsep.join(sys.path)},
            output=writer,
            directory=tmp_path,
        )
        pidfd = os.pidfd_open(int(await asyncio.to_thread(reader.readline)))
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(pidfd, gone.set)

    parent.kill()

    await asyncio.wait_for(gone.wait(), 10)
    asyncio.get_running_loop().remove_reader(pidfd)
    os.close(pidfd)
    await ended(parent)


async def test_a_child_that_has_ended_can_be_stopped(tmp_path: Path) -> None:
    child = start_child(
        [sys.executable, "-c", ""], environment=os.environ, output=-3, directory=tmp_path
    )
    await ended(child)

    assert await stop_child(child, escalation=[(signal.SIGTERM, 1)]) == 0
