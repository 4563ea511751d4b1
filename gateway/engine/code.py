"""The text of generated code: displays, comprehensions, names that meet nowhere, counts."""

import keyword
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Final

_INDENT: Final = " " * 4
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# What generated code calls by these names.
TAKEN: Final = frozenset({"bool", "len", "list", "piece", "sum", "turn", "zip"})


class Names:
    """Gives names for variables of the generated code: from the query, each once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {*TAKEN, *taken}

    def take(self, wish: str) -> str:
        """Give a name like the wish, which may be a word of the graph or of the contract."""
        wish = _CAPITAL.sub("_", wish).lower()
        name, number = wish, 1
        while name in self._taken or keyword.iskeyword(name):
            number += 1
            name = f"{wish}_{number}"
        self._taken.add(name)
        return name


@dataclass(frozen=True, slots=True)
class Count:
    """How many objects an expression makes: a number, and terms that the messages decide."""

    number: int = 0
    terms: tuple[str, ...] = ()

    def __add__(self, other: "Count") -> "Count":
        return Count(self.number + other.number, self.terms + other.terms)

    @property
    def text(self) -> str:
        terms = [str(self.number)] if self.number or not self.terms else []
        return " + ".join([*terms, *self.terms])

    def each(self, items: str, loops: Sequence[str]) -> "Count":
        """Count for every round of the loops; `items` is what a single loop goes over."""
        if not self.terms:
            if not self.number:
                return self
            times = f"{self.number} * " if self.number > 1 else ""
            if items:
                return Count(terms=(f"{times}len({items})",))
        return Count(terms=(f"sum({self.text} {' '.join(loops)})",))

    def where(self, condition: str) -> "Count":
        if not self.number and not self.terms:
            return self
        return Count(terms=(f"({self.text} if {condition} else 0)",))


@dataclass(frozen=True, slots=True)
class Shape:
    """An expression that builds a part of the answer, and how many objects it makes."""

    text: str
    count: Count = Count()
    # Names that the text uses, and what they stand for in each object that it is built for.
    binds: tuple[tuple[str, str], ...] = ()

    def where(self, condition: str, *, otherwise: str = "None") -> "Shape":
        """Build only where a condition holds."""
        inside = indent(f"{self.text}\nif {self.binding(condition)}\nelse {otherwise}", _INDENT)
        return Shape(f"(\n{inside}\n)", self.count.where(condition))

    def binding(self, condition: str) -> str:
        """Write a condition that also binds the names: to messages, which are never false."""
        return " and ".join([condition, *(f"({name} := {value})" for name, value in self.binds)])

    def each(self, loops: Sequence[str], *, items: str = "") -> "Shape":
        """Build a list, one for each round of the loops, in which names are bound fastest."""
        bound = [f"for {name} in ({value},)" for name, value in self.binds]
        inside = indent("\n".join([self.text, *loops, *bound]), _INDENT)
        return Shape(f"[\n{inside}\n]", self.count.each(items, loops))


def braces(entries: Sequence[tuple[str, Shape]]) -> Shape:
    """Build an object of keys and what they hold."""
    count, binds = Count(), tuple[tuple[str, str], ...]()
    for _, shape in entries:
        count += shape.count
        binds += shape.binds
    if not entries:
        return Shape("{}", count)
    inside = indent(",\n".join(f'"{key}": {shape.text}' for key, shape in entries), _INDENT)
    return Shape(f"{{\n{inside},\n}}", count, binds)


def function(head: str, *lines: str) -> str:
    return f"{head}:\n{indent(chr(10).join(lines), _INDENT)}\n"
