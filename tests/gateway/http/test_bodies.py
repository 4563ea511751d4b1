"""Large answers: the same bytes as small ones, written in pieces, and gone when they are."""

import asyncio
from typing import Any

import orjson
import pytest

from gateway.http.bodies import OBJECTS_AT_ONCE, body_of

PAYLOADS: list[dict[str, Any]] = [
    {"data": {"a": {"nodes": [{"名": "é"}]}, "b": None}},
    {"data": {}, "extensions": {"cost": 1}},
    {"data": {"a": 1}, "errors": [{"message": "no"}], "extensions": {}},
    {"data": None, "errors": []},
    {"errors": [{"message": "no"}]},
]


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_a_large_answer_reads_as_a_small_one(payload: dict[str, Any]) -> None:
    whole = orjson.dumps(payload)

    small = await body_of(dict(payload), objects=OBJECTS_AT_ONCE)
    large = await body_of(orjson.loads(whole), objects=OBJECTS_AT_ONCE + 1)

    assert small == [whole]
    assert b"".join(large) == whole


async def test_others_have_their_turn_between_the_fields_of_a_large_answer() -> None:
    seen: list[int] = []
    # Each takes longer to write than a turn may last.
    data = {f"f{number}": list(range(2_000_000)) for number in range(4)}

    async def look() -> None:
        while data:
            seen.append(len(data))
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    await body_of({"data": data}, objects=OBJECTS_AT_ONCE + 1)
    await looking

    # What is written is let go.
    assert seen == sorted(seen, reverse=True)
    assert len(seen) >= 3
