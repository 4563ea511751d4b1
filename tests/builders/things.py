"""Things of a made-up world: what one is like follows from its id alone, whoever brings it."""

from functools import cache
from random import Random
from typing import Any, Final
from uuid import UUID

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from graphql import GraphQLObjectType, is_non_null_type

from gateway.billing.errors import BillingErrorCode
from gateway.engine.reference import core_schema
from gateway.kit.contract import camel, resource_of
from gateway.kit.shows import shown_types
from gateway.kit.words import numbers_by_word
from gateway.schema import schema
from services.kit import ids
from tests.builders.chance import dice, happens, number

# Few, so that many things refer to the same one.
POPULATION: Final = 20
# In how many of 100 cases.
ABSENT, UNSET, SPOILT = 12, 25, 8
UNKNOWN_NUMBER: Final = 99
TEXTS: Final = ("acme", "李明", 'Zoë\'s "shop"', "a\\b\n\tc", "ünï 🐸", "", "x" * 60, "0", "null")
CYCLES: Final = ("2026-03", "2026-11", "")
CURRENCIES: Final = ("USD", "CNY", "EUR")
AMOUNTS: Final = (
    "0",
    "-0.00",
    "12.30",
    "0.000000000000001",
    "-99999999999999999999.5",
    "7",
    "1000",
)
NANOS: Final = (0, 0, 120_000_000, 123_456_000, 123_456_789, 1)
# The epoch, a second before it, the first and the last second that have a name.
SECONDS: Final = (0, -1, -62_135_596_800, 253_402_300_799)
INTS: Final = (0, 1, -7, 42, 2**31 - 1, -(2**31))


@cache
def population(prefix: str) -> tuple[str, ...]:
    """Give the ids that anything in the world may refer to; not all of them exist."""
    return tuple(
        ids.to_text(prefix, UUID(int=number("id", prefix, index) << 64 | number(prefix, index)))
        for index in range(POPULATION)
    )


class Things:
    """One world: what exists in it, and what it is like."""

    def __init__(self, seed: int, *, fault_seed: int | None = None) -> None:
        """Take the seed of the world, and that of what is spoilt in it, if anything is."""
        self.seed = seed
        self.fault_seed = fault_seed
        self._known: dict[tuple[str, str], Any] = {}

    def exists(self, id_: str) -> bool:
        prefix = id_.rpartition("_")[0]
        return id_ in population(prefix) and not happens(ABSENT, self.seed, "absent", id_)

    def existing(self, prefix: str) -> list[str]:
        return [each for each in population(prefix) if self.exists(each)]

    def thing(self, kind: type[Message], key: str) -> Any:
        """Give what has this key: an id where the message has one, else any text."""
        known = (kind.DESCRIPTOR.full_name, key)
        if known not in self._known:
            self._known[known] = self._make(kind, key)
        return self._known[known]

    def _make(self, kind: type[Message], key: str) -> Message:
        message = kind()
        name = kind.DESCRIPTOR.full_name
        roll = dice(self.seed, name, key)
        self._fill(message, roll)
        own_id = kind.DESCRIPTOR.fields_by_name.get("id")
        if own_id is not None and resource_of(own_id):
            message.id = key  # type: ignore[attr-defined]
        if self.fault_seed is not None:
            about = self.seed, self.fault_seed, "spoilt", name, key
            if happens(SPOILT, *about):
                damage(message, dice(*about))
        return message

    def _fill(self, message: Message, roll: Random) -> None:
        for field in message.DESCRIPTOR.fields:
            if field.is_repeated:
                self._extend(getattr(message, field.name), field, roll)
            elif not _is_left_out(field, roll):
                self._set(message, field, roll)

    def _set(self, message: Any, field: Any, roll: Random) -> None:
        if field.message_type is None:
            setattr(message, field.name, _scalar(field, roll))
            return
        inner = getattr(message, field.name)
        inner.SetInParent()
        self._fill_inner(inner, field, roll)

    def _extend(self, items: Any, field: Any, roll: Random) -> None:
        for _ in range(roll.choice((0, 1, 2, 3))):
            if field.message_type is None:
                items.append(_scalar(field, roll))
            else:
                self._fill_inner(items.add(), field, roll)

    def _fill_inner(self, inner: Any, field: Any, roll: Random) -> None:
        kind = field.message_type
        own_id = kind.fields_by_name.get("id")
        if kind.full_name in _SIMPLE:
            _SIMPLE[kind.full_name](inner, roll)
        elif own_id is not None and resource_of(own_id):
            inner.CopyFrom(self.thing(type(inner), roll.choice(population(resource_of(own_id)))))
        else:
            self._fill(inner, roll)


