"""Idempotency: one request_id has one outcome for ever, kept with its effect in one transaction."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from google.protobuf.message import Message
from google.rpc import status_pb2
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from services.kit import operation_log
from services.kit.errors import InvalidArgument, RequestIdReused
from services.kit.identity import Principal
from services.kit.prepared import constant
from services.kit.requests import canonical, canonical_json

HASH_VERSION: Final = 1
# Refusals that are answers. All others leave nothing behind: the same id may try again.
KEPT_CODES: Final = frozenset(
    {"FAILED_PRECONDITION", "NOT_FOUND", "ALREADY_EXISTS", "OUT_OF_RANGE"}
)

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

_CLAIM: Final = constant(
    "INSERT INTO replies (tenant_id, method, request_id, subject, request_hash, hash_version)"
    " VALUES (:tenant_id, :method, :request_id, :subject, :request_hash, :hash_version)"
    " ON CONFLICT (tenant_id, method, request_id) DO NOTHING RETURNING true"
)
_FIND: Final = constant(
    "SELECT subject, request_hash, hash_version, is_refusal, answer FROM replies"
    " WHERE tenant_id = :tenant_id AND method = :method AND request_id = :request_id"
)
# One round trip: what was answered, and that it was done.
_KEEP: Final = constant(
    f"WITH logged AS ({operation_log.INSERT})"  # noqa: S608 - our own texts
    " UPDATE replies SET is_refusal = :is_refusal, answer = :answer"
    " WHERE tenant_id = :tenant_id AND method = :method AND request_id = :request_id"
)


class ReplyRow:
    """What a write answered; each service maps it as its table `replies`."""

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    request_hash: Mapped[bytes]
    hash_version: Mapped[int]
    # Both are set before the transaction commits.
    is_refusal: Mapped[bool | None]
    answer: Mapped[bytes | None]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a write: a message or a kept refusal, as bytes; new or replayed."""

    answer: bytes
    is_refusal: bool
    is_replay: bool

    def status(self) -> status_pb2.Status:
        return status_pb2.Status.FromString(self.answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One request as its table knows it."""

    tenant_id: UUID
    method: str
    request_id: str
    subject: str
    request_hash: bytes

    async def take(self, session: AsyncSession) -> Outcome | None:
        """Reserve the id, or give what it was answered before.

        A twin that is still running holds the row: this statement waits until it commits.

        :raises RequestIdReused: where the id came with another body or from somebody else.
        """
        values = self._key | {
            "subject": self.subject,
            "request_hash": self.request_hash,
            "hash_version": HASH_VERSION,
        }
        if await _CLAIM.fetch(session, values=values):
            return None
        ((*known, is_refusal, answer),) = await _FIND.fetch(session, values=self._key)
        if known != [self.subject, self.request_hash, HASH_VERSION]:
            raise RequestIdReused("was used for another request", field="request_id")
        return Outcome(bytes(answer), is_refusal=is_refusal, is_replay=True)

    async def keep(
        self, session: AsyncSession, outcome: Outcome, *, operation: Mapping[str, Any]
    ) -> None:
        """Keep the answer, and what the operation log says of the call beside the claim."""
        values = {
            "is_refusal": outcome.is_refusal,
            "answer": outcome.answer,
            "request_hash": self.request_hash,
        }
        await _KEEP.fetch(session, values={**self._key, **values, **operation})

    @property
    def _key(self) -> dict[str, object]:
        return {
            "tenant_id": self.tenant_id,
            "method": self.method,
            "request_id": self.request_id,
        }


def claim_of(request: Message, *, method: str, principal: Principal) -> Claim:
    return Claim(
        tenant_id=principal.scope.tenant_id,
        method=method,
        request_id=request_id_of(request),
        subject=f"{principal.role}:{principal.subject}",
        request_hash=request_hash(request),
    )


def request_id_of(request: Message) -> str:
    """Read the id that makes a repetition harmless.

    :raises InvalidArgument: where it is missing or of another form.
    """
    request_id: str = request.request_id  # type: ignore[attr-defined]
    if _REQUEST_ID.fullmatch(request_id) is None:
        raise InvalidArgument(
            "must be 1 to 64 letters, digits, hyphens and underscores", field="request_id"
        )
    return request_id


def request_hash(request: Message) -> bytes:
    """Hash what the client said, but for the id itself; version HASH_VERSION."""
    return sha256(canonical_json(canonical(request, without={"request_id"}))).digest()
