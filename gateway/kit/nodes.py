"""Things with an id: the interface, and how one or many are found by it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import strawberry
from google.protobuf.message import Message
from graphql import GraphQLAbstractType
from strawberry.types.arguments import StrawberryArgument

from gateway.kit.contract import BindingRefused, Rpc, field_of, resource_of
from gateway.kit.errors import bad_input, renamed, wrong_argument
from gateway.kit.fields import Resolve, argument, bound
from gateway.kit.loading import Info, Loader, Reading
from gateway.kit.shows import BY_MESSAGE, BY_PREFIX, Shown, shown, shown_message
from services.kit import ids
from services.kit.errors import InvalidArgument

# The contract's bound for BatchGet rpcs.
KEYS_MAX: Final = 500
NODES_MAX: Final = 100


@strawberry.interface(description="A thing that keeps its id and can be asked for by it.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="The id, the same text everywhere; its prefix tells the type."
    )

    @classmethod
    def resolve_type(
        cls,
        value: Message,
        info: Info,  # noqa: ARG003 - graphql-core's shape
        type_: GraphQLAbstractType,  # noqa: ARG003 - likewise
    ) -> str:
        return BY_MESSAGE[value.DESCRIPTOR.full_name].cls.__name__


def load(reading: Reading, thing: Shown, key: str) -> asyncio.Future[Any]:
    """Ask for one thing by its id, together with all others that are asked for now."""
    rpc = thing.get
    if rpc is None:
        raise BindingRefused(f"{thing.cls.__name__} is not found by an id")
    loader = reading.loaders.get(rpc)
    if loader is None:
        loader = reading.loaders[rpc] = Loader(
            _fetch(reading, rpc, thing), keys_max=KEYS_MAX, known=reading.known.get(rpc)
        )
    return loader.load(key)


def find(reading: Reading, key: str, *, field: str) -> asyncio.Future[Any] | None:
    """Ask for a node of any type; none where the prefix is of no type.

    :raises Failed: where the text is no id at all.
    """
    thing = thing_of(key, field=field)
    return load(reading, thing, key) if thing else None


def thing_of(key: str, *, field: str) -> Shown | None:
    """Tell of which type the thing with an id is; none where the prefix is of no type.

    :raises Failed: where the text is no id at all.
    """
    prefix = key.rpartition("_")[0]
    thing = BY_PREFIX.get(prefix)
    # An unknown prefix must still stand before what ends like an id.
    check_id(key, thing.prefix if thing else prefix or "cus", field=field)
    return thing


def refuse_many(ids: list[str]) -> None:
    """Refuse more ids than a request may name.

    :raises Failed: BAD_USER_INPUT naming the argument.
    """
    if len(ids) > NODES_MAX:
        raise bad_input(f"must name at most {NODES_MAX} ids", field="ids")


def check_id(text: str, prefix: str, *, field: str) -> None:
    """Refuse what is no id of a kind.

    :raises Failed: BAD_USER_INPUT naming the argument.
    """
    try:
        ids.refuse_wrong(prefix, text, field=field)
    except InvalidArgument as refusal:
        raise wrong_argument(refusal) from None


@dataclass(frozen=True)
class One:
    """An edge to one thing, whose id is in a field of the source."""

    key: str
    kind: str = field(default="one", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return []

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:
        thing, key = shown(target, why=why), self.key
        _check_key(source, key, thing, why=why)

        def resolve(message: Any, info: Info) -> Any:
            text = getattr(message, key)
            return load(info.context, thing, text) if text else None

        return resolve


@dataclass(frozen=True)
class Several:
    """An edge to the things whose ids are in a repeated field of the source."""

    key: str
    kind: str = field(default="several", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return []

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:
        thing, key = shown(target, why=why), self.key
        _check_key(source, key, thing, why=why)

        async def found(futures: list[asyncio.Future[Any]]) -> list[Any]:
            return [item for item in await asyncio.gather(*futures) if item is not None]

        def resolve(message: Any, info: Info) -> Any:
            texts = getattr(message, key)
            return found([load(info.context, thing, text) for text in texts]) if texts else []

        return resolve


@dataclass(frozen=True)
class AnyNode:
    """The root field that finds a node of any type."""

    kind: str = field(default="node", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return [argument("id", strawberry.ID, description="Which.")]

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        def resolve(_source: Any, info: Info, *, id: str) -> Any:  # noqa: A002
            return find(info.context, id, field="id")

        return resolve


@dataclass(frozen=True)
class AnyNodes:
    """The root field that finds many nodes of any types."""

    kind: str = field(default="nodes", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return [
            argument(
                "ids", list[strawberry.ID], description=f"Which, at most {NODES_MAX}, of any types."
            )
        ]

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        def resolve(_source: Any, info: Info, *, ids: list[str]) -> Any:
            refuse_many(ids)
            return [find(info.context, key, field=f"ids[{index}]") for index, key in enumerate(ids)]

        return resolve


@dataclass(frozen=True)
class ById:
    """A root field that finds a thing of one type by its id."""

    kind: str = field(default="by_id", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return [argument("id", strawberry.ID, description="Which.")]

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        thing = shown(target, why=why)

        def resolve(_source: Any, info: Info, *, id: str) -> Any:  # noqa: A002
            check_id(id, thing.prefix, field="id")
            return load(info.context, thing, id)

        return resolve


def one(key: str, *, description: str = "") -> Any:
    """Declare an edge by the field that holds the other thing's id."""
    return bound(One(key), description=description)


def several(key: str, *, description: str = "") -> Any:
    """Declare an edge by the field that holds the other things' ids."""
    return bound(Several(key), description=description)


def by_id(*, description: str) -> Any:
    """Declare a root field that finds one thing of a type."""
    return bound(ById(), description=description)


def _check_key(source: type, key: str, thing: Shown, *, why: str) -> None:
    message = shown_message(source)
    # What is not shown from a message (the caller itself) vouches for its own attributes.
    if message is None:
        return
    prefix = resource_of(field_of(message, key, why=why))
    if prefix != thing.prefix:
        raise BindingRefused(f"{why}: {key} holds ids of {prefix!r}, not of {thing.prefix!r}")


def _fetch(
    reading: Reading, rpc: Rpc, thing: Shown
) -> Callable[[list[str]], Awaitable[Mapping[str, Any]]]:
    async def fetch(keys: list[str]) -> Mapping[str, Any]:
        response = await reading.ask(rpc, rpc.request(ids=keys), rename=renamed({}))
        return {item.id: item for item in getattr(response, thing.items)}

    return fetch
