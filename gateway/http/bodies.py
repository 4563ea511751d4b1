"""Answers as bytes: small ones at once, large ones field by field, with a turn for others."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import orjson
from aiohttp import web

from gateway.kit.turns import turn

# An answer of so many objects takes about two milliseconds to write and to let go.
OBJECTS_AT_ONCE: Final = 2_000


async def body_of(payload: dict[str, Any], *, objects: int) -> Sequence[bytes]:
    """Write a response, of which each part can be sent by itself: joining them would take long.

    Of a large one, each field of the root is a part, and is let go when it is written.
    """
    data = payload.get("data")
    if objects <= OBJECTS_AT_ONCE or not isinstance(data, dict):
        return [orjson.dumps(payload)]
    parts, before = [], b'{"data":{'
    for key in list(data):
        await turn()
        parts += [before + orjson.dumps(key) + b":", orjson.dumps(data.pop(key))]
        before = b","
    rest = orjson.dumps({name: value for name, value in payload.items() if name != "data"})
    end = b"}," + rest[1:] if rest != b"{}" else b"}}"
    return [*parts, end if parts else before + end]


async def send(
    request: web.Request, parts: Sequence[bytes], *, status: int, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Send a response, or give it to be sent where it has but one part."""
    if len(parts) == 1:
        return web.Response(body=parts[0], status=status, headers=headers)
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = sum(map(len, parts))
    # Whoever has gone misses nothing.
    with suppress(ConnectionError):
        await response.prepare(request)
        for part in parts:
            await turn()
            await response.write(part)
        await response.write_eof()
    return response
