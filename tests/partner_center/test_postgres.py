"""The embedded PostgreSQL: what survives, who gets in, and that nothing stays behind."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from partner_center.children import ended, start_child
from partner_center.postgres import HOST, EmbeddedPostgres, PostgresFailed

STARTS_POSTGRES_AND_WAITS = """
import asyncio, sys
from pathlib import Path
from partner_center.postgres import EmbeddedPostgres

async def main():
    postgres = EmbeddedPostgres(Path(sys.argv[1]))
    await postgres.start()
    print(postgres.child.pid, flush=True)
    await postgres.ended()

asyncio.run(main())
"""


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    # pytest's folders are private to us, so as root this is the hard case.
    async with EmbeddedPostgres(tmp_path / "data") as server:
        yield server


async def value(server: EmbeddedPostgres, query: str) -> object:
    connection = await asyncpg.connect(server.admin_url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_it_is_a_real_server_that_sorts_and_folds_the_same_everywhere(
    postgres: EmbeddedPostgres,
) -> None:
    assert await value(postgres, "SHOW data_checksums") == "on"
    assert await value(postgres, "SHOW fsync") == "on"
    assert await value(postgres, "SHOW listen_addresses") == HOST
    assert await value(postgres, "SELECT 'É' ILIKE 'é' AND 'Z' < 'a'") is True


async def test_nobody_gets_in_without_the_password(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres.url(user="postgres", password="guess"))

    assert (postgres.data_dir / "postgres-password").stat().st_mode & 0o777 == 0o600


async def test_it_never_runs_as_root(postgres: EmbeddedPostgres) -> None:
    assert postgres.child is not None

    owner = os.stat(f"/proc/{postgres.child.pid}").st_uid  # noqa: PTH116 - no disk behind

    assert owner != 0
    assert (postgres.data_dir / "pg").stat().st_uid == owner


async def test_killed_it_comes_back_on_its_port_with_what_it_acknowledged(
    postgres: EmbeddedPostgres,
) -> None:
    assert postgres.child is not None
    port = postgres.port
    await value(postgres, "CREATE TABLE kept AS SELECT 7 AS number")

    postgres.child.kill()
    await postgres.ended()
    await postgres.start()

    assert postgres.port == port
    assert await value(postgres, "SELECT number FROM kept") == 7


async def test_kept_it_starts_again_by_itself(postgres: EmbeddedPostgres) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    postgres.keep(said.put_nowait)
    assert postgres.child is not None
    first = postgres.child

    first.kill()

    assert "starts again" in await asyncio.wait_for(said.get(), 10)
    assert "runs again" in await asyncio.wait_for(said.get(), 20)
    assert postgres.child is not first
    assert await value(postgres, "SELECT 1") == 1


async def test_the_pid_of_a_stranger_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as server:
        port = server.port
    left_behind = tmp_path / "pg" / "data" / "postmaster.pid"
    left_behind.write_text(f"{os.getpid()}\n/elsewhere\n1\n{port}\n\n{HOST}\n  1 1\nready\n")
    left_behind.chmod(0o644)

    async with EmbeddedPostgres(tmp_path) as server:
        assert await value(server, "SELECT 1") == 1


async def test_it_says_why_it_did_not_start(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, settings={"no_such_setting": "1"})

    with pytest.raises(PostgresFailed, match="no_such_setting"):
        await server.start()


async def test_it_ends_with_its_supervisor_however_that_ends(tmp_path: Path) -> None:
    read, write = os.pipe()
    with os.fdopen(read) as reader, os.fdopen(write, "wb") as writer:
        supervisor = start_child(
            [sys.executable, "-c", STARTS_POSTGRES_AND_WAITS, tmp_path],
            environment=dict(os.environ) | {"PYTHONPATH": os.pathsep.join(sys.path)},
            output=writer,
            directory=Path.cwd(),
        )
        pid = int(await asyncio.to_thread(reader.readline))
    pidfd = os.pidfd_open(pid)

    supervisor.send_signal(signal.SIGKILL)

    await ended(supervisor)
    await closed(pidfd)
    async with EmbeddedPostgres(tmp_path) as server:
        assert await value(server, "SELECT 1") == 1


async def closed(pidfd: int) -> None:
    """Wait until the process that the descriptor stands for is gone."""
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(pidfd, gone.set)
    try:
        await asyncio.wait_for(gone.wait(), 10)
    finally:
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)
