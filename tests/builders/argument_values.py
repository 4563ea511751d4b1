"""Values for the arguments of generated documents, mostly good ones, by the argument's name."""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    get_nullable_type,
    is_required_input_field,
)

from tests.builders.graph_probes import BY_ROOT, PREFIXES
from tests.builders.things import population

STRINGS: Final = ("acme", "李明", 'a "quoted" text', "line\nbreak \\ tab\t", "", "🐸", "$id")
TIMES: Final = (
    "2026-08-31T00:00:00Z",
    "2026-08-31T12:00:00.123456789+08:00",
    "1969-12-31T23:59:59.5-00:00",
)
DAYS: Final = ("2026-03-01", "2024-02-29")
DECIMALS: Final = ("12.30", "0", "-0.000000000000001", "99999999999999999999")
# No universe has the first two more than once.
MOBILES: Final = ("13900000000", "13900000001", "13900000002")
PREFIXES_ALL: Final = (
    *(
        "acc",
        "app",
        "con",
        "cpn",
        "ctr",
        "cus",
        "inc",
        "mem",
        "mgr",
        "prg",
        "ptr",
        "quo",
        "res",
        "tup",
    ),
)
FIRSTS: Final = (1, 2, 2, 3, 4, 5)
WRONG_FIRSTS: Final = (0, -1, 101, 2**31 - 1)
WRONG_IDS: Final = ("", "cus_", "cus", "CUS_01h455vb4pex5vsknk084sn02q", "123", "ä_x")
# Of no type, though it is written like one.
STRANGE: Final = "xyz_01h455vb4pex5vsknk084sn02q"
# What an item of a list below a customer or a quota can not be asked with.
FORBIDDEN_BELOW: Final = frozenset({"customerId", "parentQuotaId", "quotaId"})


class Word(str):
    """A word of an enum: written without quotes in a document, with them in variables."""

    __slots__ = ()


class Values:
    """Chooses values; careless ones may be out of range, of another kind, or misplaced."""

    def __init__(self, roll: Random, *, careless: bool) -> None:
        self.roll = roll
        self.careless = careless

    def happens(self, percent: int) -> bool:
        return self.roll.randrange(100) < percent

    def slips(self, percent: int) -> bool:
        return self.careless and self.happens(percent)

    def of(self, kind: Any, name: str, *, root: str, is_below: bool) -> Any:
        """Give a value as variables have it; `is_below` where the field belongs to a customer."""
        if isinstance(kind, GraphQLNonNull):
            kind = kind.of_type
        elif self.happens(8) and not (name == "tags" and not self.careless):
            return None
        if isinstance(kind, GraphQLList):
            return self._list(kind, name, root=root, is_below=is_below)
        if isinstance(kind, GraphQLInputObjectType):
            return {
                inner: self.of(kind_of(field, of=kind), inner, root=root, is_below=is_below)
                for inner, field in self.fields(kind, is_below=is_below)
            }
        return self.leaf(kind, name, root=root)

    def fields(
        self, kind: GraphQLInputObjectType, *, is_below: bool
    ) -> list[tuple[str, GraphQLInputField]]:
        """Choose which fields of an input are given."""
        all_fields = list(kind.fields.items())
        if is_one_of(kind):
            return [self.roll.choice(all_fields)]
        return [
            (name, field)
            for name, field in all_fields
            if is_required_input_field(field) or self._is_given(name, is_below=is_below)
        ]

    def leaf(self, kind: GraphQLInputType, name: str, *, root: str) -> Any:
        if isinstance(kind, GraphQLEnumType):
            return Word(self.roll.choice(list(kind.values)))
        chosen: dict[str, Callable[[], Any]] = {
            "ID": lambda: self.id(name, root=root),
            "Int": lambda: self.number(name),
            "Boolean": lambda: self.happens(50),
            "DateTime": lambda: self.roll.choice(TIMES),
            "Date": lambda: self.roll.choice(DAYS),
            "Decimal": lambda: self.roll.choice(DECIMALS),
            "String": lambda: self.text(name),
        }
        return chosen[get_named_type(kind).name]()

    def id(self, name: str, *, root: str) -> str:
        if name == "requestId":
            return f"request-{self.roll.randrange(10)}"
        if self.slips(20):
            return self.roll.choice(WRONG_IDS)
        if root in {"node", "nodes"}:
            if self.happens(5):
                return STRANGE
            prefix = self.roll.choice(PREFIXES_ALL)
        else:
            prefix = PREFIXES.get(name) or BY_ROOT.get(root, "cus")
        if self.slips(10):
            prefix = self.roll.choice(PREFIXES_ALL)
        return self.roll.choice(population(prefix))

    def number(self, name: str) -> int:
        if name != "first":
            return self.roll.choice((2026, 0, -1))
        return self.roll.choice(WRONG_FIRSTS if self.slips(20) else FIRSTS)

    def text(self, name: str) -> str:
        if name == "mobile":
            return self.roll.choice(MOBILES if self.careless else MOBILES[:2])
        if "ycle" in name or name in {"from", "to"}:
            return "2026-03"
        return self.roll.choice(STRINGS)

    def _list(self, kind: GraphQLList[Any], name: str, *, root: str, is_below: bool) -> Any:
        def one() -> Any:
            return self.of(kind.of_type, name, root=root, is_below=is_below)

        if self.happens(10):
            # One value stands for a list of it.
            return one()
        return [one() for _ in range(self.roll.choice((0, 1, 2, 2, 3)))]

    def _is_given(self, name: str, *, is_below: bool) -> bool:
        if is_below and name in FORBIDDEN_BELOW and not self.slips(50):
            return False
        return self.happens(25) or (name == "tags" and not self.careless)


def is_one_of(kind: GraphQLInputObjectType) -> bool:
    """Tell whether exactly one field must be given; Strawberry keeps that to itself."""
    declared: Any = kind.extensions["strawberry-definition"]
    return bool(declared.is_one_of)


def kind_of(field: GraphQLInputField, *, of: GraphQLInputObjectType) -> Any:
    """Give what an input's field takes; where one must be given, it is never null."""
    return GraphQLNonNull(get_nullable_type(field.type)) if is_one_of(of) else field.type


def literal(value: Any) -> str:
    """Write a value as a document has it."""
    if isinstance(value, Word):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {literal(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value)
