"""A workbook (Office Open XML) made of the parts of an export, in constant memory.

Written by hand because it is the slowest step: a library that formats cells takes ten times as
long for sheets that have no formats. Texts are inline strings, so that none can be a formula.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Final
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from services.kit.exports.columns import Column

# What spreadsheets take: 2^20 rows of a sheet, the titles among them; characters of a cell.
SHEET_ROWS_MAX: Final = 1_000_000
CELL_LENGTH_MAX: Final = 32_767
# Spreadsheets count in binary fractions; beyond so many digits they would round.
DIGITS_MAX: Final = 15
ROWS_AT_ONCE: Final = 500
# Files shrink to a tenth by the quickest way, and by the best one not much further.
COMPRESSION: Final = 1

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_MEDIA: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# What XML can not say, and what would be read as the way to say it.
_UNSAYABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class Workbook:
    """A workbook in the making; with `close` the file is whole."""

    def __init__(self, path: Path, *, columns: Sequence[Column]) -> None:
        self._file = ZipFile(path, "w", ZIP_DEFLATED, compresslevel=COMPRESSION)
        self._titles = [column.title for column in columns]
        self._is_number = [column.cell.is_number for column in columns]
        self._sheet_count = 0
        self._begin_sheet()

    def add_part(self, path: Path) -> None:
        """Add the rows of a part, a CSV file without titles."""
        with path.open(encoding="utf-8", newline="") as file:
            waiting: list[str] = []
            for row in csv.reader(file):
                if self._room == 0:
                    self._write(waiting)
                    self._end_sheet()
                    self._begin_sheet()
                waiting.append(self._row(row))
                self._room -= 1
                if len(waiting) >= ROWS_AT_ONCE:
                    self._write(waiting)
            self._write(waiting)

    def close(self) -> None:
        self._end_sheet()
        for name, text in _surroundings(self._sheet_count).items():
            self._file.writestr(_entry(name), _XML + text)
        self._file.close()

    def _begin_sheet(self) -> None:
        self._sheet_count += 1
        self._room = SHEET_ROWS_MAX
        entry = _entry(f"xl/worksheets/sheet{self._sheet_count}.xml")
        self._sheet: IO[bytes] = self._file.open(entry, "w", force_zip64=True)
        titles = "".join(map(_text, self._titles))
        self._write([f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData><row>{titles}</row>'])

    def _end_sheet(self) -> None:
        self._write(["</sheetData></worksheet>"])
        self._sheet.close()

    def _row(self, cells: Iterable[str]) -> str:
        written = [
            "<c/>"
            if not cell
            else f"<c><v>{cell}</v></c>"
            if is_number and is_exact(cell)
            else _text(cell)
            for cell, is_number in zip(cells, self._is_number, strict=True)
        ]
        return f"<row>{''.join(written)}</row>"

    def _write(self, waiting: list[str]) -> None:
        self._sheet.write("".join(waiting).encode())
        waiting.clear()


def is_exact(number: str) -> bool:
    """Tell whether a spreadsheet shows all digits of a number."""
    return len(number) <= DIGITS_MAX or len(number.replace(".", "").strip("-0")) <= DIGITS_MAX


def _text(text: str) -> str:
    if len(text) > CELL_LENGTH_MAX:
        text = text[: CELL_LENGTH_MAX - 1] + "…"
    if _UNSAYABLE.search(text):
        text = _UNSAYABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


def _entry(name: str) -> ZipInfo:
    """Name a file inside; without a time of its own, so that equal rows give equal bytes."""
    entry = ZipInfo(name)
    entry.compress_type = ZIP_DEFLATED
    entry._compresslevel = COMPRESSION  # type: ignore[attr-defined]  # noqa: SLF001
    return entry


def _surroundings(sheet_count: int) -> dict[str, str]:
    """Give what holds the sheets together."""
    numbers = range(1, sheet_count + 1)
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml"'
        f' ContentType="{_MEDIA}.worksheet+xml"/>'
        for number in numbers
    )
    sheets = "".join(
        f'<sheet name="Sheet{number}" sheetId="{number}" r:id="rId{number}"/>' for number in numbers
    )
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet"'
        f' Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    return {
        "[Content_Types].xml": (
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_MEDIA}.sheet.main+xml"/>'
            f"{parts}</Types>"
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
            f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>'
        ),
    }
