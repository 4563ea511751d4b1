"""Keys asked for at once, in as many calls as the contract's bound on a batch makes of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Ask = Callable[[list[str]], Awaitable[dict[str, Any]]]
"""Ask for some keys in one call, and give what was found of them."""


class PartlyFailed(Exception):
    """What came of keys: values, and exceptions for those that failed."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__("failed for some keys")
        self.result = result


async def asked(
    ask: Ask,
    keys: list[str],
    size: int,
    result: dict[str, Any],
) -> dict[str, Any]:
    """Ask for as many keys at once as the contract allows, for all of them at the same time.

    What is not found is known to be missing.
    """
    if len(keys) > size:
        return await _in_chunks(ask, keys, size, result)
    try:
        found = await ask(keys)
    except Exception as error:
        result.update(dict.fromkeys(keys, error))
        raise PartlyFailed(result) from error
    result.update(found)
    if len(found) < len(keys):
        for key in keys:
            result.setdefault(key, None)
    return result


async def _in_chunks(
    ask: Ask,
    keys: list[str],
    size: int,
    result: dict[str, Any],
) -> dict[str, Any]:
    chunks = [keys[start : start + size] for start in range(0, len(keys), size)]
    ends = await asyncio.gather(
        *(asked(ask, chunk, size, result) for chunk in chunks), return_exceptions=True
    )
    for end in ends:
        if isinstance(end, BaseException):
            raise end
    return result
