"""Edges to lists of things: one batch rpc asks for the first page of every parent."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from google.protobuf.message import Message
from strawberry.types.arguments import StrawberryArgument

from gateway.kit.arguments import AFTER_NESTED, ListArguments
from gateway.kit.contract import BindingRefused, Rpc, camel, repeated_message, resource_of
from gateway.kit.errors import bad_input
from gateway.kit.fields import Resolve, bound
from gateway.kit.lists import check_items
from gateway.kit.loading import Info, Loader, Reading
from gateway.kit.pages import Page, wants_cursors
from gateway.kit.shows import shown

# The contract's bound for BatchList rpcs.
PARENTS_MAX: Final = 100

Load = Callable[[str], Awaitable[Any]]


@dataclass(frozen=True)
class Many:
    """An edge to lists of things: the first page of each parent by one batch rpc."""

    batch: Rpc
    # Where a single parent's list goes on; none where the lists have no pages.
    following: Rpc | None = None
    # Arguments whose words differ from the contract's.
    names: Mapping[str, str] = field(default_factory=dict)
    kind: str = field(default="many", init=False)

    @cached_property
    def parents(self) -> str:
        """Name the request's field that holds the parents' ids."""
        found = [each for each in self.batch.request.DESCRIPTOR.fields if each.is_repeated]
        if len(found) != 1 or not resource_of(found[0]):
            raise BindingRefused(f"{self.batch.name} does not take the ids of many parents")
        return found[0].name

    @cached_property
    def groups(self) -> str:
        """Name the response's field that holds a group for each parent."""
        name: str = repeated_message(self.batch.response, why=self.batch.name).name
        return name

    @cached_property
    def items(self) -> str:
        """Name the field that holds the items, of a group and of a page that follows alike."""
        group = repeated_message(self.batch.response, why=self.batch.name).message_type
        name: str = repeated_in_group(group, why=self.batch.name).name
        return name

    @property
    def going_on(self) -> Rpc:
        """Give the rpc that goes on in one parent's list; only where the lists have pages."""
        if self.following is None:
            raise BindingRefused(f"{self.batch.name}: no rpc goes on")
        return self.following

    @cached_property
    def key(self) -> str:
        """Name the field of a group that holds its parent's id."""
        return self.parents.removesuffix("s")

    def page(self, group: Any, *, went_on: bool) -> Any:
        """Give what the edge shows of a parent's group, or of the response that follows."""
        items = getattr(group, self.items)
        if self.following is None:
            return list(items)
        return Page(
            items,
            next_token=group.next_page_token,
            tokens=group.item_tokens,
            went_on=went_on,
        )

    def arguments(self) -> list[StrawberryArgument]:
        return self.asked.declare()

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:
        self._check(target, source, why=why)

        def resolve(parent: Any, info: Info, **given: Any) -> Any:
            # One field of the document has the same arguments for all its parents.
            reading: Reading = info.context
            node = id(info.field_nodes[0])
            load = reading.prepared.get(node)
            if load is None:
                load = reading.prepared[node] = self._prepare(reading, info, given)
            return load(parent.id)

        return resolve

    @cached_property
    def asked(self) -> ListArguments:
        return ListArguments(
            self.batch, filled=(self.parents,), names=self.names, after=AFTER_NESTED
        )

    def request(self, given: Mapping[str, Any], *, with_cursors: bool) -> Message:
        """Make the batch's request of coerced arguments, but for the parents.

        :raises Failed: BAD_USER_INPUT naming the argument.
        """
        request: Any = self.asked.request(given)
        self._refuse_parent_in_filter(request)
        if self.batch.takes("with_item_tokens"):
            request.with_item_tokens = with_cursors
        return request  # type: ignore[no-any-return]

    def after_request(self, request: Any, *, parent: str, after: str) -> Message:
        """Make the request that goes on in one parent's list.

        Copies what both requests have, and names the parent beside the filter or in it.
        """
        rpc = self.going_on
        following: Any = rpc.request()
        for name in ("page_size", "filter", "order_by", "with_item_tokens", "read_mask"):
            if not rpc.takes(name):
                continue
            value = getattr(request, name)
            if not isinstance(value, Message):
                setattr(following, name, value)
            elif request.HasField(name):
                getattr(following, name).CopyFrom(value)
        following.page_token = after
        key = self.key
        setattr(following if rpc.takes(key) else following.filter, key, parent)
        return following  # type: ignore[no-any-return]

    def _prepare(self, reading: Reading, info: Info, given: Any) -> Load:
        request = self.request(given, with_cursors=wants_cursors(info))
        after = given.get("after") or ""
        key = loader_key(self.batch, request, after=after)
        loader = reading.loaders.get(key)
        if loader is None:
            asked = self.asked
            fetch = Following(self, asked, request, after) if after else First(self, asked, request)
            loader = reading.loaders[key] = Loader(
                fetch.of(reading), keys_max=PARENTS_MAX, known=reading.known.get(key)
            )
        return loader.load

    def _refuse_parent_in_filter(self, request: Any) -> None:
        key = self.key
        inside = request.DESCRIPTOR.fields_by_name.get("filter")
        if inside is None or key not in inside.message_type.fields_by_name:
            return
        if request.filter.HasField(key):
            raise bad_input("is what the field stands below", field=f"filter.{camel(key)}")

    def _check(self, target: type, source: type, *, why: str) -> None:
        groups = repeated_message(self.batch.response, why=why)
        group = groups.message_type
        items = repeated_in_group(group, why=why)
        check_items(target, items.message_type, why=why)
        if shown(source, why=why).prefix != resource_of(self.batch.request_field(self.parents)):
            raise BindingRefused(f"{why}: {self.batch.name} is not about {source.__name__}")
        following = self.following
        if self.batch.takes("page_size") != (following is not None):
            raise BindingRefused(f"{why}: {self.batch.name} has pages exactly if a list follows")
        if following and repeated_message(following.response, why=why).name != items.name:
            raise BindingRefused(f"{why}: {following.name} names its items differently")


