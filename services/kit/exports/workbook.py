"""A workbook made of the parts of an export, in constant memory however many rows there are."""

import csv
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from services.kit.exports.columns import Column

# What spreadsheets take: 2^20 rows of a sheet, the titles among them; characters of a cell.
SHEET_ROWS_MAX: Final = 1_000_000
CELL_LENGTH_MAX: Final = 32_767
# Spreadsheets count in binary fractions; beyond so many digits they would round.
DIGITS_MAX: Final = 15


class Workbook:
    """A workbook in the making; with `close` the file is whole."""

    def __init__(self, path: Path, *, columns: Sequence[Column], create_time: datetime) -> None:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
            "tmpdir": str(path.parent),
        }
        self._book = xlsxwriter.Workbook(str(path), options)
        # The same export gives the same bytes whenever its workbook is made.
        self._book.set_properties({"created": create_time.replace(tzinfo=None)})
        self._titles = [column.title for column in columns]
        self._is_number = [column.cell.is_number for column in columns]
        self._begin_sheet()

    def add_part(self, path: Path) -> None:
        """Add the rows of a part, a CSV file without titles."""
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                if self._row > SHEET_ROWS_MAX:
                    self._begin_sheet()
                self._add(row)

    def close(self) -> None:
        self._book.close()

    def _begin_sheet(self) -> None:
        self._sheet: Any = self._book.add_worksheet()
        self._row = 0
        self._sheet.write_row(0, 0, self._titles)
        self._row = 1

    def _add(self, row: Sequence[str]) -> None:
        sheet, number = self._sheet, self._row
        for place, (cell, is_number) in enumerate(zip(row, self._is_number, strict=True)):
            if not cell:
                continue
            if is_number and is_exact(cell):
                sheet.write_number(number, place, Decimal(cell))
            else:
                sheet.write_string(number, place, _cut(cell))
        self._row += 1


def is_exact(number: str) -> bool:
    """Tell whether a spreadsheet would show all digits of a number."""
    return len(number.strip("-0").replace(".", "")) <= DIGITS_MAX


def _cut(text: str) -> str:
    return text if len(text) <= CELL_LENGTH_MAX else text[: CELL_LENGTH_MAX - 1] + "…"
