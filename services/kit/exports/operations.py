"""The writes: an export is asked for, taken by a worker, taken further, and over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.exports import queries
from services.kit.exports.model import (
    BACK_OFF_MAX,
    FAILURES_MAX,
    KEPT,
    ExportRunning,
    ExportState,
    ExportTables,
    requester_of,
)
from services.kit.exports.storage import Stored
from services.kit.identity import Principal
from services.kit.ids import new_id

# Leases are of the database's clock, the only one that all workers share.
_CLOCK = func.clock_timestamp()


class LeaseLost(Exception):
    """Another worker has the export: this one was silent for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A part that is in the storage."""

    stored: Stored
    row_count: int
    # The place of its last row, if there are more behind it.
    place: str | None


async def create_export(
    session: AsyncSession,
    tables: ExportTables,
    *,
    principal: Principal,
    kind: str,
    format_: str,
    listed: bytes,
    now: datetime,
) -> Any:
    """Queue an export.

    :raises ExportRunning: where the requester's last one of the kind is not finished.
    """
    export = tables.export
    tenant_id = principal.scope.tenant_id
    statement = (
        insert(export)
        .values(
            tenant_id=tenant_id,
            id=new_id(),
            partner_id=principal.partner_id or tenant_id,
            subject=principal.subject,
            requester=requester_of(principal),
            kind=kind,
            format=format_,
            listed=listed,
            create_time=now,
        )
        .on_conflict_do_nothing()
        .returning(export)
    )
    created = await session.scalar(statement)
    if created is None:
        raise ExportRunning("your last export of this kind is not finished", kind=kind)
    return created


async def claim(
    session: AsyncSession, tables: ExportTables, *, worker_id: UUID, lease: timedelta
) -> Any:
    """Take the export that waits longest, of any tenant; None where none is due."""
    export = tables.export
    statement = (
        update(export)
        .where(queries.is_any_of(tables, queries.due(tables, clock=_CLOCK)))
        .values(lease_time=_CLOCK + literal(lease), worker_id=worker_id)
        .returning(export)
        .execution_options(synchronize_session=False)
    )
    return await session.scalar(statement)


async def keep_claim(
    session: AsyncSession, tables: ExportTables, *, export: Any, lease: timedelta
) -> None:
    """Say that the worker lives.

    :raises LeaseLost: where the export is another's by now.
    """
    await _change(session, tables, export, lease_time=_CLOCK + literal(lease))


async def note_total(
    session: AsyncSession, tables: ExportTables, *, export: Any, rows_total: int
) -> None:
    """Begin: it is known how many rows there are."""
    values = {"state": ExportState.RUNNING, "rows_total": rows_total}
    await _go_on(session, tables, export, **values)


async def note_part(
    session: AsyncSession, tables: ExportTables, *, export: Any, written: Written
) -> None:
    """Note the export's next part, which is in the storage."""
    number = export.part_count + 1
    await _go_on(
        session,
        tables,
        export,
        part_count=number,
        rows_done=export.rows_done + written.row_count,
        place=written.place,
    )
    session.add(
        tables.part(
            tenant_id=export.tenant_id,
            export_id=export.id,
            number=number,
            row_count=written.row_count,
            byte_count=written.stored.byte_count,
            sha256=written.stored.sha256,
            place=written.place,
        )
    )
    await session.flush()


async def complete(
    session: AsyncSession, tables: ExportTables, *, export: Any, file: Stored, now: datetime
) -> None:
    """Let the file be downloaded from now on."""
    await _go_on(
        session,
        tables,
        export,
        state=ExportState.COMPLETED,
        # What was counted at the beginning may have changed since.
        rows_total=export.rows_done,
        byte_count=file.byte_count,
        sha256=file.sha256,
        finish_time=now,
        expire_time=now + KEPT,
    )


async def fail(
    session: AsyncSession, tables: ExportTables, *, export: Any, failure: str, now: datetime
) -> None:
    """Give an export up; what there is of it is deleted."""
    values = {"state": ExportState.FAILED, "failure": failure}
    await _go_on(session, tables, export, finish_time=now, expire_time=now, **values)


async def put_off(
    session: AsyncSession, tables: ExportTables, *, export: Any, now: datetime
) -> None:
    """Try an export again later, a second at first and at most a minute; give it up in the end."""
    count = export.failure_count + 1
    if count >= FAILURES_MAX:
        await fail(session, tables, export=export, failure="INTERNAL", now=now)
        return
    pause = min(timedelta(seconds=2 ** (count - 1)), BACK_OFF_MAX)
    await _change(
        session,
        tables,
        export,
        failure_count=count,
        lease_time=_CLOCK + literal(pause),
        worker_id=None,
    )


async def note_download(
    session: AsyncSession, tables: ExportTables, *, export: Any, principal: Principal, now: datetime
) -> None:
    session.add(
        tables.download(
            tenant_id=export.tenant_id,
            partner_id=export.partner_id,
            export_id=export.id,
            subject=principal.subject,
            download_time=now,
        )
    )
    await session.flush()


async def list_over(
    session: AsyncSession, tables: ExportTables, *, now: datetime, at_most: int
) -> Sequence[Any]:
    """Give exports of all tenants whose files are to be deleted, locked."""
    return (await session.scalars(queries.over(tables, now=now, at_most=at_most))).all()


async def expire(session: AsyncSession, *, export: Any) -> None:
    """Note that an export's files are deleted."""
    if export.state == ExportState.COMPLETED:
        export.state = ExportState.EXPIRED
    export.expire_time = None if export.state == ExportState.FAILED else export.expire_time
    await session.flush()


async def _go_on(
    session: AsyncSession, tables: ExportTables, export: Any, **values: object
) -> None:
    """Change an export for the better, and let it wait for its next turn."""
    await _change(
        session, tables, export, failure_count=0, lease_time=_CLOCK, worker_id=None, **values
    )


async def _change(
    session: AsyncSession, tables: ExportTables, export: Any, **values: object
) -> None:
    row = tables.export
    changed = await session.execute(
        update(row)
        .where(
            row.tenant_id == export.tenant_id,
            row.id == export.id,
            row.worker_id == export.worker_id,
        )
        .values(**values)
        .returning(row.id)
        .execution_options(synchronize_session=False)
    )
    if changed.one_or_none() is None:
        raise LeaseLost
