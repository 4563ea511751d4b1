"""How servicers write times, words and ids to the wire, and read them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.money import decimal_text

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SECONDS_OF_DAY: Final = 86_400


class Words:
    """The values of one enum of the contract, as words in the database and numbers on the wire."""

    def __init__(self, enum: Any, *, prefix: str) -> None:
        self._words: dict[int, str] = {
            number: name.removeprefix(prefix) for name, number in enum.items() if number
        }
        self._numbers: dict[str | None, Any] = {
            word: number for number, word in self._words.items()
        } | {None: 0}

    def number(self, word: str | None) -> Any:
        """Give the number on the wire; 0, unspecified, for None."""
        return self._numbers[word]

    def word(self, number: int) -> str | None:
        """Give the word in the database; None for unspecified."""
        return self._words.get(number)

    def required_word(self, number: int, *, field: str) -> str:
        """Give the word in the database.

        :raises InvalidArgument: for unspecified.
        """
        word = self._words.get(number)
        if word is None:
            raise InvalidArgument("must be given", field=field)
        return word

    def required_words(self, numbers: Iterable[int], *, field: str) -> list[str]:
        """Give the words in the database.

        :raises InvalidArgument: naming the element that is unspecified.
        """
        return [
            self.required_word(number, field=f"{field}[{index}]")
            for index, number in enumerate(numbers)
        ]


def time_parts(time: datetime | None) -> dict[str, int] | None:
    """Give a time as the fields of a Timestamp, or None where there is none.

    A message's constructor takes these as they are; it would copy a message of its own.
    """
    if time is None:
        return None
    if time.tzinfo is None:
        # The first and the last of times: to the driver they are infinite, and have no zone.
        time = time.replace(tzinfo=UTC)
    # In whole numbers: a float would lose microseconds, and takes longer.
    since = time - EPOCH
    return {
        "seconds": since.days * SECONDS_OF_DAY + since.seconds,
        "nanos": since.microseconds * 1000,
    }


def to_timestamp(time: datetime | None) -> Timestamp | None:
    parts = time_parts(time)
    return None if parts is None else Timestamp(**parts)


def to_time(message: Message, field: str) -> datetime | None:
    """Read a time, or None where it is unset."""
    if not message.HasField(field):
        return None
    time: datetime = getattr(message, field).ToDatetime(tzinfo=UTC)
    return time


def to_text(message: Message, field: str) -> str | None:
    """Read an optional text, or None where it is unset."""
    return getattr(message, field) if message.HasField(field) else None


def to_id(message: Message, field: str, prefix: str, *, path: str = "") -> UUID | None:
    """Read an optional id, or None where it is unset.

    :raises InvalidArgument: where it is malformed; path leads to the message, "filter".
    """
    text = to_text(message, field)
    where = f"{path}.{field}" if path else field
    return None if text is None else ids.from_text(prefix, text, field=where)


def to_ids(prefix: str, texts: Sequence[str], *, field: str, at_most: int) -> list[UUID]:
    """Read ids of a filter, each once; naming none narrows nothing.

    :raises InvalidArgument: where there are too many or one is malformed.
    """
    return ids.many_from_text(prefix, texts, field=field, at_most=at_most) if texts else []


def id_text(prefix: str, value: UUID | None) -> str | None:
    """Write an id, or None where there is none."""
    return None if value is None else ids.to_text(prefix, value)


def to_time_range(message: Message, name: str) -> tuple[datetime | None, datetime | None]:
    """Read `<name>_from` and `<name>_to` of a filter.

    :raises InvalidArgument: where the range ends before it begins.
    """
    begin, end = to_time(message, f"{name}_from"), to_time(message, f"{name}_to")
    if begin is not None and end is not None and end < begin:
        raise InvalidArgument("must not be before the range begins", field=f"filter.{name}_to")
    return begin, end


def money_parts(amount: Decimal | None, currency_code: str) -> dict[str, str] | None:
    """Give an amount as the fields of a Money, or None where there is none."""
    if amount is None:
        return None
    return {"amount": decimal_text(amount), "currency_code": currency_code}


def decimal_parts(value: Decimal | None) -> dict[str, str] | None:
    """Give a number as the field of a Decimal, or None where there is none."""
    return None if value is None else {"value": decimal_text(value)}
