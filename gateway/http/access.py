"""What happens around every request: its id, its place in the metrics, and no traces outside."""

import re
import time
from collections.abc import Awaitable, Callable

import orjson
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from gateway.http.errors import internal_error
from gateway.http.metrics import Metrics
from gateway.http.origins import cors_headers
from gateway.settings import Settings
from services.kit import deadlines

log = structlog.get_logger("gateway")

REQUEST_ID = web.RequestKey("request_id", str)
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def access(metrics: Metrics) -> Middleware:
    """Make the middleware that all requests pass."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("X-Request-Id", "")
        request[REQUEST_ID] = given if _ACCEPTABLE_ID.fullmatch(given) else deadlines.new_hex(16)
        deadlines.start_trace(request.headers.get("traceparent"))
        started = time.perf_counter()
        status = 500
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        except Exception:
            log.exception("request failed", request_id=request[REQUEST_ID])
            response = web.Response(
                status=500,
                body=orjson.dumps({"errors": [internal_error(request[REQUEST_ID])]}),
                content_type="application/json",
            )
        finally:
            seconds = time.perf_counter() - started
            metrics.requested(
                method=request.method, route=_route(request), status=status, seconds=seconds
            )
        return response

    return middleware


def finish_headers(
    settings: Settings,
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Make the last step before a response's head is sent, streams included."""

    async def finish(request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        if REQUEST_ID in request:
            headers["X-Request-Id"] = request[REQUEST_ID]
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers.popall("Server", None)
        headers.extend(cors_headers(request, origins=settings.allowed_origins))

    return finish


def _route(request: web.Request) -> str:
    """Name the route, not the path: paths are the clients' to choose."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
