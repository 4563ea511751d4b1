"""Enums of the contract as enums of the graph: the same words without their prefix."""

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

import strawberry

from gateway.kit.contract import Descriptor, comment, description_of

E = TypeVar("E", bound=type[Enum])

# Its type says to checkers that the members stand in the source.
_make_enum: Callable[..., Any] = Enum
# Full name in the contract → the graph's enum; one word per concept.
_KNOWN: dict[str, type[Enum]] = {}


def words(enum: Any, *, description: str = "") -> Callable[[E], E]:
    """Fill an empty enum with the contract's values; the unspecified one is the graph's null."""
    descriptor: Descriptor = enum.DESCRIPTOR

    def decorate(cls: E) -> E:
        members = {
            word: strawberry.enum_value(
                number, description=comment(f"{descriptor.full_name}.{name}")
            )
            for number, word, name in _values(descriptor)
        }
        made: Any = _make_enum(cls.__name__, members, module=cls.__module__)
        made.__doc__ = description or description_of(descriptor)
        _KNOWN[descriptor.full_name] = made
        strawberry.enum(made, description=made.__doc__)
        filled: E = made
        return filled

    return decorate


def words_of(descriptor: Descriptor) -> type[Enum] | None:
    """Give the graph's enum of one of the contract, if it is declared."""
    return _KNOWN.get(descriptor.full_name)


def numbers_by_word(cls: type[Enum]) -> dict[str, int]:
    return {member.name: member.value for member in cls}


def _values(descriptor: Descriptor) -> list[tuple[int, str, str]]:
    prefix = descriptor.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return [
        (value.number, value.name.removeprefix(prefix), value.name)
        for value in descriptor.values
        if value.number
    ]
