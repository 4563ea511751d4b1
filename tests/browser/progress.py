"""Asks for a file in the query page and follows it there, over everything that there is.

It starts the demo by command, as a newcomer does, and presses what a newcomer presses.
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from playwright.async_api import Page

from services.kit.config import SERVICES
from tests.browser.pages import SECONDS, is_there, judged, new_visitor, opened, pane, run_tab

ATTEMPTS = 5
# With the demo's data, on a machine that others use, too.
SECONDS_TO_START = 300
ANYWHERE = {f"{service.upper()}_LISTEN": "127.0.0.1:0" for service in SERVICES}
ID = re.compile(r"exb_\w+")
UNFINISHED = ("QUEUED", "RUNNING")
# State, rows done, rows in all: as the example's document names them, one below the other.
SHOWN = re.compile(r'"state": "(\w+)".*"rowsDone": (\d+).*"rowsTotal": (\d+|null)', re.DOTALL)

Shown = tuple[str, int, int | None]


async def look_at_progress(chromium: str) -> int:
    """Follow an export in the query page of the demo; give the exit status."""
    complaints: list[str] = []
    seen: list[Shown] = []
    with TemporaryDirectory() as folder:
        async with everything(Path(folder)) as url, opened(chromium) as browser:
            host = urlsplit(url).netloc
            for _ in range(ATTEMPTS):
                visitors = [
                    await new_visitor(browser, host=host, complaints=complaints) for _ in range(2)
                ]
                for visitor in visitors:
                    await visitor.goto(url)
                    await is_there(visitor)
                seen = await follow_an_export(*visitors)
                # It takes a second, and may be complete before anybody looks.
                if seen[0][1] < seen[-1][1]:
                    break
    complaints += faults(seen)
    shown = ", ".join(f"{state} {done}/{total}" for state, done, total in seen)
    return judged(f"an export is shown as {shown}", complaints)


def faults(seen: list[Shown]) -> list[str]:
    """Say what is wrong with how an export was shown."""
    done = [rows for _, rows, _ in seen]
    state, last, total = seen[-1]
    found = {
        "its rows do not rise": sorted(done) == done and done[0] < last,
        "it is not complete": state == "COMPLETED",
        "not all rows are done": last == total,
    }
    return [fault for fault, is_right in found.items() if not is_right]


@asynccontextmanager
async def everything(folder: Path) -> AsyncIterator[str]:
    """Start all processes in a folder and load the demo; give the query page's address."""
    supervisor = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "partner_center", "up", "--port", "0"),
        *("--data-dir", str(folder)),
        env={**os.environ, **ANYWHERE},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield await _address(supervisor)
    finally:
        if supervisor.returncode is None:
            supervisor.terminate()
        # It says more while it stops, which must go somewhere.
        await supervisor.communicate()


async def _address(supervisor: asyncio.subprocess.Process) -> str:
    assert supervisor.stdout is not None
    said = []
    async with asyncio.timeout(SECONDS_TO_START):
        while line := (await supervisor.stdout.readline()).decode():
            said.append(line)
            if line.startswith("ready: "):
                return line.split()[1]
    raise RuntimeError("it ended before it was ready:\n" + "".join(said))


async def follow_an_export(maker: Page, watcher: Page) -> list[Shown]:
    """Make a file in one window and give all that is shown of it in another."""
    await _open_tab(watcher, "ExportProgress")
    id_there = watcher.locator(".graphiql-editor-tool").get_by_text(ID)
    await _open_tab(maker, "CreateBillingExport")
    await run_tab(maker)
    created = pane(maker, has_text=ID)
    await created.wait_for(timeout=SECONDS * 1000)
    [id_] = ID.findall(await created.inner_text())
    # As by a double click and pasting.
    await id_there.dblclick()
    await watcher.keyboard.insert_text(id_)
    await run_tab(watcher)
    return await _seen(watcher)


async def _seen(page: Page) -> list[Shown]:
    """Give all that the response pane shows of an export, until that is its end."""
    seen: list[Shown] = []
    async with asyncio.timeout(SECONDS):
        while not seen or seen[-1][0] in UNFINISHED:
            # The editor writes spaces that do not break.
            text = (await pane(page).inner_text()).replace("\xa0", " ")
            if found := SHOWN.search(text):
                state, done, total = found.groups()
                shown = state, int(done), None if total == "null" else int(total)
                if shown not in seen:
                    seen.append(shown)
            await asyncio.sleep(0.02)
    return seen


async def _open_tab(page: Page, name: str) -> None:
    # By the keyboard: the many tabs slide about for a while, and a click may miss.
    await page.get_by_role("tab", name=name).get_by_title(name, exact=True).press("Enter")
