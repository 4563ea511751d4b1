"""Operations made from the printed schema alone: every root field, as deep as it goes."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
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
    Lexer,
    Source,
    TokenKind,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from gateway.settings import Limits
from tests.builders.probes import BILLING_CYCLE, TYPE_ID

SCHEMA = build_schema(
    (Path(__file__).parents[2] / "gateway" / "schema.graphql").read_text(encoding="utf-8")
)
# Root, its nodes, their edges, the nodes of those; and only the root and its nodes.
DEEP, SHALLOW = 5, 3
TOKENS_MAX = Limits().tokens
# What kind of thing an argument names; a new name has to be put here.
PREFIXES = {
    "accountId": "acc",
    "accountManagerId": "mgr",
    "challengeId": "vch",
    "applicationId": "app",
    "contractId": "ctr",
    "customerId": "cus",
    "customerIds": "cus",
    "incentiveBillId": "inb",
    "incentiveId": "inc",
    "indirectPartnerId": "ptr",
    "indirectPartnerIds": "ptr",
    "membershipId": "mem",
    "parentQuotaId": "quo",
    "partnerId": "ptr",
    "paymentId": "pmt",
    "programId": "prg",
    "quotaId": "quo",
    "quotaIds": "quo",
    "resourceId": "res",
    "topUpIds": "tup",
    "targetPartnerId": "ptr",
    "transactionId": "txn",
    "voucherIds": "cpn",
    "withdrawalId": "wdr",
    "withdrawalIds": "wdr",
}
# What a root field is not worth asking without, though its type lets it be left out.
NEEDED = {"statementEntries": {("filter",), ("filter", "kind")}}
# What makes the former superfluous.
INSTEAD = "accountId"
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


def operations(
    kind: str, name: str, root: GraphQLField, own: Mapping[str, str], *, depth: int
) -> list[str]:
    """Write operations with this root field that together go along every edge of its things.

    What is too long for the gateway goes along half of the edges, and another along the rest.
    """
    pending, written = [_edges(root.type)], []
    while pending:
        edges = pending.pop()
        text = operation(kind, name, root, own, depth=depth, edges=edges)
        if len(edges) > 1 and _tokens(text) > TOKENS_MAX:
            half = len(edges) // 2
            pending += [edges[:half], edges[half:]]
        else:
            written.append(text)
    return written


def operation(
    kind: str,
    name: str,
    root: GraphQLField,
    own: Mapping[str, str],
    *,
    place: Place | None = None,
    id_: str = "",
    depth: int = SHALLOW,
    edges: Sequence[str] | None = None,
) -> str:
    """Write an operation with this root field, naming own things, and in one place another.

    Its things lead along these edges, or along all of theirs.
    """
    arguments = {
        argument: value
        for argument, one in root.args.items()
        if (value := _given(name, argument, one, own, above=(), place=place, id_=id_)) is not None
    }
    written = ", ".join(f"{key}: {_literal(value)}" for key, value in arguments.items())
    call = f"{name}({written})" if written else name
    selection = _selection(root.type, depth=depth, edges=edges)
    return f"{kind} {{ {call} {selection} }}"


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
    needed = path in NEEDED.get(root, ()) and (place is None or place.path[-1] != INSTEAD)
    if not (required or aimed or needed or name == "first" or _is_one_of(root, name)):
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
    elif named.name == "Date":
        value = "2099-01-01"
    elif named.name in {"Int", "Boolean"}:
        value = VALUES.get(name, 1 if named.name == "Int" else False)
    else:
        value = VALUES.get(name, f"{name}-{uuid4().hex[:8]}")
    return value


def _selection(kind: Any, *, depth: int, edges: Sequence[str] | None = None) -> str:
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    parts = []
    for name, field in named.fields.items():
        if edges is not None and name == "nodes":
            part: str | None = f"nodes {_selection(field.type, depth=depth - 1, edges=edges)}"
        elif edges is not None and "nodes" not in named.fields and _is_edge(field):
            part = _field(name, field, depth=depth) if name in edges else None
        else:
            part = _field(name, field, depth=depth)
        parts += [part] if part else []
    return "{ __typename " + " ".join(parts) + " }"


def _edges(kind: Any) -> list[str]:
    """Name the fields of a root's things that lead further."""
    fields = get_named_type(kind).fields
    if "nodes" in fields:
        fields = get_named_type(fields["nodes"].type).fields
    return [name for name, field in fields.items() if _is_edge(field)]


def _is_edge(field: GraphQLField) -> bool:
    return not is_leaf_type(get_named_type(field.type))


def _tokens(text: str) -> int:
    """Count what the gateway counts of a document."""
    lexer = Lexer(Source(text))
    count = 0
    while lexer.advance().kind is not TokenKind.EOF:
        count += 1
    return count


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
