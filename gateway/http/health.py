"""Whether the gateway lives, whether it is ready, and what it has counted."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import orjson
from aiohttp import web

from gateway.http.metrics import CONTENT_TYPE, Metrics

Readiness = Callable[[], Awaitable[Mapping[str, bool]]]
"""Ask each service for its gRPC health."""

READINESS_SECONDS = 2


@dataclass(frozen=True)
class Health:
    readiness: Readiness
    metrics: Metrics

    async def live(self, request: web.Request) -> web.Response:  # noqa: ARG002  # aiohttp's shape
        """Say that the process answers; it depends on nothing."""
        return _json({"status": "live"})

    async def ready(self, request: web.Request) -> web.Response:  # noqa: ARG002  # aiohttp's shape
        """Say whether all services serve."""
        try:
            async with asyncio.timeout(READINESS_SECONDS):
                services = dict(await self.readiness())
        except TimeoutError:
            return _json({"status": "not ready", "services": {}}, status=503)
        ready = bool(services) and all(services.values())
        states = {name: "serving" if ok else "not serving" for name, ok in services.items()}
        return _json(
            {"status": "ready" if ready else "not ready", "services": states},
            status=200 if ready else 503,
        )

    async def show_metrics(self, request: web.Request) -> web.Response:  # noqa: ARG002  # aiohttp's shape
        return web.Response(body=self.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


def _json(body: Mapping[str, object], *, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
