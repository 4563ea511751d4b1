"""The operation log: who did what and when, a row for each write, in the transaction of its effect.

It names things by their ids and says nothing of what was written: no personal data, no amounts,
no codes. Of the request it keeps the hash that its reply keeps.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, ClassVar, Final
from uuid import UUID

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from partner.type.v1 import options_pb2
from services.kit.database import PartnerRow
from services.kit.identity import Principal
from services.kit.ids import looks_like_id, new_id

DONE: Final = "OK"
# Batches name at most 500 things, and answer with a few for each.
THINGS_MAX: Final = 2_000

_ID, _INNER, _NEITHER = range(3)

INSERT: Final = (
    "INSERT INTO operation_log (tenant_id, id, partner_id, operate_time, operator, role, actor,"
    " method, request_id, request_hash, outcome, things) VALUES (:tenant_id, :operation_id,"
    " :partner_id, :operate_time, :operator, :role, :actor, :method, :request_id, :request_hash,"
    " :outcome, :things)"
)
_INSERT: Final = text(INSERT)


def transaction_column() -> Mapped[int]:
    """Give the column of a table whose rows are sealed: the transaction that wrote the row.

    By it the sealer knows which rows can have no older sister that is yet to be committed.
    """
    return mapped_column(server_default=text("pg_current_xact_id()::text::bigint"), sort_order=99)


class OperationRow(PartnerRow):
    """What somebody did; each service maps it as its table `operation_log`. Written once."""

    __mapper_args__: ClassVar[dict[str, Any]] = {}

    operate_time: Mapped[datetime]
    # Who, as the identity provider or the workload calls itself.
    operator: Mapped[str]
    role: Mapped[str]
    # The workload that vouched for them.
    actor: Mapped[str]
    method: Mapped[str]
    # None for streams, which have no id of their own.
    request_id: Mapped[str | None]
    request_hash: Mapped[bytes]
    # OK, or the reason of a refusal that is kept.
    outcome: Mapped[str]
    # The ids of all that request and reply name.
    things: Mapped[list[str]] = mapped_column(ARRAY(Text))
    written_in: Mapped[int] = transaction_column()

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index, ...]:
        return (
            Index("operation_log_operate_time_idx", "tenant_id", "operate_time", "id"),
            Index("operation_log_things_idx", "things", postgresql_using="gin"),
            Index("operation_log_written_in_idx", "written_in"),
        )


def described(
    principal: Principal, *, operate_time: datetime, outcome: str, said: Sequence[Message]
) -> dict[str, Any]:
    """Give what INSERT takes of a call, but for its tenant, its method and its request."""
    return {
        "operation_id": new_id(),
        "partner_id": _partner_of(principal),
        "operate_time": operate_time,
        "operator": principal.subject,
        "role": principal.role.value,
        "actor": principal.actor,
        "outcome": outcome,
        "things": things_in(*said),
    }


async def append(session: AsyncSession, values: dict[str, Any]) -> None:
    """Write a row by itself, where there is no reply to write it with."""
    await session.execute(_INSERT, values)


def things_in(*messages: Message) -> list[str]:
    """Find the ids of things in messages, each once, in the order they come."""
    found = (thing for message in messages for thing in _things(message) if looks_like_id(thing))
    return list(islice(dict.fromkeys(found), THINGS_MAX))


def _things(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        kind = _kind(field)
        if kind == _ID:
            yield from value if field.is_repeated else (value,)
        elif kind == _INNER:
            for inner in value if field.is_repeated else (value,):
                yield from _things(inner)


@cache
def _kind(field: FieldDescriptor) -> int:
    if field.GetOptions().Extensions[options_pb2.resource]:
        return _ID
    inner = field.message_type
    if inner is None or inner.GetOptions().map_entry or not inner.full_name.startswith("partner."):
        return _NEITHER
    return _INNER


def _partner_of(principal: Principal) -> UUID:
    """Give the partner that did it; the platform's people act for the whole tenant."""
    return principal.partner_id or principal.scope.tenant_id
