"""Where a plan's data come from: rpcs with their arguments, and values known beforehand.

A source is asked once, or once for the keys of every level that needs it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, Protocol

from google.protobuf.message import Message

from gateway.engine.batches import asked
from gateway.engine.known import Known, without
from gateway.engine.masks import Mask
from gateway.engine.values import Arguments, Variables
from gateway.kit.contract import Rpc
from gateway.kit.errors import Rename, renamed
from gateway.kit.loading import Reading
from gateway.kit.many import PARENTS_MAX, Many, loader_key, refuse_many_parents
from gateway.kit.nodes import KEYS_MAX
from gateway.kit.shows import Shown
from gateway.kit.writes import Outcome, Write

_AS_IT_IS: Final = renamed({})
# Requests kept for the values that their variables had.
REQUESTS_MAX: Final = 64


class Source(Protocol):
    """What the steps of a plan ask."""

    name: str

    @property
    def rpc(self) -> Rpc: ...

    @property
    def mask(self) -> Mask | None: ...

    def start(self, variables: Variables) -> Any:
        """Give the result before anything is asked.

        :raises Failed: BAD_USER_INPUT for an argument.
        """
        ...

    async def ask(
        self, reading: Reading, variables: Variables, result: Any, keys: list[str]
    ) -> Any:
        """Ask for these keys, and give the result with what came of them.

        :raises PartlyFailed: where it failed for some keys.
        """
        ...

    def tell(self, known: Known, variables: Variables, result: Any) -> None:
        """Tell what was asked and what came of it."""
        ...


class Requests:
    """The request of a source, made once for equal values of the variables in its arguments."""

    def __init__(self, arguments: Arguments) -> None:
        self.arguments = arguments
        self._made: dict[tuple[Any, ...], Message] = {}

    def of(self, variables: Variables, make: Callable[[Mapping[str, Any]], Message]) -> Message:
        """Give the request that is made of the arguments' values; nobody may change it.

        :raises Failed: BAD_USER_INPUT naming the argument.
        """
        key = self.arguments.key(variables)
        try:
            made = self._made.get(key)
        except TypeError:
            # Lists and input objects can not be looked up.
            return make(self.arguments.values(variables))
        if made is None:
            made = make(self.arguments.values(variables))
            if len(self._made) >= REQUESTS_MAX:
                self._made.clear()
            self._made[key] = made
        return made


@dataclass(eq=False)
class Whole:
    """A response that is shown as it is: a page of a list, a sum, a count, a search."""

    name: str
    rpc: Rpc
    # Gives no request where nothing is to be asked this time.
    request: Callable[[Variables], Message | None]
    rename: Rename
    mask: Mask | None = None

    def start(self, variables: Variables) -> None:
        self.request(variables)

    async def ask(
        self,
        reading: Reading,
        variables: Variables,
        result: Any,  # noqa: ARG002 - sources are asked alike
        keys: list[str],  # noqa: ARG002 - likewise
    ) -> Any:
        request = self.request(variables)
        if request is None:
            return None
        return await reading.ask(self.rpc, request, rename=self.rename)

    def tell(self, known: Known, variables: Variables, result: Any) -> None:
        request = self.request(variables)
        if request is not None and result is not None:
            known.answered(self.rpc, request, result, fields=_fields(self.mask))


@dataclass(eq=False)
class ByKey:
    """Things found by their ids: id → message, or None where there is no such thing."""

    name: str
    thing: Shown
    rpc: Rpc
    mask: Mask

    def start(self, variables: Variables) -> dict[str, Any]:  # noqa: ARG002 - sources start alike
        return {}

    async def ask(
        self,
        reading: Reading,
        variables: Variables,  # noqa: ARG002 - sources are asked alike
        result: dict[str, Any],
        keys: list[str],
    ) -> dict[str, Any]:
        items = self.thing.items

        async def ask(some: list[str]) -> dict[str, Any]:
            request = self.mask.put(self.rpc, self.rpc.request(ids=some))
            response = await reading.ask(self.rpc, request, rename=_AS_IT_IS)
            return {item.id: item for item in getattr(response, items)}

        return await asked(ask, keys, KEYS_MAX, result)

    def tell(self, known: Known, variables: Variables, result: Any) -> None:  # noqa: ARG002
        known.loaded(self.rpc, result, fields=_fields(self.mask))


@dataclass(eq=False)
class ByParent:
    """Lists of many parents: parent's id → group, or what follows a cursor in one list."""

    name: str
    edge: Many
    requests: Requests
    mask: Mask
    with_cursors: bool = False
    # How the reference executor asks: fields of one source may want cursors or not.
    asked_with: set[bool] = field(default_factory=set)

    @property
    def rpc(self) -> Rpc:
        return self.edge.batch

    def start(self, variables: Variables) -> dict[str, Any]:
        self.request(variables)
        return {}

    def request(self, variables: Variables) -> Message:
        """Give the batch's request but for the parents; nobody may change it."""
        return self.requests.of(variables, self._request)

    def _request(self, given: Mapping[str, Any]) -> Message:
        request = self.edge.request(given, with_cursors=self.with_cursors)
        return self.mask.put(self.rpc, request)

    def after(self, variables: Variables) -> str:
        arguments = self.requests.arguments
        if not arguments.names("after"):
            return ""
        after: str | None = arguments.values(variables).get("after")
        return after or ""

    async def ask(
        self, reading: Reading, variables: Variables, result: dict[str, Any], keys: list[str]
    ) -> dict[str, Any]:
        edge, base = self.edge, self.request(variables)
        after = self.after(variables)
        rename = edge.asked.rename
        parents, key, groups = edge.parents, attrgetter(edge.key), edge.groups

        async def first(some: list[str]) -> dict[str, Any]:
            request: Any = self.rpc.request()
            request.CopyFrom(base)
            getattr(request, parents).extend(some)
            response = await reading.ask(self.rpc, request, rename=rename)
            found = list(getattr(response, groups))
            return dict(zip(map(key, found), found, strict=True))

        async def following(some: list[str]) -> dict[str, Any]:
            refuse_many_parents(some)
            request = edge.after_request(base, parent=some[0], after=after)
            return {some[0]: await reading.ask(edge.going_on, request, rename=rename)}

        return await asked(following if after else first, keys, PARENTS_MAX, result)

    def tell(self, known: Known, variables: Variables, result: Any) -> None:
        after = self.after(variables)
        shown = {
            key: value
            if value is None or isinstance(value, Exception)
            else self.edge.page(value, went_on=bool(after))
            for key, value in result.items()
        }
        for with_cursors in self.asked_with:
            request: Any = without(self.request(variables), "read_mask")
            if self.rpc.takes("with_item_tokens"):
                request.with_item_tokens = with_cursors
            loader = loader_key(self.rpc, request, after=after)
            known.loaded(loader, shown, fields=_fields(self.mask))


@dataclass(eq=False)
class Written:
    """What came of a mutation."""

    name: str
    write: Write
    arguments: Arguments
    mask: None = None

    @property
    def rpc(self) -> Rpc:
        return self.write.rpc

    def start(self, variables: Variables) -> None:
        self._request(variables)

    async def ask(
        self,
        reading: Reading,
        variables: Variables,
        result: Any,  # noqa: ARG002 - sources are asked alike
        keys: list[str],  # noqa: ARG002 - likewise
    ) -> Outcome:
        return await self.write.write(reading, self._request(variables))

    def tell(self, known: Known, variables: Variables, result: Any) -> None:
        if isinstance(result, Outcome):
            result = result.error or result.response
        known.answered(self.rpc, self._request(variables), result, fields=_fields(None))

    def _request(self, variables: Variables) -> Message:
        return self.write.request(self.arguments.values(variables)["input"])


def _fields(mask: Mask | None) -> frozenset[str]:
    return frozenset(mask.fields if mask is not None else ())
