"""What a reader gets of a thing: the fields asked for, from no more columns than they need.

A slice declares once how each field of its message is made of columns. A read mask (AIP-157)
chooses among them: which columns the query selects, and a function that was generated for just
these fields and turns a row straight into what a message is made of.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import Select

from services.kit.errors import InvalidArgument
from services.kit.reading import ReadingSession

M = TypeVar("M", bound=Message)

# Clients send few different masks; whoever sends many gets them generated again.
CHOSEN_MAX: Final = 512


class Field:
    """How one field is made: of its columns' values, converted, or as they are."""

    def __init__(
        self, convert: Callable[..., Any] | None = None, *columns: str, timed: bool = False
    ) -> None:
        """Take the conversion and its columns: by default the one of the field's name.

        A timed conversion gets the time of the call as its last argument.
        """
        self.convert = convert
        self.columns = columns
        self.timed = timed


class Chosen(Generic[M]):
    """Some fields of a message: the columns to select, in order, and how a row becomes one."""

    def __init__(self, message: type[M], fields: Mapping[str, Field]) -> None:
        self.fields = tuple(fields)
        self.columns: tuple[str, ...] = tuple(
            dict.fromkeys(column for field in fields.values() for column in field.columns)
        )
        self._message = message
        self._parts = _generate(fields, self.columns)

    def message(self, row: Sequence[Any], *, now: datetime) -> M:
        """Make the message of a row that begins with the chosen columns."""
        return self._message(**self._parts(row, now))

    def messages(self, rows: Iterable[Sequence[Any]], *, now: datetime) -> list[M]:
        return [self.message(row, now=now) for row in rows]

    def parts(self, rows: Iterable[Sequence[Any]], *, now: datetime) -> list[Any]:
        """Give the messages of rows as their fields.

        A response is made of these as well; of messages it would make copies.
        """
        parts = self._parts
        return [parts(row, now) for row in rows]

    def message_of(self, thing: object, *, now: datetime) -> M:
        """Make the message of an object that has the chosen columns as attributes."""
        return self.message([getattr(thing, column) for column in self.columns], now=now)


class Fields(Generic[M]):
    """All fields of a message, as a slice declares them.

    :raises TypeError: where the declaration and the message do not have the same fields.
    """

    def __init__(self, message: type[M], **fields: Field) -> None:
        differing = fields.keys() ^ message.DESCRIPTOR.fields_by_name.keys()
        if differing:
            raise TypeError(f"{message.DESCRIPTOR.full_name}: {', '.join(sorted(differing))}")
        for name, field in fields.items():
            field.columns = field.columns or (name,)
        self._message = message
        self._fields = fields
        self._known: dict[tuple[str, ...], Chosen[M]] = {}
        self.everything: Final = Chosen(message, fields)

    def chosen(self, mask: FieldMask) -> Chosen[M]:
        """Choose what a read mask names, or everything where it is empty or a star.

        :raises InvalidArgument: where it names what is no field.
        """
        paths = tuple(mask.paths)
        if not paths or paths == ("*",):
            return self.everything
        known = self._known.get(paths)
        if known is None:
            known = self._choose(paths)
            if len(self._known) >= CHOSEN_MAX:
                self._known.clear()
            self._known[paths] = known
        return known

    def _choose(self, paths: tuple[str, ...]) -> Chosen[M]:
        for index, path in enumerate(paths):
            if path not in self._fields:
                raise InvalidArgument("names no field", field=f"read_mask.paths[{index}]")
        return Chosen(
            self._message,
            {name: field for name, field in self._fields.items() if name in paths},
        )


def selected(model: Any, columns: Iterable[str], **computed: Any) -> list[Any]:
    """Give the expressions to select for chosen columns: the model's own, or computed ones."""
    return [
        computed[name].label(name) if name in computed else getattr(model, name) for name in columns
    ]


async def fetch(session: AsyncSession, statement: Select[Any]) -> Sequence[Any]:
    """Run a read and give its rows, by position."""
    if isinstance(session, ReadingSession):
        return await session.fetch(statement)
    rows: Sequence[Any] = (await session.execute(statement)).all()
    return rows


def place(row: Sequence[Any], *, keys: int = 1) -> tuple[Sequence[Any], Any]:
    """Give the place in a list of a row that ends with so many sort values and its id."""
    return row[-1 - keys : -1], row[-1]


def _generate(
    fields: Mapping[str, Field], columns: Sequence[str]
) -> Callable[[Sequence[Any], datetime], dict[str, Any]]:
    """Write and compile the function from a row to the fields, whose names the contract gives."""
    at = {column: index for index, column in enumerate(columns)}
    parts: list[str] = []
    names: dict[str, Any] = {}
    for name, field in fields.items():
        values = ", ".join(f"row[{at[column]}]" for column in field.columns)
        if field.timed:
            values += ", now"
        if field.convert is not None:
            names[f"to_{name}"] = field.convert
            values = f"to_{name}({values})"
        parts.append(f"{name!r}: {values}")
    source = f"lambda row, now: {{{', '.join(parts)}}}"
    made: Callable[[Sequence[Any], datetime], dict[str, Any]] = eval(source, names)  # noqa: S307 - our own source
    return made
