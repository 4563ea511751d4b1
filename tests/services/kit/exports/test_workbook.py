"""Workbooks: texts that can be no formula, numbers with all their digits, sheets without end."""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.exports import csv_lines, workbook
from services.kit.exports.columns import NUMBER, TEXT, Column, maker
from services.kit.exports.workbook import Workbook, is_exact

COLUMNS = [Column("Name & more", "name", TEXT), Column("Amount", "amount", NUMBER)]
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

Row = tuple[str | None, str | None]


def write(folder: Path, *parts: Sequence[Row]) -> Path:
    book = Workbook(folder / "file.xlsx", columns=COLUMNS)
    for rows in parts:
        part = folder / "part.csv"
        part.write_bytes(csv_lines.lines(rows, make=maker(COLUMNS)))
        book.add_part(part)
    book.close()
    return folder / "file.xlsx"


def sheets(path: Path) -> list[list[list[tuple[str, str]]]]:
    """Read all sheets: the kind and the text of each cell of each row."""
    with ZipFile(path) as file:
        names = sorted(name for name in file.namelist() if "worksheets/" in name)
        roots = [ET.fromstring(file.read(name)) for name in names]  # noqa: S314 - our own file
    return [[[_cell(cell) for cell in row] for row in root.iter(f"{MAIN}row")] for root in roots]


def _cell(cell: ET.Element) -> tuple[str, str]:
    text = "".join(cell.itertext())
    return cell.get("t", "n" if text else ""), re.sub(
        r"_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text
    )


def test_a_workbook_holds_the_titles_and_the_rows_of_all_parts(tmp_path: Path) -> None:
    path = write(tmp_path, [("Orchid", "-12.30")], [("=1+1", None)])

    assert sheets(path) == [
        [
            [("inlineStr", "Name & more"), ("inlineStr", "Amount")],
            [("inlineStr", "Orchid"), ("n", "-12.30")],
            [("inlineStr", "'=1+1")],
        ]
    ]


@pytest.mark.parametrize("text", ["<r><t>Jade</t></r>", "<r></sheetData></r>", "{=1+1}"])
def test_no_text_is_taken_for_more_than_a_text(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, [(text, None)])

    [_, [(kind, read)]] = sheets(path)[0]
    assert (kind, read.removeprefix("'")) == ("inlineStr", text)


def test_a_link_is_a_text(tmp_path: Path) -> None:
    path = write(tmp_path, [("https://orchid.example", None)])

    with ZipFile(path) as file:
        assert not [name for name in file.namelist() if "worksheets/_rels" in name]


def test_equal_rows_give_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    first = write(tmp_path / "a", [("Orchid", "1")])
    later = time.time() + 90
    monkeypatch.setattr(time, "time", lambda: later)
    second = write(tmp_path / "b", [("Orchid", "1")])

    assert first.read_bytes() == second.read_bytes()


def test_a_full_sheet_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "SHEET_ROWS_MAX", 3)

    path = write(tmp_path, [("a", "1"), ("b", "2"), ("c", "3")])

    titles = [("inlineStr", "Name & more"), ("inlineStr", "Amount")]
    assert [sheet[0] for sheet in sheets(path)] == [titles, titles]
    assert [len(sheet) for sheet in sheets(path)] == [3, 2]


def test_a_number_that_would_be_rounded_is_a_text() -> None:
    assert is_exact("-0.000000801230000")
    assert is_exact("100000000000000000000")
    assert not is_exact("1.500000000000001")
    assert not is_exact("-1234567890123456")


def test_a_text_that_is_too_long_for_a_cell_is_cut_visibly(tmp_path: Path) -> None:
    path = write(tmp_path, [("x" * 40_000, None)])

    [_, [(_, text)]] = sheets(path)[0]
    assert (len(text), text[-1]) == (32_767, "…")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_every_text_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = write(tmp_path_factory.mktemp("book"), [(text, "1")])

    [_, [(kind, read), _]] = sheets(path)[0]
    assert (kind, read.removeprefix("'")) == ("inlineStr", text.removeprefix("'"))
