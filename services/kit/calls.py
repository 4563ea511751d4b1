"""What a method knows of the call that it answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit import operation_log
from services.kit.database import Database
from services.kit.identity import Principal, Scope
from services.kit.paging import Page, PageTokens
from services.kit.replies import request_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a method knows of the call that it answers."""

    session: AsyncSession
    principal: Principal
    scope: Scope
    now: datetime
    request_id: str | None
    pages: PageTokens

    def page(self, request: Message) -> Page:
        """Read the page that a List or BatchList request asks for."""
        return self.pages.page(request, scope=self.scope)


@dataclass(slots=True, kw_only=True)
class StreamCall:
    """What a client-streaming method knows; it opens transactions itself, one after another."""

    method: str
    database: Database
    principal: Principal
    scope: Scope
    now: datetime
    pages: PageTokens
    # The stream's first message, as soon as it has come.
    opening: Message | None = None
    is_logged: bool = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction; the first one that commits says in the operation log who writes."""
        async with self.database.transaction(self.principal) as session:
            yield session
            if not self.is_logged and self.opening is not None:
                await operation_log.append(session, self._described(self.opening))
        self.is_logged = True

    def _described(self, opening: Message) -> dict[str, object]:
        return {
            "tenant_id": self.scope.tenant_id,
            "method": self.method,
            "request_id": None,
            "request_hash": request_hash(opening),
            **operation_log.described(
                self.principal,
                operate_time=self.now,
                outcome=operation_log.DONE,
                said=[opening],
            ),
        }
