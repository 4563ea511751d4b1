"""The columns of an export: what SQL makes of a value, and what of it stands in the file.

The database writes numbers and times as text, for it does so many times faster than Python;
a function that is generated for just these columns does the rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Numeric,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    select,
)

from services.kit import ids
from services.kit.masking import mask_email, mask_mobile, mask_name

# With what a spreadsheet takes a cell for a formula, and the wide forms that it takes for these.
LEADERS: Final = frozenset("=+-@\t\r\0＝＋－＠")  # noqa: RUF001 - the wide forms are meant
# Customers and partners come again and again.
IDS_MAX: Final = 4096

Cells = tuple[str | None, ...]


@dataclass(frozen=True)
class Cell:
    """How the values of a column are written: made to text in SQL, then changed in Python."""

    in_sql: Callable[..., ColumnElement[Any]] | None = None
    in_python: Callable[[Any], str | None] | None = None
    is_number: bool = False


@dataclass(frozen=True)
class Column:
    """One column of the file: its title, which column of the list it shows, and how."""

    title: str
    name: str
    cell: Cell
    # What else of the list the cell is made of in SQL.
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.others)


def harmless(text: str | None) -> str | None:
    """Keep a spreadsheet from taking a text for a formula."""
    return "'" + text if text and text[0] in LEADERS else text


def identity(prefix: str) -> Cell:
    """Show the id of another thing as everywhere."""
    to_text = lru_cache(maxsize=IDS_MAX)(partial(ids.to_text, prefix))
    return Cell(in_python=lambda value: None if value is None else to_text(value))


def own_identity(prefix: str) -> Cell:
    """Show the id of the row itself, which comes once."""
    return Cell(in_python=partial(ids.to_text, prefix))


def _masked(mask: Callable[[str | None], str | None]) -> Cell:
    return Cell(in_python=lambda text: harmless(mask(text)))


def _formed(form: str) -> Cell:
    return Cell(in_sql=lambda column: func.to_char(column, form))


def _whole(units: Any, unit: Any) -> ColumnElement[Any]:
    exponent = cast(func.split_part(unit, "/", 2), Integer)
    # Times, for a division would round.
    return _trimmed(cast(units, Numeric) * func.power(cast(10, Numeric), -exponent))


def _trimmed(number: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.trim_scale(number), Text)


# What people or other systems wrote; nothing else can do harm.
TEXT: Final = Cell(in_python=harmless)
SEVERAL: Final = Cell(in_sql=lambda column: func.array_to_string(column, ", "), in_python=harmless)
# One of our own words, or something that looks like one.
WORD: Final = Cell()
NAME: Final = _masked(mask_name)
MOBILE: Final = _masked(mask_mobile)
EMAIL: Final = _masked(mask_email)
NUMBER: Final = Cell(in_sql=lambda column: _trimmed(cast(column, Numeric)), is_number=True)
# Minor units of the ledger, as hundredths (`CNY/2`).
HUNDREDTHS: Final = Cell(
    in_sql=lambda column: _trimmed(cast(column, Numeric) * literal(Decimal("0.01"))),
    is_number=True,
)
# Minor units of the ledger, whatever their unit is (`JPY/0`), which is the other column.
UNITS: Final = Cell(in_sql=_whole, is_number=True)
FLAG: Final = Cell(in_sql=lambda column: case((column, "yes"), else_="no"))
TIME: Final = Cell(
    in_sql=lambda column: func.to_char(func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
)
DAY: Final = _formed("YYYY-MM-DD")
MONTH: Final = _formed("YYYY-MM")


def names_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """Name what the list has to select, each once."""
    return tuple(dict.fromkeys(name for column in columns for name in column.names))


def written(listed: Select[Any], columns: Sequence[Column]) -> Select[Any]:
    """Let the database write the rows of a list as the columns of the file.

    Behind them stands what the list gave behind its own: the row's place.
    """
    names = names_of(columns)
    # A subquery keeps its order as long as nothing is joined to it.
    given = list(listed.subquery("listed").c)
    by_name = dict(zip(names, given, strict=False))
    shown = [
        by_name[column.name]
        if column.cell.in_sql is None
        else column.cell.in_sql(*(by_name[name] for name in column.names))
        for column in columns
    ]
    return select(*shown, *given[len(names) :])


def maker(columns: Sequence[Column]) -> Callable[[Sequence[Any]], Cells]:
    """Generate the function that makes a row of `written` into the cells of the file."""
    parts: list[str] = []
    names: dict[str, Any] = {}
    for number, column in enumerate(columns):
        value = f"row[{number}]"
        if column.cell.in_python is not None:
            names[f"write_{number}"] = column.cell.in_python
            value = f"write_{number}({value})"
        parts.append(value)
    source = f"lambda row: ({', '.join(parts)},)"
    made: Callable[[Sequence[Any]], Cells] = eval(source, names)  # noqa: S307 - our own source
    return made
