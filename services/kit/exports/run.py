"""Takes an export further, step by step; every step can be done again by another worker."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, literal, select, text

from services.kit import log
from services.kit.database import Database, passing_fault
from services.kit.errors import Refusal
from services.kit.exports import csv_lines, operations, queries
from services.kit.exports.columns import maker, written
from services.kit.exports.lists import Chosen, Exports
from services.kit.exports.model import ExportFormat, ExportState, principal_of
from services.kit.exports.operations import LeaseLost, Written
from services.kit.exports.storage import CHUNK_BYTES, Stored
from services.kit.exports.workbook import Workbook
from services.kit.fields import fetch
from services.kit.identity import Principal
from services.kit.ids import new_id
from services.kit.paging import Page, read_place, write_place

# Counting a large list takes longer than other statements may.
COUNT_SECONDS_MAX: Final = 120
TOO_MANY_ROWS: Final = "TOO_MANY_ROWS"

_log: Final = log.logger("exports")


class PartDamaged(Exception):
    """The storage gives other bytes than were put into it."""


async def advance(exports: Exports, database: Database, now: datetime) -> int:
    """Take the export that waits longest one step further; give 0 where none waits."""
    async with database.every_tenant() as session:
        export = await operations.claim(
            session, exports.tables, worker_id=new_id(), lease=exports.lease
        )
    if export is None:
        return 0
    step = Step(exports, database, export, now)
    try:
        async with step.kept():
            await step.take()
    except LeaseLost:
        _log.warning("export lost", export=str(export.id))
    except Refusal as refusal:
        await step.fail(refusal.reason)
    except Exception as error:
        _log.exception("export put off", export=str(export.id), failures=export.failure_count)
        if passing_fault(error) is not None:
            raise
        await step.put_off()
    return 1


@dataclass(slots=True)
class _Part:
    """How far a part goes while it is written."""

    row_count: int = 0
    place: str | None = None


@dataclass(frozen=True)
class Step:
    """One step of one export."""

    exports: Exports
    database: Database
    export: Any
    now: datetime
    principal: Principal = field(init=False)
    chosen: Chosen = field(init=False)

    def __post_init__(self) -> None:
        who = principal_of(self.export.requester, service=self.exports.service)
        object.__setattr__(self, "principal", who)
        object.__setattr__(self, "chosen", self.exports.chosen(self.export.listed))

    async def take(self) -> None:
        """Do what comes next: count the rows, write a part, or make the file."""
        if self.export.state == ExportState.QUEUED:
            await self._begin()
        elif not self.export.is_read:
            await self._write_part()
        else:
            await self._finish()

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Say every so often that this worker lives."""
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()
            [outcome] = await asyncio.gather(beating, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome

    async def fail(self, failure: str) -> None:
        async with self.database.transaction(self.principal) as session:
            await operations.fail(
                session, self.exports.tables, export=self.export, failure=failure, now=self.now
            )

    async def put_off(self) -> None:
        async with self.database.transaction(self.principal) as session:
            await operations.put_off(session, self.exports.tables, export=self.export, now=self.now)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.exports.lease.total_seconds() / 3)
            async with self.database.transaction(self.principal) as session:
                await operations.keep_claim(
                    session, self.exports.tables, export=self.export, lease=self.exports.lease
                )

    async def _begin(self) -> None:
        total = await self._count()
        if total > self.exports.rows_max:
            await self.fail(TOO_MANY_ROWS)
            return
        async with self.database.transaction(self.principal) as session:
            await operations.note_total(
                session, self.exports.tables, export=self.export, rows_total=total
            )

    async def _count(self) -> int:
        async with self.database.transaction(self.principal) as session:
            await session.execute(text(f"SET LOCAL statement_timeout = '{COUNT_SECONDS_MAX}s'"))
            # One row more than the page is asked for, which is one too many.
            page = Page(size=self.exports.rows_max, binding=None)
            listed = await self.chosen.rows(
                session, principal=self.principal, page=page, as_of=self.export.create_time
            )
            rows = (
                listed.with_only_columns(literal(1), maintain_column_froms=True)
                .order_by(None)
                .subquery()
            )
            return int(await session.scalar(select(func.count()).select_from(rows)) or 0)

    async def _write_part(self) -> None:
        number = self.export.part_count + 1
        part = _Part()
        stored = await self.exports.storage.write(self.export.part(number), self._lines(part))
        done = Written(stored=stored, row_count=part.row_count, place=part.place)
        async with self.database.transaction(self.principal) as session:
            await operations.note_part(
                session, self.exports.tables, export=self.export, written=done
            )

    async def _lines(self, part: "_Part") -> AsyncIterator[bytes]:
        """Write the next rows of the list; `part` tells afterwards how many and up to where.

        Each page is a transaction of its own: a long one would keep the database from tidying up.
        """
        columns = self.chosen.listed.columns
        make = maker(columns)
        after = None if self.export.place is None else read_place(self.export.place)
        while (room := self.exports.part_rows - part.row_count) > 0:
            page = Page(size=min(self.exports.page_rows, room), after=after, binding=None)
            async with self.database.reading(self.principal) as session:
                listed = await self.chosen.rows(
                    session, principal=self.principal, page=page, as_of=self.export.create_time
                )
                rows = await fetch(session, written(listed, columns))
            shown = rows[: page.size]
            if shown:
                yield await asyncio.to_thread(csv_lines.lines, shown, make=make)
            part.row_count += len(shown)
            if len(rows) <= page.size:
                part.place = None
                return
            after = tuple(shown[-1][len(columns) :])
            part.place = write_place(after).decode()

    async def _finish(self) -> None:
        file = await (
            self._check_file() if self.export.format == ExportFormat.CSV else self._make_workbook()
        )
        async with self.database.transaction(self.principal) as session:
            await operations.complete(
                session, self.exports.tables, export=self.export, file=file, now=self.now
            )

    async def _check_file(self) -> Stored:
        """Sum up the file that is the parts in order, and look at each part once more."""
        digest, count = sha256(), 0
        opening = csv_lines.opening(self.chosen.listed.columns)
        digest.update(opening)
        count += len(opening)
        for part in await self._parts():
            of_part = sha256()
            async for chunk in self.exports.storage.read(self.export.part(part.number)):
                of_part.update(chunk)
                digest.update(chunk)
            if of_part.digest() != part.sha256:
                raise PartDamaged(self.export.part(part.number))
            count += part.byte_count
        return Stored(count, digest.digest())

    async def _make_workbook(self) -> Stored:
        with tempfile.TemporaryDirectory(prefix="export-") as name:
            folder = Path(name)
            path = folder / "file.xlsx"
            book = Workbook(path, columns=self.chosen.listed.columns)
            for part in await self._parts():
                copy = folder / "part.csv"
                await self._copy_part(part, copy)
                await asyncio.to_thread(book.add_part, copy)
            await asyncio.to_thread(book.close)
            return await self.exports.storage.write(self.export.workbook, _chunks(path))

    async def _copy_part(self, part: Any, copy: Path) -> None:
        digest = sha256()
        with await asyncio.to_thread(copy.open, "wb") as file:
            async for chunk in self.exports.storage.read(self.export.part(part.number)):
                digest.update(chunk)
                await asyncio.to_thread(file.write, chunk)
        if digest.digest() != part.sha256:
            raise PartDamaged(self.export.part(part.number))

    async def _parts(self) -> Any:
        async with self.database.transaction(self.principal) as session:
            return await queries.list_parts(session, self.exports.tables, export=self.export)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
