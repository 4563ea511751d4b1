"""What exports of all services have in common: their words, how they go on, and their files."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

import strawberry
from graphql import GraphQLAbstractType
from strawberry.types.arguments import StrawberryArgument

from gateway.kit.computed import Computed
from gateway.kit.contract import BindingRefused
from gateway.kit.errors import Failed, bad_input, renamed
from gateway.kit.fields import Resolve, argument, bound
from gateway.kit.loading import Info, Reading
from gateway.kit.nodes import Node, thing_of
from gateway.kit.scalars import DateTime
from gateway.kit.shows import BY_MESSAGE, Shown
from gateway.kit.words import words
from partner.type.v1 import exports_pb2

# How often somebody who watches an export has it looked at.
WATCH_SECONDS: Final = 1.0
UNFINISHED: Final = frozenset({exports_pb2.EXPORT_STATE_QUEUED, exports_pb2.EXPORT_STATE_RUNNING})


@words(exports_pb2.ExportKind)
class ExportKind(Enum):
    """Filled from the contract."""


@words(exports_pb2.ExportFormat)
class ExportFormat(Enum):
    """Filled from the contract."""


@words(exports_pb2.ExportState)
class ExportState(Enum):
    """Filled from the contract."""


def _link(context: Any) -> Callable[[Any], str | None]:
    """Link to files of exports, where they are complete and this process sends files."""
    links, now = context.links, datetime.now(UTC)

    def link(export: Any) -> str | None:
        if export.state != exports_pb2.EXPORT_STATE_COMPLETED or links is None:
            return None
        path: str = links.path_to(export.id, principal=context.caller.principal, now=now)
        return path

    return link


@strawberry.interface(description="A file made of a list (导出任务).")
class Export(Node):
    kind: ExportKind = strawberry.field(description="What it lists.")
    format: ExportFormat = strawberry.field(description="How the file is written.")
    state: ExportState = strawberry.field(description="Where it stands.")
    rows_done: int = strawberry.field(description="How many rows are written.")
    rows_total: int | None = strawberry.field(
        description="How many there are; null until they are counted."
    )
    file_name: str = strawberry.field(description="Name of the file.")
    sha256: str | None = strawberry.field(
        description="SHA-256 of the file in hexadecimal digits, once there is one."
    )
    failure: str | None = strawberry.field(
        description="Why there will be no file, for example TOO_MANY_ROWS."
    )
    create_time: DateTime = strawberry.field(
        description="When it was asked for; rows that came later are not in the file."
    )
    finish_time: DateTime | None = strawberry.field(
        description="When the file was complete, or it was clear that there will be none."
    )
    expire_time: DateTime | None = strawberry.field(description="When the file is deleted.")
    download_url: str | None = bound(
        Computed(("id", "state"), _link),
        description="Where the file is on this host, once there is one: a link that is good for "
        "15 minutes, without a token, and sees what its requester sees.",
    )

    @classmethod
    def resolve_type(
        cls,
        value: Any,
        info: Info,  # noqa: ARG003 - graphql-core's shape
        type_: GraphQLAbstractType,  # noqa: ARG003 - likewise
    ) -> str:
        return BY_MESSAGE[value.DESCRIPTOR.full_name].cls.__name__


@dataclass(frozen=True)
class Progress:
    """A subscription that gives an export whenever it has changed, until it is over."""

    kind: str = field(default="progress", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return [argument("id", strawberry.ID, description="Which.")]

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        if target is not Export:
            raise BindingRefused(f"{why}: only exports make progress")
        return lambda export, _info, **_given: export

    async def events(self, _source: Any, info: Info, *, id: str) -> AsyncIterator[Any]:  # noqa: A002 - the argument's name
        thing = thing_of(id, field="id")
        if thing is None or not issubclass(thing.cls, Export):
            raise bad_input("must be the id of an export", field="id")
        first = await _get(info.context, thing, id)
        return _changes(info.context, thing, first)


async def _changes(reading: Reading, thing: Shown, export: Any) -> AsyncIterator[Any]:
    """Give an export now and whenever it has changed; a failure is what its field fails with."""
    yield export
    while export.state in UNFINISHED:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            now = await _get(reading, thing, export.id)
        except Failed as failed:
            yield failed
            return
        if now != export:
            export = now
            yield export


async def _get(reading: Reading, thing: Shown, id_: str) -> Any:
    assert thing.get is not None
    request = thing.get.request(ids=[id_])
    response = await reading.ask(thing.get, request, rename=renamed({}))
    found = getattr(response, thing.items)
    if not found:
        raise Failed("export not found", code="NOT_FOUND", field="id")
    return found[0]


@strawberry.type
class ExportSubscription:
    export_progress: Export | None = bound(
        Progress(), description="Follows an export of the caller's until its file is there."
    )
