"""Reads exports: people's own ones, and those that are due."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.errors import NotFound
from services.kit.exports.model import ExportState, ExportTables, requester_of
from services.kit.fields import fetch, selected
from services.kit.identity import Principal
from services.kit.paging import Direction, Page, keyset


async def batch_get(
    session: AsyncSession,
    tables: ExportTables,
    *,
    principal: Principal,
    columns: Sequence[str],
    ids: Sequence[UUID],
) -> list[Sequence[Any]]:
    """Give the requester's own in the order of the ids; behind its columns, a row has its id."""
    export = tables.export
    statement = select(*selected(export, columns), export.id.label("row_id"))
    statement = statement.where(*_own(tables, principal), export.id.in_(ids))
    found = {row[-1]: row for row in await fetch(session, statement)}
    return [found[id_] for id_ in ids if id_ in found]


async def list_page(
    session: AsyncSession,
    tables: ExportTables,
    *,
    principal: Principal,
    columns: Sequence[str],
    kinds: Sequence[str],
    states: Sequence[str],
    page: Page,
) -> Sequence[Sequence[Any]]:
    """Give the requester's own, newest first, and one row more if there are more.

    Rows end with their place.
    """
    export = tables.export
    statement = select(
        *selected(export, columns),
        export.create_time.label("sort_value"),
        export.id.label("row_id"),
    ).where(*_own(tables, principal))
    if kinds:
        statement = statement.where(export.kind.in_(kinds))
    if states:
        statement = statement.where(export.state.in_(states))
    sort: list[tuple[Any, Direction]] = [(export.create_time, "desc"), (export.id, "desc")]
    return await fetch(session, keyset(statement, sort=sort, page=page))


async def get(
    session: AsyncSession, tables: ExportTables, *, principal: Principal, id_: UUID
) -> Any:
    """Get one of the requester's own.

    :raises NotFound: where it is not.
    """
    export = tables.export
    found = await session.scalar(select(export).where(*_own(tables, principal), export.id == id_))
    if found is None:
        raise NotFound("export not found")
    return found


async def list_parts(session: AsyncSession, tables: ExportTables, *, export: Any) -> Sequence[Any]:
    """Give an export's parts in order."""
    part = tables.part
    statement = select(part).where(part.tenant_id == export.tenant_id, part.export_id == export.id)
    return (await session.scalars(statement.order_by(part.number))).all()


def due(tables: ExportTables, *, clock: ColumnElement[datetime]) -> Select[Any]:
    """Name the export that waits longest for a worker, and keep other workers off."""
    export = tables.export
    return (
        select(export.tenant_id, export.id)
        .where(
            export.state.in_((ExportState.QUEUED, ExportState.RUNNING)), export.lease_time <= clock
        )
        .order_by(export.lease_time)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def over(tables: ExportTables, *, now: datetime, at_most: int) -> Select[Any]:
    """Give exports whose files are to be deleted, and keep other workers off."""
    export = tables.export
    return (
        select(export)
        .where(
            export.state.in_((ExportState.COMPLETED, ExportState.FAILED)),
            export.expire_time <= now,
        )
        .order_by(export.expire_time)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )


def is_any_of(tables: ExportTables, keys: Any) -> ColumnElement[bool]:
    return tuple_(tables.export.tenant_id, tables.export.id).in_(keys)


def _own(tables: ExportTables, principal: Principal) -> list[ColumnElement[bool]]:
    """Say whose exports: those that the same person asked for with the same rights."""
    export = tables.export
    return [
        *principal.scope.covers(export),
        export.subject == principal.subject,
        export.requester == requester_of(principal),
    ]
