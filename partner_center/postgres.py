"""A real PostgreSQL server as our child: TCP on the loopback, scram passwords, checksums."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from partner_center.binaries import account_for, programs_for
from partner_center.children import Account, ended, start_child, stop_child

SUPERUSER = "postgres"
PORTS = range(20_000, 32_768)
HOST = "127.0.0.1"
SECONDS_TO_START = 60.0
SECONDS_TO_LEAVE = 15.0
SECONDS_BETWEEN_STARTS = 5.0
# Fast shutdown; then immediate, after which the next start replays the log.
STOP_ESCALATION = ((signal.SIGINT, 2.5), (signal.SIGQUIT, 1.0))
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d %u ",
    # Our wheel has no LLVM; asking for it would only cost a warning.
    "jit": "off",
}


class PostgresFailed(Exception):
    """The server did not start; the message ends with what it wrote last."""


class EmbeddedPostgres:
    """PostgreSQL of its own in `data_dir`: `pg/` (data), `postgres-password`, `logs/`.

    `settings` are added to ours, as `postgres -c name=value`. Port 0 takes a free one, which
    stays the same over restarts of this object. Start it from the main thread: the server ends
    when that thread does.
    """

    def __init__(
        self, data_dir: Path, port: int = 0, *, settings: Mapping[str, str] | None = None
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self.settings = {**SETTINGS, **(settings or {})}
        self.child: subprocess.Popen[bytes] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._home = self.data_dir / "pg"
        self._log = self.data_dir / "logs" / "postgres.log"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def password(self) -> str:
        """The superuser's, generated when the data were made."""
        return (self.data_dir / "postgres-password").read_text().strip()

    @property
    def admin_url(self) -> str:
        return self.url(user=SUPERUSER, password=self.password)

    def url(self, *, user: str, password: str, database: str = "postgres") -> str:
        return f"postgresql://{user}:{password}@{HOST}:{self.port}/{database}"

    async def start(self) -> None:
        """Make the data on the first call, start the server, wait until it takes connections.

        :raises NoPostgres: there is no server or no user to run it
        :raises PostgresFailed: it ended or was not ready in time
        """
        account = account_for(self._home)
        programs = programs_for(account)
        self._make_folders(account)
        # The server gets its folder as an open descriptor, so its user needs no right to pass
        # the folders above, which may be as private as /root.
        home = os.open(self._home, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if not (self._home / "data").exists():
                await self._initialise(programs, account=account, home=home)
            await self._forget_the_previous_one()
            self.port = self.port or free_port()
            argv: list[str | Path] = [programs / "postgres", "-D", f"/proc/self/fd/{home}/data"]
            for name, value in {**self.settings, "port": str(self.port)}.items():
                argv += ["-c", f"{name}={value}"]
            self.child = self._run(argv, account=account, home=home)
        finally:
            os.close(home)
        await self._ready()

    async def stop(self) -> None:
        """Disconnect everybody, write a checkpoint, end."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self.child is not None:
            await stop_child(self.child, escalation=STOP_ESCALATION)
            self.child = None

    async def ended(self) -> int:
        """Wait until the server has ended; give its return code."""
        assert self.child is not None
        return await ended(self.child)

    def keep(self, say: Callable[[str], None]) -> None:
        """From now on start it again, on the same port, whenever it ends; `say` so."""
        self._keeper = asyncio.create_task(self._keep_alive(say))

    async def _keep_alive(self, say: Callable[[str], None]) -> None:
        while True:
            code = await self.ended()
            say(f"PostgreSQL ended with {code}, starts again ({self._log})")
            while self.child is None or self.child.poll() is not None:
                try:
                    await self.start()
                except PostgresFailed as error:
                    say(str(error))
                    await asyncio.sleep(SECONDS_BETWEEN_STARTS)
            say("PostgreSQL runs again")

    def _make_folders(self, account: Account | None) -> None:
        for folder in (self.data_dir, self._log.parent, self._home):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if account is not None:
            os.chown(self._home, account.uid, account.gid)
        if not os.access(self._home, os.R_OK | os.W_OK | os.X_OK):
            raise PostgresFailed(f"{self._home} belongs to another user; choose another DATA_DIR")

    async def _initialise(self, programs: Path, *, account: Account | None, home: int) -> None:
        """Make the data beside their place and move them there whole."""
        fresh = self._home / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        password = self.data_dir / "postgres-password"
        if not password.exists():
            write_secret(password, secrets.token_urlsafe(32))
        copy = self._home / "password"
        copy.unlink(missing_ok=True)
        write_secret(copy, self.password, account=account)
        argv: list[str | Path] = [programs / "initdb", "-U", SUPERUSER]
        argv += ["-D", f"/proc/self/fd/{home}/fresh"]
        argv += [f"--pwfile=/proc/self/fd/{home}/password", "--auth=scram-sha-256"]
        # Sorted by code point, folded as Unicode says, the same on every machine.
        argv += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        argv += ["--locale=C", "--data-checksums"]
        code = await ended(self._run(argv, account=account, home=home))
        copy.unlink()
        if code != 0:
            raise PostgresFailed(f"initdb ended with {code}:\n{self._last_words()}")
        fresh.rename(self._home / "data")

    def _run(
        self, argv: list[str | Path], *, account: Account | None, home: int
    ) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return start_child(
                argv,
                # When we are killed, the server stops as if it had been asked to.
                death_signal=signal.SIGINT,
                account=account,
                environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                output=log,
                directory=Path("/"),
                keep_open=[home],
            )

    async def _forget_the_previous_one(self) -> None:
        """Let a server of an earlier start end, and remove the traces of one that was killed.

        PostgreSQL asks only whether the pid in `postmaster.pid` exists. A zombie that nobody
        has reaped yet, or a stranger with the same number, would keep ours from starting.
        """
        path = self._home / "data" / "postmaster.pid"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS_TO_LEAVE):
                while (pid := _pid_in(path)) and _works_in(pid, folder=path.parent):  # noqa: ASYNC110 - not our child
                    await asyncio.sleep(0.05)
                path.unlink(missing_ok=True)
                return
        raise PostgresFailed(f"another PostgreSQL, process {pid}, works in {path.parent}")

    async def _ready(self) -> None:
        assert self.child is not None
        path = self._home / "data" / "postmaster.pid"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS_TO_START):
                while not _is_ready(path, pid=self.child.pid):
                    if (code := self.child.poll()) is not None:
                        raise PostgresFailed(f"PostgreSQL ended with {code}:\n{self._last_words()}")
                    await asyncio.sleep(0.02)
                return
        await stop_child(self.child, escalation=STOP_ESCALATION)
        raise PostgresFailed(
            f"PostgreSQL was not ready in {SECONDS_TO_START:.0f} s:\n{self._last_words()}"
        )

    def _last_words(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])


def free_port() -> int:
    """Choose a TCP port that nobody uses at this moment.

    Not one of those that the system hands to outgoing connections (from 32768 on): such a one
    may be taken again before the server that it is meant for has started.
    """
    while True:
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port


def running_port(data_dir: Path) -> int | None:
    """Read on which port the server of this folder listens, if one does."""
    try:
        return int((data_dir / "pg" / "data" / "postmaster.pid").read_text().splitlines()[3])
    except (FileNotFoundError, IndexError):
        return None


def write_secret(path: Path, text: str, *, account: Account | None = None) -> None:
    """Write a new file that nobody but its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        if account is not None:
            os.fchown(descriptor, account.uid, account.gid)
        file.write(text)


def _pid_in(path: Path) -> int | None:
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _works_in(pid: int, *, folder: Path) -> bool:
    """Tell whether the process is alive and has its working directory there, as servers do."""
    try:
        return Path(f"/proc/{pid}/cwd").samefile(folder)
    except OSError:
        return False


def _is_ready(path: Path, *, pid: int) -> bool:
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return False
    # The eighth line is what pg_ctl looks at, too.
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004
