"""Chance that is the same each time: numbers and choices as pure functions of what they are for."""

from hashlib import blake2b
from random import Random


def number(*parts: object) -> int:
    """Give a large number for these parts, the same in every process."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest())


def happens(percent: int, *parts: object) -> bool:
    """Tell whether something happens that does in so many of 100 cases."""
    return number(*parts) % 100 < percent


def dice(*parts: object) -> Random:
    """Give dice for these parts."""
    return Random(number(*parts))  # noqa: S311 - made-up data, no secret
