"""Pages of a list: keyset order, and tokens that fit only the list and scope they were made for."""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from hashlib import sha512
from typing import Any, Final, Generic, Literal, TypeVar
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from google.protobuf.message import Message
from sqlalchemy import ColumnElement, Select, and_, false, or_, tuple_
from sqlalchemy.sql.elements import KeyedColumnElement

from services.kit.errors import InvalidArgument
from services.kit.identity import Scope
from services.kit.requests import canonical, canonical_json

SIZE_DEFAULT: Final = 50
SIZE_MAX: Final = 500
SEARCH_LENGTH_MAX: Final = 200
KEY_BYTES_MIN: Final = 32

# What may differ between two pages of one list.
_NOT_BOUND: Final = frozenset({"page_size", "page_token", "with_item_tokens", "read_mask"})
# "BatchListFrogsByPond" goes on with "ListFrogs".
_NAME_OF_LIST: Final = re.compile(r"(?:Batch)?List(\w+?)(?:By[A-Z]\w*)?Request")

Direction = Literal["asc", "desc"]
Row = TypeVar("Row")


class Binding:
    """What the tokens of one list are bound to; most lists need none, so it is read late."""

    def __init__(self, request: Message, scope: Scope) -> None:
        self._request = request
        self._scope = scope

    @cached_property
    def values(self) -> dict[str, Any]:
        return _binding(self._request, self._scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The part of a list that is asked for."""

    size: int
    after: tuple[Any, ...] | None = None
    with_item_tokens: bool = False
    # None where no token is ever made.
    binding: Binding | None
    # The parent whose list it is, by its field, where a BatchList asks for many.
    parent: tuple[str, str] | None = None

    def bound(self) -> bytes:
        """Write what tokens of this list are bound to, in canonical form."""
        assert self.binding is not None
        values = self.binding.values
        if self.parent is not None:
            field, parent = self.parent
            values = values | {"said": values["said"] | {field: parent}}
        return canonical_json(values)


@dataclass(frozen=True, slots=True)
class Cut(Generic[Row]):
    """A page's rows and what a response says beside them."""

    rows: Sequence[Row]
    next_page_token: str
    item_tokens: list[str]


def first_page(size: int) -> Page:
    """Give the beginning of a list, for a statement."""
    return Page(size=size, binding=None)


class PageTokens:
    """Reads and writes page tokens with the key that all processes share.

    A token is sealed, not only signed: it holds sort values, names among them, of rows whose
    personal data is masked. The same place in the same list always has the same token.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES_MIN:
            raise ValueError(f"the page token key needs at least {KEY_BYTES_MIN} bytes")
        self._cipher = AESSIV(sha512(key).digest())

    def page(self, request: Message, *, scope: Scope) -> Page:
        """Read page_size and page_token of a List or BatchList request.

        :raises InvalidArgument: for a negative size and for a token of another list or scope.
        """
        size = getattr(request, "page_size", 0)
        if size < 0:
            raise InvalidArgument("must not be negative", field="page_size")
        page = Page(
            size=min(size or SIZE_DEFAULT, SIZE_MAX),
            with_item_tokens=getattr(request, "with_item_tokens", False),
            binding=Binding(request, scope),
        )
        token = getattr(request, "page_token", "")
        return replace(page, after=self._read(token, page)) if token else page

    def below(self, page: Page, field: str, parent: str) -> Page:
        """Give the page of one parent of a BatchList.

        Its tokens fit the List that has this field, or its filter's, set to the parent.
        """
        return replace(page, parent=(field, parent))

    def token(self, page: Page, sort_values: Sequence[Any], last_id: UUID) -> str:
        """Name the place in the list right behind the row with these sort values and id."""
        sealed = self._cipher.encrypt(write_place((*sort_values, last_id)), [page.bound()])
        return urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")

    def cut(
        self, page: Page, rows: Sequence[Row], *, key: Callable[[Row], tuple[Sequence[Any], UUID]]
    ) -> Cut[Row]:
        """Cut the one row too many that `keyset` fetched; key gives (sort values, id) of a row."""
        shown = rows[: page.size]
        more = len(rows) > page.size
        return Cut(
            shown,
            self.token(page, *key(shown[-1])) if more else "",
            [self.token(page, *key(row)) for row in shown] if page.with_item_tokens else [],
        )

    def _read(self, token: str, page: Page) -> tuple[Any, ...]:
        try:
            sealed = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
            payload = self._cipher.decrypt(sealed, [page.bound()])
        except (ValueError, binascii.Error, InvalidTag):
            raise InvalidArgument("is not a token of this list", field="page_token") from None
        return read_place(payload)


def write_place(values: Sequence[Any]) -> bytes:
    """Write the place of a row in a list: its sort values and its id."""
    return orjson.dumps([*map(_write_value, values)])


def read_place(text: bytes | str) -> tuple[Any, ...]:
    return tuple(map(_read_value, orjson.loads(text)))


def _binding(request: Message, scope: Scope) -> dict[str, Any]:
    name = request.DESCRIPTOR.name
    match = _NAME_OF_LIST.fullmatch(name)
    without = _NOT_BOUND
    if name.startswith("Batch"):
        # The parents come in one by one, through `below`.
        without |= {field for field in _field_names(request) if field.endswith("ids")}
    said = canonical(request, without=without)
    # A List names its parent beside its filter or in it; for a token that is one.
    said = said.pop("filter", {}) | said
    return {
        "list": f"{request.DESCRIPTOR.file.package}.{match[1] if match else name}",
        "scope": [
            str(scope.tenant_id),
            str(scope.partner_id),
            str(scope.customer_id),
            None
            if scope.account_manager_ids is None
            else sorted(map(str, scope.account_manager_ids)),
        ],
        "said": said,
    }


def _field_names(request: Message) -> list[str]:
    return [field.name for field in request.DESCRIPTOR.fields]


_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    type(None): lambda _: "n",
    bool: lambda value: f"b{value:d}",
    str: lambda value: f"s{value}",
    int: lambda value: f"i{value}",
    UUID: lambda value: f"u{value.hex}",
    datetime: lambda value: f"t{value.isoformat()}",
    date: lambda value: f"a{value.isoformat()}",
    Decimal: lambda value: f"d{value}",
}
_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "n": lambda _: None,
    "b": lambda text: text == "1",
    "s": str,
    "i": int,
    "u": lambda text: UUID(hex=text),
    "t": datetime.fromisoformat,
    "a": date.fromisoformat,
    "d": Decimal,
}


def _write_value(value: Any) -> str:
    # The driver's UUIDs are of a class of their own.
    kind = UUID if isinstance(value, UUID) else type(value)
    return _WRITERS[kind](value)


def _read_value(text: str) -> Any:
    return _READERS[text[0]](text[1:])


_Statement = TypeVar("_Statement", bound=Select[Any])


def keyset(
    statement: _Statement, *, sort: Sequence[tuple[Any, Direction]], page: Page
) -> _Statement:
    """Order a list by the sort keys, start behind the page's token, and fetch one row too many.

    The last key must be the id, so that the order is total. NULL counts as greater than any
    value, as PostgreSQL orders by default, so that a plain index serves both directions.
    """
    order = [column.asc() if direction == "asc" else column.desc() for column, direction in sort]
    if page.after is not None:
        if len(page.after) != len(sort):
            raise InvalidArgument("is not a token of this list", field="page_token")
        statement = statement.where(_behind(sort, page.after))
    return statement.order_by(*order).limit(page.size + 1)


def _behind(sort: Sequence[tuple[Any, Direction]], values: tuple[Any, ...]) -> ColumnElement[bool]:
    columns = [column for column, _ in sort]
    directions = {direction for _, direction in sort}
    # Going up, NULL lies behind every value, and no comparison of rows finds it.
    misses_null = "asc" in directions and any(map(_is_nullable, columns))
    if len(directions) == 1 and None not in values and not misses_null:
        # A comparison of rows is one condition on the index.
        here = tuple_(*values, types=[column.type for column in columns])
        row = tuple_(*columns)
        after: ColumnElement[bool] = row > here if directions == {"asc"} else row < here
        return after
    (column, direction), value = sort[0], values[0]
    beyond: ColumnElement[bool] = _beyond(column, direction, value)
    if len(sort) == 1:
        return beyond
    same = column.is_(None) if value is None else column == value
    return or_(beyond, and_(same, _behind(sort[1:], values[1:])))


def _beyond(column: Any, direction: Direction, value: Any) -> Any:
    if direction == "asc":
        if value is None:
            return false()
        return or_(column > value, column.is_(None)) if _is_nullable(column) else column > value
    return column.is_not(None) if value is None else column < value


def _is_nullable(column: Any) -> bool:
    plain = getattr(column, "expression", column)
    return not isinstance(plain, KeyedColumnElement) or bool(getattr(plain, "nullable", True))


def search(column: Any, text: str, *, field: str) -> ColumnElement[bool]:
    """Match a part of the text, in upper or lower case.

    :raises InvalidArgument: where the text is empty or has a blank anywhere (domain.md 1).
    """
    condition: ColumnElement[bool] = column.ilike(_pattern(text, field=field), escape="\\")
    return condition


def search_exact_case(column: Any, text: str, *, field: str) -> ColumnElement[bool]:
    """Match a part of the text, letter by letter.

    :raises InvalidArgument: where the text is empty or has a blank anywhere (domain.md 1).
    """
    condition: ColumnElement[bool] = column.like(_pattern(text, field=field), escape="\\")
    return condition


def _pattern(text: str, *, field: str) -> str:
    if not text or re.search(r"\s", text):
        raise InvalidArgument("must not be empty or contain blanks", field=field)
    if len(text) > SEARCH_LENGTH_MAX:
        raise InvalidArgument(f"must have at most {SEARCH_LENGTH_MAX} characters", field=field)
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"
