"""Lists: root fields that ask a List rpc, and edges that ask one batch rpc for all parents."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import Message
from strawberry.types import get_object_definition
from strawberry.types.arguments import StrawberryArgument

from gateway.kit.arguments import AFTER_NESTED, ListArguments
from gateway.kit.contract import BindingRefused, Rpc, camel, repeated_message, resource_of
from gateway.kit.errors import bad_input
from gateway.kit.fields import Resolve, bound, innermost
from gateway.kit.loading import Info, Loader, Reading
from gateway.kit.pages import Page, wants_cursors
from gateway.kit.shows import shown

# The contract's bound for BatchList rpcs.
PARENTS_MAX: Final = 100

Load = Callable[[str], Awaitable[Any]]


@dataclass(frozen=True)
class Listing:
    """A root field that shows pages of a List rpc, and perhaps counts by another."""

    rpc: Rpc
    count: Rpc | None = None
    kind: str = field(default="listing", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return ListArguments(self.rpc).declare()

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        asked = ListArguments(self.rpc)
        items = repeated_message(self.rpc.response, why=why)
        _check_items(target, items.message_type, why=why)

        async def resolve(_source: Any, info: Info, **given: Any) -> Page:
            request: Any = asked.request(given)
            request.page_token = given.get("after") or ""
            request.with_item_tokens = wants_cursors(info)
            reading: Reading = info.context
            response = await reading.ask(self.rpc, request, rename=asked.rename)
            return Page(
                getattr(response, items.name),
                next_token=response.next_page_token,
                tokens=response.item_tokens,
                went_on=bool(request.page_token),
                count=self._counting(reading, request),
            )

        return resolve

    def _counting(self, reading: Reading, listed: Any) -> Callable[[], Awaitable[int]] | None:
        rpc = self.count
        if rpc is None:
            return None

        async def count() -> int:
            request: Any = rpc.request()
            if listed.HasField("filter"):
                request.filter.CopyFrom(listed.filter)
            response = await reading.ask(rpc, request, rename=ListArguments(self.rpc).rename)
            total: int = response.total_count
            return total

        return count


@dataclass(frozen=True)
class Single:
    """A root field that shows the whole response of an rpc."""

    rpc: Rpc
    kind: str = field(default="single", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return ListArguments(self.rpc).declare()

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        asked = ListArguments(self.rpc)
        if shown(target, why=why).message is not self.rpc.response:
            raise BindingRefused(f"{why}: {self.rpc.name} does not give {target.__name__}")

        async def resolve(_source: Any, info: Info, **given: Any) -> Any:
            return await info.context.ask(self.rpc, asked.request(given), rename=asked.rename)

        return resolve


@dataclass(frozen=True)
class Many:
    """An edge to lists of things: the first page of each parent by one batch rpc."""

    batch: Rpc
    # Where a single parent's list goes on; none where the lists have no pages.
    following: Rpc | None = None
    # Arguments whose words differ from the contract's.
    names: Mapping[str, str] = field(default_factory=dict)
    kind: str = field(default="many", init=False)

    @property
    def parents(self) -> str:
        """Name the request's field that holds the parents' ids."""
        found = [each for each in self.batch.request.DESCRIPTOR.fields if each.is_repeated]
        if len(found) != 1 or not resource_of(found[0]):
            raise BindingRefused(f"{self.batch.name} does not take the ids of many parents")
        return found[0].name

    def arguments(self) -> list[StrawberryArgument]:
        return self._asked().declare()

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:
        self._check(target, source, why=why)
        asked = self._asked()

        def resolve(parent: Any, info: Info, **given: Any) -> Any:
            # One field of the document has the same arguments for all its parents.
            reading: Reading = info.context
            node = id(info.field_nodes[0])
            load = reading.prepared.get(node)
            if load is None:
                load = reading.prepared[node] = self._prepare(reading, asked, info, given)
            return load(parent.id)

        return resolve

    def _asked(self) -> ListArguments:
        return ListArguments(
            self.batch, filled=(self.parents,), names=self.names, after=AFTER_NESTED
        )

    def _prepare(self, reading: Reading, asked: ListArguments, info: Info, given: Any) -> Load:
        request: Any = asked.request(given)
        self._refuse_parent_in_filter(request)
        if self.batch.takes("with_item_tokens"):
            request.with_item_tokens = wants_cursors(info)
        after = given.get("after") or ""
        key = (self.batch, request.SerializeToString(deterministic=True), after)
        loader = reading.loaders.get(key)
        if loader is None:
            fetch = Following(self, asked, request, after) if after else First(self, asked, request)
            loader = reading.loaders[key] = Loader(fetch.of(reading), keys_max=PARENTS_MAX)
        return loader.load

    def _refuse_parent_in_filter(self, request: Any) -> None:
        key = self.parents.removesuffix("s")
        inside = request.DESCRIPTOR.fields_by_name.get("filter")
        if inside is None or key not in inside.message_type.fields_by_name:
            return
        if request.filter.HasField(key):
            raise bad_input("is what the field stands below", field=f"filter.{camel(key)}")

    def _check(self, target: type, source: type, *, why: str) -> None:
        groups = repeated_message(self.batch.response, why=why)
        group = groups.message_type
        items = repeated_in_group(group, why=why)
        _check_items(target, items.message_type, why=why)
        if shown(source, why=why).prefix != resource_of(self.batch.request_field(self.parents)):
            raise BindingRefused(f"{why}: {self.batch.name} is not about {source.__name__}")
        if self.batch.takes("page_size") != (self.following is not None):
            raise BindingRefused(f"{why}: {self.batch.name} has pages exactly if a list follows")


@dataclass(frozen=True)
class First:
    """Fetches the first pages of many parents."""

    edge: Many
    asked: ListArguments
    request: Any

    def of(self, reading: Reading) -> Callable[[list[str]], Awaitable[Mapping[str, Any]]]:
        rpc, parents = self.edge.batch, self.edge.parents
        key = parents.removesuffix("s")
        group = repeated_message(rpc.response, why=rpc.name)
        items = repeated_in_group(group.message_type, why=rpc.name).name
        paged = rpc.takes("page_size")

        async def fetch(keys: list[str]) -> Mapping[str, Any]:
            request = rpc.request()
            request.CopyFrom(self.request)
            getattr(request, parents).extend(keys)
            response = await reading.ask(rpc, request, rename=self.asked.rename)
            groups = getattr(response, group.name)
            if not paged:
                return {getattr(each, key): list(getattr(each, items)) for each in groups}
            return {
                getattr(each, key): Page(
                    getattr(each, items),
                    next_token=each.next_page_token,
                    tokens=each.item_tokens,
                    went_on=False,
                )
                for each in groups
            }

        return fetch


@dataclass(frozen=True)
class Following:
    """Fetches a later page of a single parent by the List rpc."""

    edge: Many
    asked: ListArguments
    request: Any
    after: str

    def of(self, reading: Reading) -> Callable[[list[str]], Awaitable[Mapping[str, Any]]]:
        rpc = self.edge.following
        if rpc is None:
            raise BindingRefused(f"{self.edge.batch.name}: no rpc goes on")
        items = repeated_message(rpc.response, why=rpc.name).name

        async def fetch(keys: list[str]) -> Mapping[str, Any]:
            if len(keys) != 1:
                raise bad_input("goes on in the list of a single parent only", field="after")
            request = self._list_request(rpc, keys[0])
            response = await reading.ask(rpc, request, rename=self.asked.rename)
            page = Page(
                getattr(response, items),
                next_token=response.next_page_token,
                tokens=response.item_tokens,
                went_on=True,
            )
            return {keys[0]: page}

        return fetch

    def _list_request(self, rpc: Rpc, parent: str) -> Message:
        """Copy what both requests have, and name the parent beside the filter or in it."""
        request: Any = rpc.request()
        for name in ("page_size", "filter", "order_by", "with_item_tokens"):
            if not rpc.takes(name):
                continue
            value = getattr(self.request, name)
            if not isinstance(value, Message):
                setattr(request, name, value)
            elif self.request.HasField(name):
                request.filter.CopyFrom(value)
        request.page_token = self.after
        key = self.edge.parents.removesuffix("s")
        setattr(request if rpc.takes(key) else request.filter, key, parent)
        return request  # type: ignore[no-any-return]


def listing(rpc: Rpc, *, count: Rpc | None = None, description: str = "") -> Any:
    """Declare a root field that shows pages of a List rpc."""
    return bound(Listing(rpc, count), description=description or rpc.description)


def single(rpc: Rpc, *, description: str = "") -> Any:
    """Declare a root field that shows the whole response of an rpc."""
    return bound(Single(rpc), description=description or rpc.description)


def many(
    batch: Rpc,
    following: Rpc | None = None,
    *,
    description: str,
    names: Mapping[str, str] | None = None,
) -> Any:
    """Declare an edge to lists: the batch rpc of first pages, the List rpc of later ones."""
    return bound(Many(batch, following, names or {}), description=description)


def repeated_in_group(group: Any, *, why: str) -> Any:
    """Give the field of a batch response's group that holds the items.

    :raises BindingRefused: where there is not exactly one.
    """
    found = [each for each in group.fields if each.is_repeated and each.message_type is not None]
    if len(found) != 1:
        raise BindingRefused(f"{why}: {group.full_name} is not a list of one thing")
    return found[0]


def _check_items(target: type, descriptor: Any, *, why: str) -> None:
    """Hold the type that a list shows against what the rpc gives."""
    definition = get_object_definition(target, strict=True)
    nodes = [each for each in definition.fields if each.python_name == "nodes"]
    item = innermost(nodes[0].resolve_type(type_definition=definition)) if nodes else target
    if shown(item, why=why).message.DESCRIPTOR is not descriptor:
        raise BindingRefused(f"{why}: the rpc gives {descriptor.full_name}, the field another type")
