"""Query pages in Chromium, as visitors see them, and what is to be complained of there."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Locator, Page, async_playwright

SECONDS = 60
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def opened(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        await browser.close()


async def new_visitor(browser: Browser, *, host: str, complaints: list[str]) -> Page:
    """Open an empty page for somebody who was never here."""
    page = await (await browser.new_context()).new_page()
    watch(page, host=host, complaints=complaints)
    return page


def watch(page: Page, *, host: str, complaints: list[str]) -> None:
    """Note requests to other hosts, violations of the policy, and errors of any kind."""

    def see(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != host:
            complaints.append(f"request to another host: {url}")

    page.on("request", lambda request: see(request.url))
    page.on("pageerror", lambda error: complaints.append(f"error in the page: {error}"))
    page.on(
        "console",
        lambda message: (
            complaints.append(f"{message.type}: {message.text}")
            if message.type == "error" or "Content Security Policy" in message.text
            else None
        ),
    )


async def is_there(page: Page) -> None:
    """Wait for the editor."""
    await page.locator(".graphiql-query-editor .view-lines").wait_for(timeout=SECONDS * 1000)


async def run_tab(page: Page) -> None:
    """Press the button."""
    await page.locator("button.graphiql-execute-button").click()


def pane(page: Page, **narrowed: Any) -> Locator:
    """Find the response."""
    return page.locator(".result-window .view-lines", **narrowed)


def judged(seen: str, complaints: Sequence[str]) -> int:
    """Print what was seen and all complaints; give the exit status."""
    for complaint in complaints:
        print(complaint, file=sys.stderr)  # noqa: T201  # a script
    print(f"browser: {seen}, {len(complaints)} complaints")  # noqa: T201
    return 1 if complaints else 0
