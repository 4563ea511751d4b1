"""Imports a FOCUS file into billing, shows how far it is, and says what came of it."""

import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import grpc
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

from partner.billing.v1 import consumption_pb2, consumption_pb2_grpc
from partner.type.v1 import terms_pb2
from services.kit.client import channel
from services.kit.errors import received

PIECE_BYTES: Final = 64 * 1024
# A file of the greatest size takes minutes; a server that hangs shall not hold us for ever.
SECONDS_MAX: Final = 3600.0
SKIPPED_SHOWN_MAX: Final = 20
# What is sent in the first moment only fills buffers.
SECONDS_UNTIL_SPEED: Final = 1.0


class ImportFailed(Exception):
    """The file was not imported, or not to its end; the message says why."""


@dataclass(frozen=True, kw_only=True)
class FocusImport:
    """One file, and where it goes."""

    path: Path
    address: str
    token: str
    reseller_id: str | None = None
    is_advisory: bool = False

    async def run(self) -> consumption_pb2.ImportConsumptionResponse:
        """Import the file, showing progress on stderr.

        :raises ImportFailed: where billing refuses it or does not answer
        """
        console = Console(file=sys.stderr)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        async with channel(self.address) as opened:
            stub = consumption_pb2_grpc.ConsumptionServiceStub(opened)
            with Progress(*columns, TextColumn("{task.fields[speed]}"), console=console) as bar:
                size = self.path.stat().st_size
                task = bar.add_task(self.path.name, total=size, speed="")
                begun = time.monotonic()
                try:
                    report = await stub.ImportConsumption(
                        self._requests(bar, task),
                        timeout=SECONDS_MAX,
                        metadata=(("authorization", f"Bearer {self.token}"),),
                    )
                except grpc.aio.AioRpcError as error:
                    raise ImportFailed(_reason(error, address=self.address)) from error
                seconds = time.monotonic() - begun
                bar.update(task, speed=_speed(report.row_count, seconds=seconds))
                return report

    async def _requests(
        self, bar: Progress, task: TaskID
    ) -> AsyncIterator[consumption_pb2.ImportConsumptionRequest]:
        association = terms_pb2.ASSOCIATION_TYPE_RESALE
        if self.is_advisory:
            association = terms_pb2.ASSOCIATION_TYPE_ADVISORY
        yield consumption_pb2.ImportConsumptionRequest(
            header=consumption_pb2.ImportHeader(
                request_id=uuid4().hex,
                file_name=self.path.name,
                association_type=association,
                indirect_partner_id=self.reseller_id,
            )
        )
        lines, begun = 0, time.monotonic()
        with self.path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield consumption_pb2.ImportConsumptionRequest(data=piece)
                # The next piece is asked for when the server has room for it.
                lines += piece.count(b"\n")
                seconds = time.monotonic() - begun
                bar.update(task, advance=len(piece))
                if seconds > SECONDS_UNTIL_SPEED:
                    bar.update(task, speed=_speed(lines, seconds=seconds))


def summary(report: consumption_pb2.ImportConsumptionResponse, *, seconds: float) -> str:
    """Say what was taken, what was skipped, and why."""
    amounts = ", ".join(
        f"{sum_.amount} {sum_.currency_code}" for sum_ in report.new_payable_amounts
    )
    payable = f", payable {amounts}" if amounts else ""
    speed = _speed(report.row_count, seconds=seconds)
    customers, resources = report.created_customer_count, report.created_resource_count
    lines = [
        f"{report.row_count:,} rows in {seconds:.1f} s, {speed}",
        f"  {report.new_count:,} new{payable}",
        f"  {report.known_count:,} known already",
        f"  {report.skipped_count:,} skipped",
        f"  {customers:,} customers and {resources:,} resources made",
    ]
    for row in report.skipped_rows[:SKIPPED_SHOWN_MAX]:
        column = f"{row.column} " if row.HasField("column") else ""
        lines.append(f"  line {row.line}: {column}{row.reason}")
    more = report.skipped_count - min(report.skipped_count, SKIPPED_SHOWN_MAX)
    if more:
        lines.append(f"  and {more:,} more lines were skipped")
    lines += [f"  note: {note}" for note in report.notes]
    return "\n".join(lines)


def _speed(rows: int, *, seconds: float) -> str:
    return f"{rows / seconds:,.0f} rows/s" if seconds > 0 else ""


def _reason(error: grpc.aio.AioRpcError, *, address: str) -> str:
    refusal = received(error)
    if refusal.code == "UNAVAILABLE":
        return f"billing does not answer at {address}: {refusal.message}"
    return refusal.message
