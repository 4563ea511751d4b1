"""The process that is measured: the gateway with one of its executors, or what is written by hand.

It is put together as `gateway/__main__.py` does; beside the graph it tells how long its event loop
made others wait.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

import uvloop
from aiohttp import web

from bench.parts import handwritten
from bench.parts.processes import use_core
from gateway.app import create_app
from gateway.context import contexts
from gateway.http.authentication import Authentication
from gateway.http.keys import KeyDirectory
from gateway.http.tokens import TokenReader
from gateway.readiness import Readiness
from gateway.schema import schema
from gateway.serve import serve
from gateway.settings import Settings
from services.kit import log
from services.kit.client import Channels, TokenSource
from services.kit.identity import TokenSigner

TICK_SECONDS: Final = 0.001


async def run(settings: Settings, *, by_hand: bool) -> None:
    """Serve until told to stop."""
    signer = TokenSigner.from_file(Path(os.environ["GATEWAY_SIGNING_KEY"]), workload="gateway")
    channels = Channels(settings.addresses, tokens=TokenSource(signer))
    make = handwritten_app if by_hand else graph_app
    app = make(settings, channels)
    app.router.add_get("/bench/wait", longest_wait)
    try:
        await serve(app, settings)
    finally:
        await channels.close()


def graph_app(settings: Settings, channels: Channels) -> web.Application:
    return create_app(
        settings,
        schema=schema,
        context_factory=contexts(channels),
        readiness=Readiness(channels, services=settings.addresses),
    )


def handwritten_app(settings: Settings, channels: Channels) -> web.Application:
    tokens = TokenReader(
        KeyDirectory(settings.oidc_jwks),
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
    )
    return handwritten.make_app(settings, channels, authentication=Authentication(tokens))


async def longest_wait(request: web.Request) -> web.Response:
    """Tick for so many seconds, and give the seconds that one tick came late at most."""
    loop = asyncio.get_running_loop()
    end = loop.time() + float(request.query["seconds"])
    longest = 0.0
    while (now := loop.time()) < end:
        await asyncio.sleep(TICK_SECONDS)
        longest = max(longest, loop.time() - now - TICK_SECONDS)
    return web.json_response(longest)


if __name__ == "__main__":
    use_core(int(sys.argv[2]))
    log.configure(human=False)
    uvloop.run(run(Settings.from_environment(os.environ), by_hand=sys.argv[1] == "handwritten"))
