"""A gateway process: it listens, finishes what runs when told to stop, and is gone."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from partner_center.postgres import free_port

PROGRAM = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from gateway.serve import serve
from tests.gateway.http.small_gateway import Issuer, make_app
issuer = Issuer(Path(sys.argv[1]))
Path(sys.argv[1], "token").write_text(issuer.token())
settings = replace(issuer.settings(), port=int(sys.argv[2]))
asyncio.run(serve(make_app(settings), settings))
"""


@asynccontextmanager
async def running(folder: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, folder, str(port), stdout=asyncio.subprocess.PIPE
    )
    try:
        await logged(process, "serving")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def logged(process: asyncio.subprocess.Process, event: str) -> None:
    """Wait until the process has logged this event."""
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while event.encode() not in (line := await process.stdout.readline()):
            assert line, "the process ended"


async def test_a_gateway_told_to_stop_finishes_what_runs(tmp_path: Path) -> None:
    port = free_port()
    async with running(tmp_path, port) as process, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{port}"
        headers = {"Authorization": f"Bearer {(tmp_path / 'token').read_text()}"}
        # A connection kept alive must not hold the process up.
        assert (await session.get(f"{url}/health/live")).status == 200
        running_query = asyncio.create_task(
            session.post(f"{url}/graphql", json={"query": "{ nap }"}, headers=headers)
        )
        await logged(process, "napping")

        process.send_signal(signal.SIGTERM)
        answer = await (await running_query).json()
        async with asyncio.timeout(5):
            status = await process.wait()

    assert answer["data"] == {"nap": "rested"}
    assert status == 0
