"""The lines of a CSV file, as of RFC 4180 and as spreadsheets open it."""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any, Final

from services.kit.exports.columns import Cells, Column

# Without it, spreadsheets take UTF-8 for the code page of the country.
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
LINE_END: Final = "\r\n"


def opening(columns: Sequence[Column]) -> bytes:
    """Give what the file begins with: the byte order mark and the titles."""
    return BYTE_ORDER_MARK + _lines([tuple(column.title for column in columns)])


def lines(rows: Sequence[Sequence[Any]], *, make: Callable[[Sequence[Any]], Cells]) -> bytes:
    """Write rows as the database gave them."""
    return _lines(map(make, rows))


def _lines(rows: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=LINE_END).writerows(rows)
    return text.getvalue().encode()