@dataclass(frozen=True)
class First:
    """Fetches the first pages of many parents."""

    edge: Many
    asked: ListArguments
    request: Any

    def of(self, reading: Reading) -> Callable[[list[str]], Awaitable[Mapping[str, Any]]]:
        edge, rpc = self.edge, self.edge.batch
        groups, key = edge.groups, edge.key

        async def fetch(keys: list[str]) -> Mapping[str, Any]:
            request = rpc.request()
            request.CopyFrom(self.request)
            getattr(request, edge.parents).extend(keys)
            response = await reading.ask(rpc, request, rename=self.asked.rename)
            return {
                getattr(each, key): edge.page(each, went_on=False)
                for each in getattr(response, groups)
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
        rpc = self.edge.going_on

        async def fetch(keys: list[str]) -> Mapping[str, Any]:
            refuse_many_parents(keys)
            request = self.edge.after_request(self.request, parent=keys[0], after=self.after)
            response = await reading.ask(rpc, request, rename=self.asked.rename)
            return {keys[0]: self.edge.page(response, went_on=True)}

        return fetch


def many(
    batch: Rpc,
    following: Rpc | None = None,
    *,
    description: str,
    names: Mapping[str, str] | None = None,
) -> Any:
    """Declare an edge to lists: the batch rpc of first pages, the List rpc of later ones."""
    return bound(Many(batch, following, names or {}), description=description)


def loader_key(batch: Rpc, request: Message, *, after: str) -> Any:
    """Give what two edges must have in common to share a loader."""
    return batch, request.SerializeToString(deterministic=True), after


def refuse_many_parents(keys: list[str]) -> None:
    """Refuse a cursor below several parents.

    :raises Failed: BAD_USER_INPUT naming the argument.
    """
    if len(keys) != 1:
        raise bad_input("goes on in the list of a single parent only", field="after")


def repeated_in_group(group: Any, *, why: str) -> Any:
    """Give the field of a batch response's group that holds the items.

    :raises BindingRefused: where there is not exactly one.
    """
    found = [each for each in group.fields if each.is_repeated and each.message_type is not None]
    if len(found) != 1:
        raise BindingRefused(f"{why}: {group.full_name} is not a list of one thing")
    return found[0]