def damage(message: Message, roll: Random) -> None:
    """Spoil a field or two: no message, no word, a number or a time that the graph has not."""
    fields = [each for each in message.DESCRIPTOR.fields if _can_be_spoilt(each)]
    for field in roll.sample(fields, min(len(fields), roll.choice((1, 1, 2)))):
        if field.enum_type is not None:
            setattr(message, field.name, roll.choice((0, UNKNOWN_NUMBER)))
        elif field.message_type is None:
            setattr(message, field.name, 2**40)
        elif field.message_type.full_name in _SIMPLE or roll.random() < 0.5:
            message.ClearField(field.name)
            if field.message_type.full_name == _TIMESTAMP and roll.random() < 0.3:
                getattr(message, field.name).seconds = 10**14
        elif message.HasField(field.name):
            damage(getattr(message, field.name), roll)


def _can_be_spoilt(field: Any) -> bool:
    is_long = field.type == FieldDescriptor.TYPE_INT64
    return not field.is_repeated and bool(field.message_type or field.enum_type or is_long)


def _is_left_out(field: Any, roll: Random) -> bool:
    """Tell whether a field stays unset: only where the graph has a null for that."""
    may_be = field.has_presence or field.enum_type is not None or resource_of(field)
    if field.full_name in _never_null() or not may_be:
        return False
    return roll.random() * 100 < UNSET


def _scalar(field: Any, roll: Random) -> Any:
    prefix = resource_of(field)
    if prefix:
        return roll.choice(population(prefix))
    if field.full_name == "partner.billing.v1.ErrorDetail.reason":
        return roll.choice(list(numbers_by_word(BillingErrorCode)))
    if field.enum_type is not None:
        return roll.choice([each for each in field.enum_type.values_by_number if each])
    if field.type == FieldDescriptor.TYPE_STRING:
        return roll.choice(CYCLES if field.name.endswith("_cycle") else TEXTS)
    return roll.choice((False, True) if field.type == FieldDescriptor.TYPE_BOOL else INTS)


def _timestamp(message: Any, roll: Random) -> None:
    is_odd = roll.random() < 0.05
    message.seconds = roll.choice(SECONDS) if is_odd else roll.randrange(4_000_000_000)
    message.nanos = roll.choice(NANOS)


def _date(message: Any, roll: Random) -> None:
    message.year, message.month, message.day = 2026, roll.randint(1, 12), roll.randint(1, 28)


def _decimal(message: Any, roll: Random) -> None:
    message.value = roll.choice(AMOUNTS)


def _money(message: Any, roll: Random) -> None:
    message.amount, message.currency_code = roll.choice(AMOUNTS), roll.choice(CURRENCIES)


_TIMESTAMP: Final = "google.protobuf.Timestamp"
_SIMPLE: Final = {
    _TIMESTAMP: _timestamp,
    "google.type.Date": _date,
    "google.type.Decimal": _decimal,
    "partner.type.v1.Money": _money,
}


@cache
def _never_null() -> frozenset[str]:
    """Name the fields of the contract that the graph never shows as null."""
    names = set()
    for each in shown_types():
        shown = core_schema(schema).type_map[each.cls.__name__]
        assert isinstance(shown, GraphQLObjectType)
        for field in each.message.DESCRIPTOR.fields:
            in_graph = shown.fields.get(camel(field.name))
            if in_graph is not None and is_non_null_type(in_graph.type):
                names.add(field.full_name)
    return frozenset(names)
