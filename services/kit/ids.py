"""Ids: UUIDv7 in the database, TypeID text everywhere else."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from services.kit.errors import InvalidArgument

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
# Ten bits are two characters, so 130 bits are thirteen look-ups instead of twenty-six.
_PAIRS: Final = [first + second for first in ALPHABET for second in ALPHABET]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOW: Final = (1 << 60) - 1
# Python reads base 32 with the digits 0-9 and a-v.
_TO_PYTHON: Final = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")
# 26 characters carry 130 bits; the first may not use more than the three that remain of 128.
_SUFFIX: Final = re.compile(rf"[0-7][{ALPHABET}]{{25}}")


def new_id() -> UUID:
    """Make an id that sorts by its time of birth."""
    return uuid7()


def first_of(time: datetime) -> UUID:
    """Give the least id that can be made at a time; all made before it are less."""
    milliseconds = (time - _EPOCH) // timedelta(milliseconds=1)
    return UUID(int=milliseconds << 80)


def to_text(prefix: str, value: UUID) -> str:
    number = value.int
    high, low = number >> 60, number & _LOW
    pairs = _PAIRS
    # Written out: a loop over the pairs takes half as long again.
    return (
        f"{prefix}_{pairs[high >> 60]}{pairs[high >> 50 & 1023]}{pairs[high >> 40 & 1023]}"
        f"{pairs[high >> 30 & 1023]}{pairs[high >> 20 & 1023]}{pairs[high >> 10 & 1023]}"
        f"{pairs[high & 1023]}{pairs[low >> 50]}{pairs[low >> 40 & 1023]}"
        f"{pairs[low >> 30 & 1023]}{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}"
        f"{pairs[low & 1023]}"
    )


def from_text(prefix: str, text: str, *, field: str) -> UUID:
    """Read an id of the kind that the prefix names.

    :raises InvalidArgument: where the text is none; the message is the same for every wrong text.
    """
    refuse_wrong(prefix, text, field=field)
    return UUID(int=int(text[len(prefix) + 1 :].translate(_TO_PYTHON), 32))


def looks_like_id(text: str) -> bool:
    """Tell whether a text has the form of an id, of whatever kind."""
    head, _, suffix = text.rpartition("_")
    return head.isalpha() and _SUFFIX.fullmatch(suffix) is not None


def refuse_wrong(prefix: str, text: str, *, field: str) -> None:
    """Look at an id without reading it.

    :raises InvalidArgument: where the text is none of the kind; the message is always the same.
    """
    head, _, suffix = text.rpartition("_")
    if head != prefix or _SUFFIX.fullmatch(suffix) is None:
        raise InvalidArgument(f"must be an id like {prefix}_…", field=field)


def many_from_text(prefix: str, texts: Iterable[str], *, field: str, at_most: int) -> list[UUID]:
    """Read ids in the order given, each once.

    :raises InvalidArgument: where there is none, too many, or one is malformed ("ids[3]").
    """
    given = list(texts)
    if not given:
        raise InvalidArgument("must name at least one id", field=field)
    if len(given) > at_most:
        raise InvalidArgument(f"must name at most {at_most} ids", field=field)
    found = {
        from_text(prefix, text, field=f"{field}[{index}]"): None for index, text in enumerate(given)
    }
    return list(found)
