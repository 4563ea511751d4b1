"""Opens /graphiql in Chromium with all other hosts blocked, runs the first tab, reads the answer.

With URL in the environment it visits that gateway and expects EXPECT to be shown; without, it
starts one over the test schema, and then everything, to follow an export there. SCREENSHOT names
a file for a picture of the page.
"""

import asyncio
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from playwright.async_api import Page

from gateway.http.graphiql import fetch
from services.kit.config import Environment
from tests.browser.pages import SECONDS, is_there, judged, new_visitor, opened, pane, run_tab
from tests.browser.progress import look_at_progress
from tests.gateway.http.small_gateway import Issuer, make_app

EXAMPLE = "query Customers($first: Int!) { customers(first: $first) { nodes { id name } } }"


async def main() -> int:
    """Look at a page; give the exit status."""
    chromium = find_chromium()
    if url := os.environ.get("URL"):
        return await look(url, expected=os.environ["EXPECT"], chromium=chromium)
    fetch.main()
    return await look_at_small_one(chromium) or await look_at_progress(chromium)


async def look_at_small_one(chromium: str) -> int:
    """Look at the page of a gateway over the test schema."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with TemporaryDirectory() as folder:
        examples = Path(folder)
        (examples / "customers.graphql").write_text(EXAMPLE)
        (examples / "customers.json").write_text('{"first": 2}')
        issuer = Issuer(examples)
        (examples / "token").write_text(issuer.token())
        settings = issuer.settings(
            environment=Environment.DEMO,
            graphiql=True,
            examples=examples,
            demo_token=examples / "token",
        )
        runner = web.AppRunner(make_app(settings))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            return await look(f"http://{host}:{port}/", expected="客户 1", chromium=chromium)
        finally:
            await runner.cleanup()


def find_chromium() -> str:
    """Find the browser, or install Debian's.

    :raises SystemExit: where there is none and only root could install it.
    """
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit("Chromium is needed (Debian: apt-get install chromium)")
    quiet = ["--quiet", "--yes", "--no-install-recommends"]
    subprocess.run(["apt-get", "update", "--quiet"], check=True)  # noqa: S607  # Debian's own
    subprocess.run(["apt-get", "install", *quiet, "chromium"], check=True)  # noqa: S603, S607
    return shutil.which("chromium") or sys.exit("Chromium did not install")


async def look(url: str, *, expected: str, chromium: str) -> int:
    """Run the first tab; complain of anything that is not as it should be."""
    complaints: list[str] = []
    host = urlsplit(url).netloc
    async with opened(chromium) as browser:
        page = await new_visitor(browser, host=host, complaints=complaints)
        await page.goto(url)
        await is_there(page)
        try:
            await run_first_tab(page, expected=expected)
        finally:
            if picture := os.environ.get("SCREENSHOT"):
                await page.screenshot(path=picture)
        await page.reload()
        await is_there(page)
    return judged(f"{expected!r} is shown", complaints)


async def run_first_tab(page: Page, *, expected: str) -> None:
    """Press the button and wait for the text."""
    await run_tab(page)
    await pane(page, has_text=expected).wait_for(timeout=SECONDS * 1000)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
