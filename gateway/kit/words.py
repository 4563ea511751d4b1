"""Enums of the contract as enums of the graph: the same words without their prefix."""

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

import strawberry
from google.protobuf.descriptor import EnumDescriptor

from gateway.kit.contract import comment, description_of

E = TypeVar("E", bound=type[Enum])

# Full name in the contract → the graph's enum; one word per concept.
_KNOWN: dict[str, type[Enum]] = {}


def words(enum: Any) -> Callable[[E], E]:
    """Fill an empty enum with the contract's values; the unspecified one is the graph's null."""
    descriptor: EnumDescriptor = enum.DESCRIPTOR

    def decorate(cls: E) -> E:
        made: Any = Enum(  # type: ignore[misc] # members come from the contract
            cls.__name__,
            {
                word: strawberry.enum_value(
                    number, description=comment(f"{descriptor.full_name}.{name}")
                )
                for number, word, name in _values(descriptor)
            },
            module=cls.__module__,
        )
        made.__doc__ = description_of(descriptor)
        _KNOWN[descriptor.full_name] = made
        return strawberry.enum(made, description=made.__doc__)

    return decorate


def words_of(descriptor: EnumDescriptor) -> type[Enum] | None:
    """Give the graph's enum of one of the contract, if it is declared."""
    return _KNOWN.get(descriptor.full_name)


def descriptor_of(cls: type) -> str | None:
    """Give the full name of what an enum of the graph shows, if it shows the contract's."""
    return next((name for name, known in _KNOWN.items() if known is cls), None)


def numbers_by_word(cls: type[Enum]) -> dict[str, int]:
    return {member.name: member.value for member in cls}


def _values(descriptor: EnumDescriptor) -> list[tuple[int, str, str]]:
    prefix = descriptor.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return [
        (value.number, value.name.removeprefix(prefix), value.name)
        for value in descriptor.values
        if value.number
    ]
