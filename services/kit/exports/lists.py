"""What a service exports: its lists with their columns, and what all its exports share."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from google.protobuf.message import Message
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.errors import InvalidArgument, PermissionDenied, Refusal
from services.kit.exports.columns import Column, names_of
from services.kit.exports.model import ExportTables
from services.kit.exports.storage import Storage
from services.kit.identity import Principal, Role, Scope
from services.kit.paging import Page, first_page

PEOPLE: Final = frozenset(
    {
        Role.OPERATOR,
        Role.ADMINISTRATOR,
        Role.DIRECTOR,
        Role.ACCOUNT_MANAGER,
        Role.FINANCE,
        Role.SYSTEM,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The rows that an export asks of its list."""

    scope: Scope
    # What the list's own reader made of the filter's message.
    narrowed: Any
    columns: Sequence[str]
    page: Page
    # Later rows stay out; to the list it is now.
    as_of: datetime


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A list that can be exported, as its slice declares it.

    `rows` gives the statement of a page, ordered by a total key: the columns, then the row's
    place, as `paging.keyset` wants it. What the list refuses, both refuse.
    """

    columns: Sequence[Column]
    read_filter: Callable[[Any, Scope], Any]
    rows: Callable[[AsyncSession, Wanted], Awaitable[Select[Any]]]
    roles: frozenset[Role] = PEOPLE


@dataclass(frozen=True, kw_only=True)
class Exports:
    """All that the exports of one service share."""

    service: str
    tables: ExportTables
    # By the field of the message that names one of them, `chooses`.
    lists: Mapping[str, Listed]
    chooses: type[Message]
    storage: Storage
    rows_max: int = 5_000_000
    part_rows: int = 50_000
    # Read at once; as much stands in memory.
    page_rows: int = 2_000
    # A worker that says nothing for so long is taken for dead.
    lease: timedelta = timedelta(seconds=10)

    def chosen(self, message: bytes) -> "Chosen":
        """Read what was kept of a request."""
        return Chosen.of(self, self.chooses.FromString(message))


@dataclass(frozen=True)
class Chosen:
    """One list with one filter."""

    name: str
    listed: Listed
    filter: Message
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", names_of(self.listed.columns))

    @classmethod
    def of(cls, exports: Exports, message: Message) -> "Chosen":
        """Read which list a message names.

        :raises InvalidArgument: where it names none.
        """
        name = message.WhichOneof("filter")
        if name is None:
            raise InvalidArgument("must name a list", field="list")
        return cls(name, exports.lists[name], getattr(message, name))

    @property
    def kind(self) -> str:
        return self.name.upper()

    def refuse_other_roles(self, role: Role) -> None:
        if role not in self.listed.roles:
            raise PermissionDenied("your role may not export this", role=role.value)

    async def check(self, session: AsyncSession, *, principal: Principal, now: datetime) -> None:
        """Refuse what the list itself would refuse; paths lead into the request."""
        try:
            await self.rows(session, principal=principal, page=first_page(1), as_of=now)
        except Refusal as refusal:
            refusal.violations = [
                (path.replace("filter", f"list.{self.name}", 1), message)
                for path, message in refusal.violations
            ]
            raise

    async def rows(
        self, session: AsyncSession, *, principal: Principal, page: Page, as_of: datetime
    ) -> Select[Any]:
        """Give the statement of a page of the list."""
        scope = principal.scope
        wanted = Wanted(
            scope=scope,
            narrowed=self.listed.read_filter(self.filter, scope),
            columns=self.names,
            page=page,
            as_of=as_of,
        )
        return await self.listed.rows(session, wanted)
