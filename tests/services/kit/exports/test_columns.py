"""Cells of exports: what a spreadsheet could take for a formula is harmless, numbers stay so."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.exports import csv_lines
from services.kit.exports.columns import (
    EMAIL,
    LEADERS,
    MOBILE,
    NAME,
    NUMBER,
    TEXT,
    Column,
    harmless,
    identity,
    maker,
    names_of,
)
from services.kit.ids import new_id, to_text

# PostgreSQL keeps no NUL, and UTF-8 no halves of pairs.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
ANY = st.one_of(TEXTS, st.builds("{}{}".format, st.sampled_from(sorted(LEADERS - {"\0"})), TEXTS))
COLUMNS = [Column("First", "first", TEXT), Column("Second", "second", TEXT)]


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@pytest.mark.parametrize("leader", sorted(LEADERS))
def test_a_text_that_begins_like_a_formula_is_made_harmless(leader: str) -> None:
    assert harmless(f"{leader}1+1") == f"'{leader}1+1"


@given(st.lists(st.tuples(ANY, ANY), min_size=1))
def test_every_cell_is_read_again_and_none_begins_like_a_formula(
    rows: list[tuple[str, str]],
) -> None:
    cells = read(csv_lines.lines(rows, make=maker(COLUMNS)))

    assert not [cell for row in cells for cell in row if cell[:1] in LEADERS and cell]
    assert [[_said(cell) for cell in row] for row in cells] == [
        [_said(cell) for cell in row] for row in rows
    ]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=15))
def test_a_number_stays_a_number(number: object) -> None:
    line = csv_lines.lines([(f"{number:f}",)], make=maker([Column("Amount", "a", NUMBER)]))

    assert line == f"{number:f}\r\n".encode()


def test_what_is_missing_is_an_empty_cell() -> None:
    make = maker([*COLUMNS, Column("Customer", "c", identity("cus")), Column("Name", "n", NAME)])

    assert csv_lines.lines([(None, "", None, None)], make=make) == b",,,\r\n"


def test_personal_data_is_masked() -> None:
    make = maker([Column("N", "n", NAME), Column("E", "e", EMAIL), Column("M", "m", MOBILE)])

    assert make(("Orchid Ltd", "ann@orchid.example", "13912345678")) == (
        "O***",
        "a***@orchid.example",
        "139***5678",
    )


def test_a_mask_can_not_bring_a_formula_to_light() -> None:
    make = maker([Column("N", "n", NAME), Column("M", "m", MOBILE)])

    assert make(("=cmd", "+49123456789")) == ("'=***", "'+49***6789")


def test_ids_are_written_as_everywhere() -> None:
    customer = new_id()

    assert maker([Column("Customer", "c", identity("cus"))])((customer,)) == (
        to_text("cus", customer),
    )


def test_a_column_of_the_list_is_selected_once() -> None:
    assert names_of([*COLUMNS, Column("Again", "first", NUMBER)]) == ("first", "second")


def _said(cell: str) -> str:
    return cell.removeprefix("'")
