"""Root fields that show pages of a List rpc, or the whole response of another."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from google.protobuf.message import Message
from strawberry.types import get_object_definition
from strawberry.types.arguments import StrawberryArgument

from gateway.kit.arguments import ListArguments
from gateway.kit.contract import BindingRefused, Rpc, repeated_message
from gateway.kit.fields import Resolve, bound, innermost
from gateway.kit.loading import Info, Reading
from gateway.kit.pages import Page, wants_cursors
from gateway.kit.shows import shown


@dataclass(frozen=True)
class Listing:
    """A root field that shows pages of a List rpc, and perhaps counts by another."""

    rpc: Rpc
    count: Rpc | None = None
    kind: str = field(default="listing", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return self.asked.declare()

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        items = repeated_message(self.rpc.response, why=why)
        check_items(target, items.message_type, why=why)

        async def resolve(_source: Any, info: Info, **given: Any) -> Page:
            request: Any = self.request(given, with_cursors=wants_cursors(info))
            reading: Reading = info.context
            response = await reading.ask(self.rpc, request, rename=self.asked.rename)
            return Page(
                getattr(response, items.name),
                next_token=response.next_page_token,
                tokens=response.item_tokens,
                went_on=bool(request.page_token),
                count=self._counting(reading, request),
            )

        return resolve

    @cached_property
    def asked(self) -> ListArguments:
        return ListArguments(self.rpc)

    @property
    def items(self) -> str:
        """Name the response's field that holds the items."""
        name: str = repeated_message(self.rpc.response, why=self.rpc.name).name
        return name

    def request(self, given: Mapping[str, Any], *, with_cursors: bool) -> Message:
        """Make the request of coerced arguments.

        :raises Failed: BAD_USER_INPUT naming the argument.
        """
        request: Any = self.asked.request(given)
        request.page_token = given.get("after") or ""
        request.with_item_tokens = with_cursors
        return request  # type: ignore[no-any-return]

    def count_request(self, listed: Any) -> Message:
        """Make the request that counts what another lists, if there is an rpc that counts."""
        if self.count is None:
            raise BindingRefused(f"{self.rpc.name} is not counted")
        request: Any = self.count.request()
        if listed.HasField("filter"):
            request.filter.CopyFrom(listed.filter)
        return request  # type: ignore[no-any-return]

    def _counting(self, reading: Reading, listed: Any) -> Callable[[], Awaitable[int]] | None:
        rpc = self.count
        if rpc is None:
            return None

        async def count() -> int:
            request = self.count_request(listed)
            response = await reading.ask(rpc, request, rename=self.asked.rename)
            total: int = response.total_count
            return total

        return count


@dataclass(frozen=True)
class Single:
    """A root field that shows the whole response of an rpc."""

    rpc: Rpc
    kind: str = field(default="single", init=False)

    @cached_property
    def asked(self) -> ListArguments:
        return ListArguments(self.rpc)

    def arguments(self) -> list[StrawberryArgument]:
        return self.asked.declare()

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        if shown(target, why=why).message is not self.rpc.response:
            raise BindingRefused(f"{why}: {self.rpc.name} does not give {target.__name__}")

        async def resolve(_source: Any, info: Info, **given: Any) -> Any:
            request = self.asked.request(given)
            return await info.context.ask(self.rpc, request, rename=self.asked.rename)

        return resolve


def listing(rpc: Rpc, *, count: Rpc | None = None, description: str = "") -> Any:
    """Declare a root field that shows pages of a List rpc."""
    return bound(Listing(rpc, count), description=description or rpc.description)


def single(rpc: Rpc, *, description: str = "") -> Any:
    """Declare a root field that shows the whole response of an rpc."""
    return bound(Single(rpc), description=description or rpc.description)


def check_items(target: type, descriptor: Any, *, why: str) -> None:
    """Hold the type that a list shows against what the rpc gives."""
    definition = get_object_definition(target, strict=True)
    nodes = [each for each in definition.fields if each.python_name == "nodes"]
    item = innermost(nodes[0].resolve_type(type_definition=definition)) if nodes else target
    if shown(item, why=why).message.DESCRIPTOR is not descriptor:
        raise BindingRefused(f"{why}: the rpc gives {descriptor.full_name}, the field another type")
