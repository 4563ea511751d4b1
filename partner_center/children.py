"""Child processes that never outlive the process that started them."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass(frozen=True)
class Account:
    """The user and group that a child runs as."""

    uid: int
    gid: int


def start_child(
    argv: Sequence[str | Path],
    *,
    death_signal: signal.Signals = signal.SIGKILL,
    account: Account | None = None,
    environment: Mapping[str, str],
    output: IO[bytes] | int,
    directory: Path,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start argv; it gets `death_signal` as soon as the calling thread ends, whatever ends it.

    Call it from the main thread: Linux ties the signal to the thread, not to the process.
    """
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER)]
    launcher += ["--parent", str(os.getpid()), "--death-signal", str(int(death_signal))]
    if account is not None:
        launcher += ["--uid", str(account.uid), "--gid", str(account.gid)]
    return subprocess.Popen(  # noqa: S603 - argv is ours
        [*launcher, "--", *map(str, argv)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=directory,
        env=dict(environment),
        pass_fds=tuple(keep_open),
        # A Ctrl-C at the terminal reaches the supervisor alone, which stops its children in order.
        start_new_session=True,
    )


async def ended(child: subprocess.Popen[bytes]) -> int:
    """Wait until the child has ended; give its return code."""
    if (code := child.poll()) is not None:
        return code
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    pidfd = os.pidfd_open(child.pid)
    loop.add_reader(pidfd, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)
    return child.wait()


async def stop_child(
    child: subprocess.Popen[bytes], *, escalation: Sequence[tuple[signal.Signals, float]]
) -> int:
    """Send one signal after the other, each with its time to work; SIGKILL when none did."""
    for number, patience in escalation:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(number)
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(ended(child), patience)
    child.kill()
    return await ended(child)
