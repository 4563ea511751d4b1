"""Statements that are made once for each shape, and from then on only given values.

Making a statement, and finding out that it was compiled before, costs more than all else in
most reads. What makes one gets no values, only stand-ins, so that none of one call can get into
another's; row-level security stands behind that.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Uuid, bindparam
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.base import Executable

from services.kit.direct import DirectSession
from services.kit.identity import Scope

# Clients ask in few different ways; whoever asks in many gets them made again.
KNOWN_MAX: Final = 256

_DIALECT: Final = asyncpg.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class _Ready:
    statement: Executable
    text: str
    # In order: the name of each value, and the constant where the statement itself has it.
    slots: Sequence[tuple[str, Any]]


class Prepared:
    """A statement for every shape that a read has: its columns, its order, what limits it."""

    def __init__(self, make: Callable[..., Executable]) -> None:
        """Take the function that makes a shape's statement, with named values in it."""
        self._make = make
        self._known: dict[tuple[Hashable, ...], _Ready] = {}

    async def fetch(
        self, session: AsyncSession, *shape: Hashable, values: Mapping[str, Any]
    ) -> Sequence[Sequence[Any]]:
        """Run the shape's statement and give its rows, by position, as the driver made them."""
        ready = self._known.get(shape)
        if ready is None:
            ready = _prepare(self._make(*shape), values)
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            self._known[shape] = ready
        if not isinstance(session, DirectSession):
            return await _through(session, ready.statement, values)
        given = [values.get(name, constant) for name, constant in ready.slots]
        return await session.rows(ready.text, *given)

    async def fetch_within(
        self, session: AsyncSession, scope: Scope, *shape: Hashable, values: Mapping[str, Any]
    ) -> Sequence[Sequence[Any]]:
        """Run the statement of a scope and a shape; where a team limits it, one made for it."""
        stand_in = named(scope)
        if stand_in is None:
            return await _through(session, self._make(scope, *shape), values)
        return await self.fetch(session, stand_in, *shape, values={**values_of(scope), **values})


def constant(text: str) -> Prepared:
    """Prepare a text that has no shapes."""
    return Prepared(lambda: sql(text))


def named(scope: Scope) -> Scope | None:
    """Give a scope of the same kind with names for its values, or none where a team limits it."""
    if scope.account_manager_ids is not None:
        return None
    return _named(
        has_partner=scope.partner_id is not None,
        has_own_partner=scope.own_partner_id is not None,
        has_customer=scope.customer_id is not None,
    )


def values_of(scope: Scope) -> dict[str, UUID | None]:
    return {
        "tenant_id": scope.tenant_id,
        "partner_id": scope.partner_id,
        "own_partner_id": scope.own_partner_id,
        "customer_id": scope.customer_id,
    }


@cache
def _named(*, has_partner: bool, has_own_partner: bool, has_customer: bool) -> Scope:
    def value(name: str) -> Any:
        return bindparam(name, type_=Uuid())

    return Scope(
        tenant_id=value("tenant_id"),
        partner_id=value("partner_id") if has_partner else None,
        own_partner_id=value("own_partner_id") if has_own_partner else None,
        customer_id=value("customer_id") if has_customer else None,
    )


async def _through(
    session: AsyncSession, statement: Executable, values: Mapping[str, Any]
) -> Sequence[Any]:
    result: Any = await session.execute(statement, values)
    rows: Sequence[Any] = result.all() if result.returns_rows else ()
    return rows


def _prepare(statement: Executable, values: Mapping[str, Any]) -> _Ready:
    """Compile a statement.

    :raises TypeError: where it has values of one call in it.
    """
    compiled: Any = cast("Any", statement).compile(dialect=_DIALECT)
    state = compiled.construct_expanded_state(values)
    names = state.positiontup or ()
    slots = [(name, None if name in values else state.parameters[name]) for name in names]
    for name, constant in slots:
        if name not in values and type(constant) not in {str, int}:
            message = f"{name} is a {type(constant).__name__}, and a prepared statement for all"
            raise TypeError(message)
    return _Ready(statement, state.statement, slots)
