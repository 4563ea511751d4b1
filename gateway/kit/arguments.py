"""The arguments of a list, derived from the request of its rpc, and the request made of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from google.protobuf.message import Message
from strawberry import ID, UNSET
from strawberry.types.arguments import StrawberryArgument

from gateway.kit.contract import BindingRefused, Field, Rpc, description_of, resource_of
from gateway.kit.errors import Rename, bad_input, renamed
from gateway.kit.fields import argument
from gateway.kit.inputs import fill, input_of, set_field
from gateway.kit.leaves import KINDS, MESSAGE_LEAVES
from gateway.kit.words import words_of

PAGE_DEFAULT: Final = 20
PAGE_MAX: Final = 100
# The contract's word → the graph's.
NAMES: Final = {"page_size": "first", "page_token": "after", "order_by": "orderBy"}
# What has an argument of its own shape, or none because the gateway fills it.
OWN: Final = frozenset(
    {"page_size", "page_token", "filter", "order_by", "with_item_tokens", "read_mask"}
)
AFTER: Final = "Cursor to go on after; of the same list, filter and order."
AFTER_NESTED: Final = (
    f"{AFTER} Only below a single parent: one cursor can not lead on in several lists."
)


@dataclass(frozen=True)
class ListArguments:
    """What a list may be asked with."""

    rpc: Rpc
    # Filled by the gateway: the parents, whether cursors are wanted.
    filled: tuple[str, ...] = ()
    # Further words of the graph that differ from the contract's.
    names: Mapping[str, str] | None = None
    after: str = AFTER

    def declare(self) -> list[StrawberryArgument]:
        """Give the arguments of the field.

        :raises BindingRefused: where the request asks for what no input is declared for.
        """
        declared = []
        if self.rpc.takes("page_size"):
            declared.append(_first())
            declared.append(argument("after", str | None, description=self.after, default=UNSET))
        if self.rpc.takes("filter"):
            declared.append(self._input(self.rpc.request_field("filter")))
        if self.rpc.takes("order_by"):
            declared.append(self._order())
        return declared + [self._other(field) for field in self._others()]

    @cached_property
    def rename(self) -> Rename:
        return renamed({**NAMES, **(self.names or {})})

    def request(self, given: Mapping[str, Any]) -> Message:
        """Make a request of coerced arguments, without what the gateway fills.

        :raises Failed: BAD_USER_INPUT naming the argument.
        """
        request = self.rpc.request()
        if self.rpc.takes("page_size"):
            request.page_size = _page_size(given["first"])  # type: ignore[attr-defined]
        if (filters := given.get("filter")) is not None:
            fill(request.filter, filters, path="filter")  # type: ignore[attr-defined]
            request.filter.SetInParent()  # type: ignore[attr-defined]
        if (order := given.get("orderBy")) is not None:
            set_field(request, self.rpc.request_field("order_by"), order, path="orderBy")
        for field in self._others():
            name = self._name(field.name)
            if (value := given.get(name)) is not None:
                set_field(request, field, value, path=name)
        return request

    def _input(self, field: Any) -> StrawberryArgument:
        declared = input_of(field.message_type)
        if declared is None:
            raise BindingRefused(f"{self.rpc.name}: no input fills {field.message_type.full_name}")
        name, description = self._name(field.name), description_of(field)
        if declared.requires:
            return argument(name, declared.cls, description=description)
        return argument(name, declared.cls | None, description=description, default=UNSET)

    def _order(self) -> StrawberryArgument:
        field = self.rpc.request_field("order_by")
        enum = words_of(field.enum_type)
        if enum is None:
            raise BindingRefused(f"{self.rpc.name}: no enum shows {field.enum_type.full_name}")
        return argument("orderBy", enum | None, description=description_of(field), default=UNSET)

    def _other(self, field: Any) -> StrawberryArgument:
        kind = _kind(field)
        if kind is None and field.message_type is not None and not field.is_repeated:
            return self._input(field)
        if kind is None or field.is_repeated:
            raise BindingRefused(f"{self.rpc.name}: {field.full_name} has no argument")
        name, description = self._name(field.name), description_of(field)
        # Messages have a presence always; only a filter leaves them out.
        if field.has_presence and field.message_type is None:
            return argument(name, kind | None, description=description, default=UNSET)
        return argument(name, kind, description=description)

    def _others(self) -> list[Any]:
        known = {*OWN, *self.filled}
        return [field for field in self.rpc.request.DESCRIPTOR.fields if field.name not in known]

    def _name(self, name: str) -> str:
        return self.rename(name)


def _kind(field: Field) -> Any:
    """Give the type of the argument that fills a field of the request, if there is one."""
    if KINDS.get(field.type) == "text":
        return ID if resource_of(field) else str
    message = field.message_type
    found = None if message is None else MESSAGE_LEAVES.get(message.full_name)
    return None if found is None else found[0]


def _first() -> StrawberryArgument:
    return argument(
        "first",
        int,
        description=f"How many items at most, 1 to {PAGE_MAX}.",
        default=PAGE_DEFAULT,
    )


def _page_size(first: int | None) -> int:
    if first is None or not 1 <= first <= PAGE_MAX:
        raise bad_input(f"must be from 1 to {PAGE_MAX}", field="first")
    return first
