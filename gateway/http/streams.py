"""Server-sent events, as graphql-sse and urql read them: one request, one operation."""

import asyncio
from collections.abc import AsyncGenerator, MutableSet

import orjson
from aiohttp import web

from gateway.http.media import EVENT_STREAM
from gateway.http.operations import Answer

# Proxies cut a silent connection after 15 s and more; this also notices clients that left.
KEEP_ALIVE_SECONDS = 12

# The tasks of open streams and sockets.
OPEN: web.AppKey[MutableSet[asyncio.Task[object]]] = web.AppKey("open")


async def send_events(
    request: web.Request, answers: AsyncGenerator[Answer], *, expires_in: float
) -> web.StreamResponse:
    """Send each answer as an event until the stream, the token or the client's patience ends."""
    response = web.StreamResponse(
        headers={
            "Content-Type": f"{EVENT_STREAM}; charset=utf-8",
            "Cache-Control": "no-cache, no-transform",
            # nginx would hold events back.
            "X-Accel-Buffering": "no",
        }
    )
    await response.prepare(request)
    stop_with(request)
    try:
        async with asyncio.timeout(None if expires_in == float("inf") else max(expires_in, 0)):
            await _send(response, answers)
    except (TimeoutError, ConnectionError):
        # The client asks again with a fresh token, or is gone.
        pass
    finally:
        await answers.aclose()
    return response


def stop_with(request: web.Request) -> None:
    """Let the running task be cancelled when the gateway stops."""
    if (task := asyncio.current_task()) is not None:
        request.app[OPEN].add(task)


async def stop_streams(app: web.Application) -> None:
    """End all streams and sockets, so that a stopping gateway does not wait for subscriptions."""
    tasks = app[OPEN]
    for task in list(tasks):
        task.cancel()


async def _send(response: web.StreamResponse, answers: AsyncGenerator[Answer]) -> None:
    following: asyncio.Task[Answer] | None = None
    try:
        while True:
            following = following or asyncio.ensure_future(anext(answers))
            done, _ = await asyncio.wait({following}, timeout=KEEP_ALIVE_SECONDS)
            if not done:
                await response.write(b":\n\n")
                continue
            try:
                answer = following.result()
            except StopAsyncIteration:
                break
            finally:
                following = None
            # Lines end in \n alone: urql does not see events whose lines end in \r\n.
            await response.write(b"event: next\ndata: " + orjson.dumps(answer.payload) + b"\n\n")
        await response.write(b"event: complete\ndata:\n\n")
        await response.write_eof()
    finally:
        if following is not None:
            following.cancel()
            await asyncio.wait({following})
