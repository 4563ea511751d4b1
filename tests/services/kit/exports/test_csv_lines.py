"""CSV as spreadsheets open it: the byte order mark, the titles, RFC 4180."""

from services.kit.exports import csv_lines
from services.kit.exports.columns import NUMBER, TEXT, Column, maker

COLUMNS = [Column("Name, full", "name", TEXT), Column("Amount", "amount", NUMBER)]


def test_a_file_begins_with_the_byte_order_mark_and_the_titles() -> None:
    assert csv_lines.opening(COLUMNS) == '\ufeff"Name, full",Amount\r\n'.encode()


def test_separators_quotes_and_line_ends_are_quoted() -> None:
    rows = [('a "b", c\nd\r', "1"), ("汉字", "-2.50")]

    written = csv_lines.lines(rows, make=maker(COLUMNS))

    assert written == '"a ""b"", c\nd\r",1\r\n汉字,-2.50\r\n'.encode()
