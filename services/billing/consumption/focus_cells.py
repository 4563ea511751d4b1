"""The cells of one line of a FOCUS file, asked for by column and by what they should hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar

from services.billing.consumption import focus_values as read
from services.billing.consumption.focus_values import RowFlaw

TEXT_LENGTH_MAX: Final = 2048

_Enum = TypeVar("_Enum", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Cells:
    """Gives None for an empty cell and raises RowFlaw, naming the column, for a wrong one."""

    values: Mapping[str, str]

    def has(self, column: str) -> bool:
        return column in self.values

    def says(self, column: str) -> str:
        """Give a word to compare with, in lower case; writers differ in case."""
        return self.values.get(column, "").lower()

    def text(self, column: str, *, length_max: int = TEXT_LENGTH_MAX) -> str | None:
        text = self.values.get(column)
        if text is not None and len(text) > length_max:
            raise RowFlaw(f"has more than {length_max} characters", column=column)
        return text

    def must(self, column: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
        text = self.text(column, length_max=length_max)
        if text is None:
            raise RowFlaw("is missing", column=column)
        return text

    def first(self, *columns: str) -> str:
        """Give the first of the columns that holds something."""
        for column in columns:
            text = self.text(column)
            if text is not None:
                return text
        raise RowFlaw("is missing", column=columns[0])

    def amount(self, column: str) -> Decimal | None:
        text = self.values.get(column)
        return None if text is None else read.amount(text, column=column)

    def moment(self, column: str) -> datetime | None:
        text = self.values.get(column)
        return None if text is None else read.moment(text, column=column)

    def count(self, column: str) -> int | None:
        text = self.values.get(column)
        return None if text is None else read.count(text, column=column)

    def named(
        self, kind: type[_Enum], column: str, *, numbers: Mapping[str, _Enum] | None = None
    ) -> _Enum | None:
        text = self.values.get(column)
        return None if text is None else read.named(kind, text, column=column, numbers=numbers)
