"""Where a plan's data come from: rpcs with their arguments, and values known beforehand.

A source is asked once, or once for the keys of every level that needs it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Protocol

from google.protobuf.message import Message

from gateway.engine.batches import Answer, ask_in_chunks
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
        self, reading: Reading, variables: Variables, keys: list[str]
    ) -> Sequence[Answer]:
        """Ask for these keys, or for all there is to ask; failures of rpcs are answers, too."""
        ...

    def add(self, result: Any, answer: Answer, response: Any) -> Any:
        """Give the result with what an answer brought: its response, or an exception."""
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
        self, reading: Reading, variables: Variables, keys: list[str]
    ) -> Sequence[Answer]:
        request = self.request(variables)
        if request is None:
            return ()

        async def call(_: list[str]) -> bytes:
            return await reading.ask_unread(self.rpc, request, rename=self.rename)

        return await ask_in_chunks(self.rpc, call, keys, size=1)

    def add(self, result: Any, answer: Answer, response: Any) -> Any:  # noqa: ARG002 - sources take answers alike
        return response

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

    @cached_property
    def _request(self) -> Message:
        """Give the request but for the ids; nobody may change it."""
        return self.mask.put(self.rpc, self.rpc.request())

    def start(self, variables: Variables) -> dict[str, Any]:  # noqa: ARG002 - sources start alike
        return {}

    async def ask(
        self,
        reading: Reading,
        variables: Variables,  # noqa: ARG002 - sources are asked alike
        keys: list[str],
    ) -> Sequence[Answer]:
        async def call(some: list[str]) -> bytes:
            request: Any = self.rpc.request()
            request.CopyFrom(self._request)
            request.ids.extend(some)
            return await reading.ask_unread(self.rpc, request, rename=_AS_IT_IS)

        return await ask_in_chunks(self.rpc, call, keys, size=KEYS_MAX)

    def add(self, result: dict[str, Any], answer: Answer, response: Any) -> dict[str, Any]:
        return _sorted_in(result, answer, response, self.thing.items, "id")

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
        self, reading: Reading, variables: Variables, keys: list[str]
    ) -> Sequence[Answer]:
        edge, base = self.edge, self.request(variables)
        after = self.after(variables)
        rename = edge.asked.rename

        async def first(some: list[str]) -> bytes:
            request: Any = self.rpc.request()
            request.CopyFrom(base)
            getattr(request, edge.parents).extend(some)
            return await reading.ask_unread(self.rpc, request, rename=rename)

        async def following(some: list[str]) -> bytes:
            refuse_many_parents(some)
            request = edge.after_request(base, parent=some[0], after=after)
            return await reading.ask_unread(edge.going_on, request, rename=rename)

        rpc, call = (edge.going_on, following) if after else (self.rpc, first)
        return await ask_in_chunks(rpc, call, keys, size=PARENTS_MAX)

    def add(self, result: dict[str, Any], answer: Answer, response: Any) -> dict[str, Any]:
        if answer.rpc is self.rpc:
            return _sorted_in(result, answer, response, self.edge.groups, self.edge.key)
        result.update(dict.fromkeys(answer.keys, response))
        return result

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
        self, reading: Reading, variables: Variables, keys: list[str]
    ) -> Sequence[Answer]:
        outcome = await self.write.write(reading, self._request(variables))
        return [Answer(self.rpc, keys, outcome)]

    def add(self, result: Any, answer: Answer, response: Any) -> Any:  # noqa: ARG002 - sources take answers alike
        return response

    def tell(self, known: Known, variables: Variables, result: Any) -> None:
        if isinstance(result, Outcome):
            result = result.error or result.response
        known.answered(self.rpc, self._request(variables), result, fields=_fields(None))

    def _request(self, variables: Variables) -> Message:
        return self.write.request(self.arguments.values(variables)["input"])


def _sorted_in(
    result: dict[str, Any], answer: Answer, response: Any, items: str, key: str
) -> dict[str, Any]:
    """Add what came of each key: an item of the response, none, or the exception in its place."""
    if isinstance(response, Exception):
        result.update(dict.fromkeys(answer.keys, response))
        return result
    before = len(result)
    for item in getattr(response, items):
        result[getattr(item, key)] = item
    if len(result) - before < len(answer.keys):
        for name in answer.keys:
            result.setdefault(name, None)
    return result


def _fields(mask: Mask | None) -> frozenset[str]:
    return frozenset(mask.fields if mask is not None else ())
