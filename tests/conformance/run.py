"""Starts a gateway over the test schema, or takes a running one, and lets Node.js judge it.

With URL and TOKEN in the environment only the audits run, against that gateway.
"""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from aiohttp import web

from gateway.http.graphiql.fetch import CLEAN_INSTALL, node_command
from tests.gateway.http.small_gateway import Issuer, make_app

HERE = Path(__file__).parent


async def main() -> int:
    """Judge a gateway; give the exit status."""
    install()
    if url := os.environ.get("URL"):
        return await judge(url, os.environ["TOKEN"], scripts=[["audits.mjs"]])
    with TemporaryDirectory() as folder:
        issuer = Issuer(Path(folder))
        quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
        structlog.configure(wrapper_class=quiet)
        runner = web.AppRunner(make_app(issuer.settings()))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            return await judge(
                f"http://{host}:{port}/graphql",
                issuer.token(),
                scripts=[["audits.mjs"], ["--test", "clients.mjs"]],
            )
        finally:
            await runner.cleanup()


def install() -> None:
    """Install the clients, unless what is there is newer than the lock file."""
    done = HERE / "node_modules" / ".package-lock.json"
    if done.exists() and done.stat().st_mtime > (HERE / "package-lock.json").stat().st_mtime:
        return
    command = [*node_command("npm"), *CLEAN_INSTALL]
    subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


async def judge(url: str, token: str, *, scripts: Sequence[Sequence[str]]) -> int:
    """Run all scripts; give the first exit status that is not 0."""
    environment = {**os.environ, "URL": url, "TOKEN": token}
    statuses = []
    for arguments in scripts:
        process = await asyncio.create_subprocess_exec(
            *node_command("node"), *arguments, cwd=HERE, env=environment
        )
        statuses.append(await process.wait())
    return next((status for status in statuses if status), 0)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
