"""Operations made from the printed schema alone: every root field, as deep as it goes."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from tests.builders.probes import BILLING_CYCLE, TYPE_ID

SCHEMA = build_schema(
    (Path(__file__).parents[2] / "gateway" / "schema.graphql").read_text(encoding="utf-8")
)
# Root, its nodes, their edges, the nodes of those; and only the root and its nodes.
DEEP, SHALLOW = 5, 3
# What kind of thing an argument names; a new name has to be put here.
PREFIXES = {
    "accountManagerId": "mgr",
    "applicationId": "app",
    "customerId": "cus",
    "customerIds": "cus",
    "incentiveBillId": "inb",
    "incentiveId": "inc",
    "indirectPartnerId": "ptr",
    "membershipId": "mem",
    "parentQuotaId": "quo",
    "partnerId": "ptr",
    "programId": "prg",
    "quotaId": "quo",
    "quotaIds": "quo",
    "resourceId": "res",
    "voucherIds": "cpn",
}
BY_ROOT = {"customer": "cus", "partner": "ptr", "updateCustomer": "cus"}
ANYTHING = "*"
VALUES = {"amount": "1.00", "currencyCode": "USD", "reason": "a test", "first": 2}
VARYING = re.compile(r'"[a-zA-Z]*Time": "[^"]*"|-[0-9a-f]{8}\b|-\d{8}T\d{6}Z')

Path_ = tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """An argument, or a field of an input in one, that names a thing of the kind `prefix`."""

    path: Path_
    prefix: str


def roots(kind: GraphQLObjectType | None) -> dict[str, GraphQLField]:
    assert kind is not None
    return dict(kind.fields)


def places(name: str, root: GraphQLField) -> Iterator[Place]:
    for argument, one in root.args.items():
        yield from _places(name, argument, one.type, above=())


def _places(root: str, name: str, kind: Any, *, above: Path_) -> Iterator[Place]:
    named = get_named_type(kind)
    path = (*above, name)
    if isinstance(named, GraphQLInputObjectType):
        for inner, field in named.fields.items():
            yield from _places(root, inner, field.type, above=path)
    elif named.name == "ID" and name != "requestId":
        if root in {"node", "nodes"}:
            yield Place(path, ANYTHING)
        else:
            yield Place(path, PREFIXES.get(name) or BY_ROOT[root])


def operation(
    kind: str,
    name: str,
    root: GraphQLField,
    own: Mapping[str, str],
    *,
    place: Place | None = None,
    id_: str = "",
    depth: int = SHALLOW,
) -> str:
    """Write an operation with this root field, naming own things, and in one place another."""
    arguments = {
        argument: value
        for argument, one in root.args.items()
        if (value := _given(name, argument, one, own, above=(), place=place, id_=id_)) is not None
    }
    written = ", ".join(f"{key}: {_literal(value)}" for key, value in arguments.items())
    call = f"{name}({written})" if written else name
    return f"{kind} {{ {call} {_selection(root.type, depth=depth)} }}"


def told(answer: Any) -> str:
    """Write an answer so that two of them are equal when they tell the caller the same."""
    errors = [(error["message"], error.get("path")) for error in answer.errors]
    text = json.dumps({"data": answer.data, "errors": errors}, ensure_ascii=False)
    return VARYING.sub("", TYPE_ID.sub(r"\1", text))


class _Enum(str):
    """A word that is written without quotes."""

    __slots__ = ()


def _given(
    root: str, name: str, one: Any, own: Mapping[str, str], *, above: Path_, place: Place | None,
    id_: str,
) -> Any:  # fmt: skip
    path = (*above, name)
    required = is_required_argument(one) if isinstance(one, GraphQLArgument) else (
        is_required_input_field(one)
    )  # fmt: skip
    if place is not None and path == place.path:
        return [id_] if _is_list(one.type) else id_
    aimed = place is not None and place.path[: len(path)] == path
    if not (required or aimed or name == "first" or _is_one_of(root, name)):
        return None
    named = get_named_type(one.type)
    if isinstance(named, GraphQLInputObjectType):
        fields = {
            inner: value
            for inner, field in named.fields.items()
            if (
                value := _given(root, inner, field, own, above=path, place=place, id_=id_)
            ) is not None
        }  # fmt: skip
        if named.is_one_of and not fields:
            fields = _first_of(root, named, own, above=path)
        leaf: Any = fields
    else:
        leaf = _leaf(root, name, named, own)
    return [leaf] if _is_list(one.type) and not isinstance(leaf, list) else leaf


def _first_of(
    root: str, named: GraphQLInputObjectType, own: Mapping[str, str], *, above: Path_
) -> dict[str, Any]:
    """Give the first of several fields of which exactly one is given, and what it requires."""
    if root in BY_ROOT:
        return {"id": own[BY_ROOT[root]]}
    name, field = next(iter(named.fields.items()))
    return {
        name: {
            inner: value
            for inner, one in get_named_type(field.type).fields.items()
            if (value := _given(root, inner, one, own, above=above, place=None, id_="")) is not None
        }
    }


def _leaf(root: str, name: str, named: Any, own: Mapping[str, str]) -> Any:
    value: Any
    if name == "requestId":
        value = str(uuid4())
    elif named.name == "ID":
        value = own.get(PREFIXES.get(name) or BY_ROOT.get(root, "cus"), own["cus"])
    elif isinstance(named, GraphQLEnumType):
        value = _Enum(next(iter(named.values)))
    elif "ycle" in name or name in {"from", "to"}:
        value = BILLING_CYCLE
    elif named.name == "DateTime":
        value = "2099-01-01T00:00:00Z"
    elif named.name in {"Int", "Boolean"}:
        value = VALUES.get(name, 1 if named.name == "Int" else False)
    else:
        value = VALUES.get(name, f"{name}-{uuid4().hex[:8]}")
    return value


def _selection(kind: Any, *, depth: int) -> str:
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    parts = [
        part for name, field in named.fields.items() if (part := _field(name, field, depth=depth))
    ]
    return "{ __typename " + " ".join(parts) + " }"


def _field(name: str, field: GraphQLField, *, depth: int) -> str | None:
    if is_leaf_type(get_named_type(field.type)):
        return None if any(map(is_required_argument, field.args.values())) else name
    if depth <= 1 or name == "edges":
        return None
    arguments = {
        argument: value
        for argument, one in field.args.items()
        if (
            value := _given(name, argument, one, {"cus": ""}, above=(), place=None, id_="")
        ) is not None
    }  # fmt: skip
    written = ", ".join(f"{key}: {_literal(value)}" for key, value in arguments.items())
    return f"{name}{f'({written})' if written else ''} {_selection(field.type, depth=depth - 1)}"


def _literal(value: Any) -> str:
    if isinstance(value, _Enum):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_literal(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return json.dumps(value)


def _is_list(kind: Any) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)


def _is_one_of(root: str, name: str) -> bool:
    return name == "by" or (root in BY_ROOT and name == "id")
