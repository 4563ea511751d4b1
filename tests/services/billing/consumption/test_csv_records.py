"""CSV in pieces: the same records as the csv module gives, each with its line."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.billing.consumption.csv_records import (
    LINE_LENGTH_MAX,
    RECORD_LINES_MAX,
    CsvRecords,
    FileNotReadable,
    Record,
)

CELL = st.text(st.sampled_from('a",;\n \té中'), max_size=6)
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6)
)


def read(data: bytes, *, piece_bytes: int = 7) -> list[Record]:
    records = CsvRecords()
    found = []
    for start in range(0, len(data), piece_bytes):
        found += records.feed(data[start : start + piece_bytes])
    return found + list(records.feed(b"", is_last=True))


def cells(data: bytes) -> list[list[str]]:
    return [record.cells for record in read(data) if not record.flaw]


@given(TABLES, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.integers(1, 40))
# Python 3.11.2 took the quote that opens the second cell for one that closes.
@example([["", "\n"]], csv.QUOTE_ALL, 1)
def test_what_was_written_is_read_whatever_the_pieces(
    table: list[list[str]], quoting: int, piece_bytes: int
) -> None:
    text = io.StringIO(newline="")
    header = [f"column{number}" for number in range(len(table[0]))]
    csv.writer(text, quoting=quoting).writerows([header, *table])

    found = read(text.getvalue().encode(), piece_bytes=piece_bytes)

    assert [record.cells for record in found] == [header, *table]
    assert not any(record.flaw for record in found)


def test_lines_are_counted_through_quoted_newlines_and_blank_lines() -> None:
    found = read(b'a,b\r\n"1\n1",2\r\n\r\n3,4\r\n')

    assert [(record.line, record.cells) for record in found] == [
        (1, ["a", "b"]),
        (2, ["1\n1", "2"]),
        (5, ["3", "4"]),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_headers(delimiter: str) -> None:
    data = delimiter.join(["a", '"b"', "c"]) + "\n" + delimiter.join(["1", "2", "3"])

    assert cells(data.encode()) == [["a", "b", "c"], ["1", "2", "3"]]


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert cells("\ufeffa,b\n1,2".encode()) == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize(
    "broken",
    [
        b'a,b\n"1,2\n3,4\n5,6\n',
        b'a,b\n"1,2\n"3",4\n"5","6"\n',
        b'a,b\n"1\n"x,2\n3,4\n5,6\n',
    ],
)
def test_a_quote_that_is_not_closed_costs_no_good_line(broken: bytes) -> None:
    found = read(broken)

    assert found[1].line == 2
    assert found[1].flaw
    assert [record.cells for record in found][-2:] == [["3", "4"], ["5", "6"]]
    assert not any(record.flaw for record in found[-2:])


def test_a_quote_open_to_the_end_of_a_long_file_costs_one_line() -> None:
    lines = [f"{number},x" for number in range(3 * RECORD_LINES_MAX)]

    found = read("\n".join(["a,b", '"open,x', *lines]).encode(), piece_bytes=4096)

    assert [record.line for record in found if record.flaw] == [2]
    assert len(found) == len(lines) + 2


def test_a_line_of_another_width_is_a_flaw_of_that_line() -> None:
    found = read(b"a,b\n1\n1,2,3\n4,5\n")

    assert [record.flaw for record in found] == [
        "",
        "has 1 cells where the header has 2",
        "has 3 cells where the header has 2",
        "",
    ]


def test_a_nul_character_and_an_endless_cell_are_flaws_of_their_lines() -> None:
    found = read(b"a,b\n1,\0\n" + b"x" * 140_000 + b",2\n3,4\n", piece_bytes=9999)

    assert [bool(record.flaw) for record in found] == [False, True, True, False]


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        ("a,b\n1,2".encode("utf-16"), "UTF-16"),
        ("a,b\n1,2".encode("utf-16-be"), "NUL"),
        (b"\x1f\x8b\x08\x00 zipped", "gzip"),
        (b"PK\x03\x04 sheet", "ZIP"),
        (b"PAR1 columns", "Parquet"),
        ("a,b\n1,2\nÄ,3".encode("latin-1"), "line 3 is not UTF-8: byte 0xC4"),
        (b"a,b\n1,\xe4\xb8", "line 2 is not UTF-8"),
    ],
)
def test_what_is_no_utf_8_text_is_not_readable_and_says_why(data: bytes, cause: str) -> None:
    try:
        flaws = [record.flaw for record in read(data)]
    except FileNotReadable as refusal:
        flaws = [refusal.metadata["cause"]]

    assert cause in flaws[0]


def test_a_file_without_line_ends_is_given_up_in_time() -> None:
    records = CsvRecords()

    with pytest.raises(FileNotReadable) as refusal:
        list(records.feed(b"x" * (LINE_LENGTH_MAX + 1)))

    assert "line 1" in refusal.value.metadata["cause"]
