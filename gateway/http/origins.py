"""Which pages of other sites may call, and what browsers are told about every response."""

from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import web
from multidict import CIMultiDict

ALLOWED_HEADERS = "accept, authorization, content-type, x-request-id, x-tenant-id, x-tenant-reason"
PREFLIGHT_SECONDS = 600


def is_allowed(request: web.Request, *, origins: Collection[str]) -> bool:
    """Tell whether a page of this origin may open a socket; programs send no Origin."""
    origin = request.headers.get("Origin")
    if origin is None or origin in origins:
        return True
    return urlsplit(origin).netloc == request.host


def cors_headers(request: web.Request, *, origins: Collection[str]) -> CIMultiDict[str]:
    """Give the headers that let a known origin's page read the response."""
    headers: CIMultiDict[str] = CIMultiDict()
    if not origins:
        return headers
    headers.add("Vary", "Origin")
    origin = request.headers.get("Origin")
    if origin is not None and origin in origins:
        headers.add("Access-Control-Allow-Origin", origin)
        headers.add("Access-Control-Expose-Headers", "retry-after, x-request-id")
    return headers


async def preflight(request: web.Request) -> web.Response:
    """Answer a browser that asks before it sends. Cookies are never asked for."""
    response = web.Response(status=204, headers={"Allow": "GET, POST, OPTIONS"})
    if "Access-Control-Request-Method" in request.headers:
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response
