"""Reads CSV that arrives in pieces: text out of bytes, records out of lines, each with its line."""

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.kit.errors import Refusal

LINE_LENGTH_MAX: Final = 1_000_000
CELL_LENGTH_MAX: Final = 131_072
# An unclosed quote would swallow the rest of the file; no honest cell has as many lines.
RECORD_LINES_MAX: Final = 200
DELIMITERS: Final = ",;\t|"

_MAGIC: Final = {
    b"\xff\xfe": "the file is UTF-16, not UTF-8",
    b"\xfe\xff": "the file is UTF-16, not UTF-8",
    b"\x1f\x8b": "the file is compressed with gzip",
    b"PK\x03\x04": "the file is a ZIP archive or a spreadsheet",
    b"PAR1": "the file is Parquet",
}
_MAGIC_LENGTH: Final = 4


class FileNotReadable(Refusal):
    """Nothing behind the fault can be read; metadata: cause."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the file can not be read as FOCUS CSV: {cause}", cause=cause)


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one record; flaw says why there are none to use."""

    line: int
    cells: list[str]
    flaw: str = ""


class CsvRecords:
    """Takes bytes as they come and gives the records that are complete.

    A record begins on the line it is reported with and may go on over several inside quotes.
    Where quotes do not match, one line is given up and reading goes on with the next.
    """

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._first_bytes: bytes | None = b""
        self._rest = ""
        self._lines: deque[str] = deque()
        self._lines_read = 0
        # The lines of the record that is open.
        self._open: list[str] = []
        self._open_length = 0
        self._is_quoted = False
        self._delimiter = ""
        self._width = 0
        self._closed_part: re.Pattern[str]

    def feed(self, data: bytes, *, is_last: bool = False) -> Iterator[Record]:
        """Give the records that these bytes complete; the first one is the header.

        :raises FileNotReadable: where the bytes are no UTF-8 text.
        """
        text = self._rest + self._text(data, is_last=is_last)
        *lines, self._rest = text.split("\n")
        if is_last and self._rest:
            lines.append(self._rest)
        if len(self._rest) > LINE_LENGTH_MAX:
            line = self._lines_read + len(lines) + 1
            raise FileNotReadable(f"line {line} has over {LINE_LENGTH_MAX} characters")
        self._lines.extend(lines)
        while self._lines or (is_last and self._open):
            record = self._take(self._lines.popleft()) if self._lines else self._give_up()
            if record is not None:
                yield record

    def _text(self, data: bytes, *, is_last: bool) -> str:
        if self._first_bytes is not None:
            self._first_bytes += data
            if len(self._first_bytes) < _MAGIC_LENGTH and not is_last:
                return ""
            data, self._first_bytes = self._first_bytes, None
            for magic, cause in _MAGIC.items():
                if data.startswith(magic):
                    raise FileNotReadable(cause)
        try:
            return self._decode.decode(data, final=is_last)
        except UnicodeDecodeError as error:
            line = self._lines_read + 1 + error.object[: error.start].count(b"\n")
            line += self._rest.count("\n")
            wrong = error.object[error.start]
            raise FileNotReadable(f"line {line} is not UTF-8: byte 0x{wrong:02X}") from None

    def _take(self, line: str) -> Record | None:
        """Add a line to the open record, and give that when it is complete."""
        self._lines_read += 1
        line = line.removesuffix("\r")
        if not self._delimiter:
            self._choose_delimiter(line)
        if not line and not self._open:
            return None
        self._open.append(line)
        self._open_length += len(line)
        self._is_quoted = self._ends_in_quotes(line)
        if not self._is_quoted:
            return self._close()
        is_endless = len(self._open) >= RECORD_LINES_MAX or self._open_length > LINE_LENGTH_MAX
        return self._give_up() if is_endless else None

    def _close(self) -> Record:
        record = self._parse(self._lines_read - len(self._open) + 1)
        has_width = not self._width or len(record.cells) == self._width
        if len(self._open) > 1 and (record.flaw or not has_width):
            return self._give_up()
        self._width = self._width or len(record.cells)
        if not has_width and not record.flaw:
            flaw = f"has {len(record.cells)} cells where the header has {self._width}"
            record = Record(record.line, record.cells, flaw)
        self._open, self._open_length = [], 0
        return record

    def _give_up(self) -> Record:
        """Report the open record's first line as broken; its others are read again."""
        first, *others = self._open
        self._open, self._open_length, self._is_quoted = [], 0, False
        self._lines.extendleft(reversed(others))
        self._lines_read -= len(others)
        return Record(self._lines_read, [first], "a quote is opened and not closed")

    def _parse(self, line: int) -> Record:
        text = "\n".join(self._open)
        if "\0" in text:
            return Record(line, [], "contains the NUL character")
        try:
            # Over several lines a quote in the wrong place would swallow a good record unseen.
            is_strict = len(self._open) > 1
            reader = csv.reader([text], delimiter=self._delimiter, strict=is_strict)
            cells = next(reader, [])
        except csv.Error as error:
            return Record(line, [], str(error))
        return Record(line, cells)

    def _ends_in_quotes(self, line: str) -> bool:
        """Say whether a quote is open behind the line, by the csv module's rules."""
        if '"' not in line:
            return self._is_quoted
        start = 0
        if self._is_quoted:
            closing = _QUOTED_REST.match(line)
            if closing is None:
                return True
            # Behind the closing quote the cell goes on to the next delimiter.
            start = line.find(self._delimiter, closing.end()) + 1 or len(line)
        matched = self._closed_part.match(line, start)
        return matched is None or matched.end() < len(line)

    def _choose_delimiter(self, header: str) -> None:
        # Quoted names do not hide the winner: a delimiter stands between every two of them.
        self._delimiter = max(DELIMITERS, key=header.count)
        delimiter = re.escape(self._delimiter)
        self._closed_part = re.compile(
            rf'(?:(?:"{_QUOTED}[^{delimiter}]*|(?!")[^{delimiter}]*)(?:{delimiter}|$))*'
        )


# Up to the quote that closes: two in a row are one that is meant. Without possessive quantifiers,
# which Python 3.11 got wrong in its first releases; no part can match what the next one needs.
_QUOTED: Final = r'[^"]*(?:""[^"]*)*"(?!")'
_QUOTED_REST: Final = re.compile(_QUOTED)
