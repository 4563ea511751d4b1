"""A workbook (Office Open XML) made of the parts of an export, in constant memory."""

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import xlsxwriter

from services.kit.exports.columns import Column

# What spreadsheets take: rows of a sheet, the titles among them; characters of a cell.
SHEET_ROWS_MAX: Final = 1_048_576
CELL_LENGTH_MAX: Final = 32_767
# Spreadsheets count in binary fractions; beyond so many digits they would round.
DIGITS_MAX: Final = 15
# The time stands in the file, and equal rows give equal bytes.
CREATE_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Workbook:
    """A workbook in the making; with `close` the file is whole.

    What is not a number is written as a text, whatever it looks like: there are no formulas
    and no links. The sheets grow in files beside it.
    """

    def __init__(self, path: Path, *, columns: Sequence[Column]) -> None:
        self._book = xlsxwriter.Workbook(
            path, {"constant_memory": True, "tmpdir": str(path.parent), "use_zip64": True}
        )
        self._book.set_properties({"created": CREATE_TIME})
        self._titles = [column.title for column in columns]
        self._is_number = [column.cell.is_number for column in columns]
        self._begin_sheet()

    def add_part(self, path: Path) -> None:
        """Add the rows of a part, a CSV file without titles."""
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                if self._row_count == SHEET_ROWS_MAX:
                    self._begin_sheet()
                self._write(row)

    def close(self) -> None:
        self._book.close()

    def _begin_sheet(self) -> None:
        self._sheet = self._book.add_worksheet()
        for column, title in enumerate(self._titles):
            self._sheet.write_string(0, column, title)
        self._row_count = 1

    def _write(self, cells: Iterable[str]) -> None:
        for column, (cell, is_number) in enumerate(zip(cells, self._is_number, strict=True)):
            if not cell:
                continue
            if is_number and is_exact(cell):
                self._sheet.write_number(self._row_count, column, Decimal(cell))
            else:
                self._sheet.write_string(self._row_count, column, _text(cell))
        self._row_count += 1


def is_exact(number: str) -> bool:
    """Tell whether a spreadsheet shows all digits of a number."""
    return len(number) <= DIGITS_MAX or len(number.replace(".", "").strip("-0")) <= DIGITS_MAX


def _text(text: str) -> str:
    if len(text) > CELL_LENGTH_MAX:
        text = text[: CELL_LENGTH_MAX - 1] + "…"
    # The library would take it for XML of its own making.
    return f"'{text}" if text.startswith("<r>") else text
