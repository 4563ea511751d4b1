"""Reads whose statement is made once for each shape, and from then on only given values.

Making a statement, and finding out that it was compiled before, costs more than all else in a
read. What makes one gets no values, only stand-ins, so that none of one call can get into
another's; row-level security stands behind that.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import Select

from services.kit.identity import Scope
from services.kit.reading import ReadingSession

# Clients ask in few different ways; whoever asks in many gets them made again.
KNOWN_MAX: Final = 256

_DIALECT: Final = asyncpg.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class _Ready:
    statement: Select[Any]
    text: str
    # In order: the name of each value, and the constant where the statement itself has it.
    slots: Sequence[tuple[str, Any]]


class Prepared:
    """A statement for every shape that a read has: its columns, its order, what limits it."""

    def __init__(self, make: Callable[..., Select[Any]]) -> None:
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
        if not isinstance(session, ReadingSession):
            found: Sequence[Any] = (await session.execute(ready.statement, values)).all()
            return found
        given = [values.get(name, constant) for name, constant in ready.slots]
        rows: Sequence[Any] = await session.driver.fetch(ready.text, *given)
        return rows


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


def _prepare(statement: Select[Any], values: Mapping[str, Any]) -> _Ready:
    """Compile a statement.

    :raises TypeError: where it has values of one call in it.
    """
    compiled = statement.compile(dialect=_DIALECT)
    state = compiled.construct_expanded_state(values)
    names = state.positiontup or ()
    slots = [(name, None if name in values else state.parameters[name]) for name in names]
    for name, constant in slots:
        if name not in values and type(constant) not in {str, int}:
            message = f"{name} is a {type(constant).__name__}, and a prepared statement for all"
            raise TypeError(message)
    return _Ready(statement, state.statement, slots)
