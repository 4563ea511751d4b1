"""Exports for tests: asked for, written to their end, and downloaded."""

import csv
import importlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from services.kit.exports.lists import Exports
from services.kit.exports.run import advance
from services.kit.identity import Principal
from tests.builders.running import RunningService


@dataclass(frozen=True)
class Downloaded:
    """A file, and what was said before it."""

    header: Any
    file: bytes

    @property
    def rows(self) -> list[dict[str, str]]:
        """Read it as a spreadsheet does, by the titles."""
        return list(csv.DictReader(io.StringIO(self.file.decode("utf-8-sig"), newline="")))


def exports_of(service: RunningService, **changes: Any) -> Exports:
    """Give what a running service's exports share, with other limits where a test needs them."""
    [exports] = [servicer.exports for servicer in service.servicers if hasattr(servicer, "exports")]
    changed: Exports = replace(exports, **changes)
    return changed


async def write_all(service: RunningService, **changes: Any) -> int:
    """Do what the job does until no export is due; give how many steps it took."""
    exports, steps = exports_of(service, **changes), 0
    while await advance(exports, service.database, datetime.now(UTC)):
        steps += 1
    return steps


async def give_up(service: RunningService) -> None:
    """Let no export be unfinished, without writing any."""
    async with service.database.every_tenant() as session:
        await session.execute(
            text(
                "UPDATE exports SET state = 'FAILED', failure = 'GIVEN_UP'"
                " WHERE state IN ('QUEUED', 'RUNNING')"
            )
        )


def ask_for(pb2: Any, *, format_: int = 0, request_id: str = "", **list_: Any) -> Any:
    """Ask for an export by the contract of a service."""
    return pb2.CreateExportRequest(
        request_id=request_id or str(uuid4()), format=format_, list=pb2.ExportedList(**list_)
    )


async def an_export(
    service: RunningService, request: Any, *, principal: Principal, **changes: Any
) -> Any:
    """Ask for an export and write it; give it as it is then."""
    created = await service.call(request, principal=principal)
    await write_all(service, **changes)
    return await get(service, created, principal=principal)


async def get(service: RunningService, export: Any, *, principal: Principal) -> Any:
    """Get an export as its requester sees it now."""
    pb2 = _contract(service)
    found = await service.call(pb2.BatchGetExportsRequest(ids=[export.id]), principal=principal)
    [one] = found.exports
    return one


async def download(service: RunningService, export: Any, *, principal: Principal) -> Downloaded:
    request = _contract(service).DownloadExportRequest(id=export.id)
    header, *pieces = await service.collect(request, principal=principal)
    assert header.WhichOneof("piece") == "header"
    return Downloaded(header.header, b"".join(piece.data for piece in pieces))


def columns(rows: Sequence[dict[str, str]], *titles: str) -> list[tuple[str, ...]]:
    return [tuple(row[title] for title in titles) for row in rows]


def _contract(service: RunningService) -> Any:
    """Give the generated module of a service's exports."""
    return importlib.import_module(f"partner.{service.service}.v1.exports_pb2")
