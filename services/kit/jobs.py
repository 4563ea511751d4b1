"""What happens by itself: repeatable jobs, one process at a time, in small batches."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5
from zlib import crc32

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit import deadlines, log, metrics
from services.kit.database import Database
from services.kit.identity import Principal, Role

BACK_OFF_MAX: Final = timedelta(seconds=60)
# A full run is followed by another at once, but others shall have their turn.
RUNS_IN_A_ROW_MAX: Final = 100
# First half of the advisory lock's key; the second is made from the job's name.
_LOCK: Final = 0x6A6F62

_log: Final = log.logger("jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A batch of due work; run gives how many things it did, 0 when nothing is due.

    A shared one keeps its workers apart by itself, so that every process may run it at once.
    A run that did less than a full one is not followed at once: the next waits for its time.
    """

    name: str
    every: timedelta
    run: Callable[[Database, datetime], Awaitable[int]]
    is_shared: bool = False
    full_run: int = 1


def system_principal(service: str, *, tenant_id: UUID) -> Principal:
    """Speak for a service itself, in one tenant."""
    return Principal(subject=service, role=Role.SYSTEM, tenant_id=tenant_id, actor=service)


def step_id(row_id: UUID, *step: object) -> str:
    """Derive the request_id of a step, so that asking twice is harmless."""
    return str(uuid5(row_id, "|".join(map(str, step))))


def over_tenants(database: Database) -> AbstractAsyncContextManager[AsyncSession]:
    """Open a transaction that sees the rows of all tenants, to look for due work."""
    return database.every_tenant()


async def run_once(job: Job, database: Database, *, now: datetime) -> int | None:
    """Run a job once, unless another process is at it; then give None."""
    async with _alone(job, database) as is_alone:
        if not is_alone:
            return None
        deadlines.start_trace(None)
        started = time.perf_counter()
        done = await job.run(database, now)
        if done:
            milliseconds = round((time.perf_counter() - started) * 1000, 2)
            _log.info("job", job=job.name, done=done, ms=milliseconds)
        metrics.JOB_RUNS.labels(job.name, "ok").inc()
        metrics.JOB_DONE.labels(job.name).inc(done)
        return done


async def run_until_cancelled(jobs: Sequence[Job], database: Database) -> None:
    """Run each job every so often, all beside one another."""
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_repeat(job, database), name=f"job {job.name}")


async def _repeat(job: Job, database: Database) -> None:
    failures = 0
    while True:
        try:
            await _until_nothing_is_due(job, database)
            failures = 0
        except Exception as error:  # noqa: BLE001 - a job that fails is tried again, visibly
            failures += 1
            metrics.JOB_RUNS.labels(job.name, "failed").inc()
            _log.error("job failed", job=job.name, failures=failures, exc_info=error)
        await asyncio.sleep(pause(job, failures=failures).total_seconds())


async def _until_nothing_is_due(job: Job, database: Database) -> None:
    for _ in range(RUNS_IN_A_ROW_MAX):
        done = await run_once(job, database, now=datetime.now(UTC))
        if done is None or done < job.full_run:
            return


def pause(job: Job, *, failures: int) -> timedelta:
    """Say how long to wait: the job's interval, doubling from 1 s to 60 s while it fails."""
    if failures:
        doubled = timedelta(seconds=2.0 ** min(failures - 1, 10))
        return max(min(doubled, BACK_OFF_MAX), min(job.every, BACK_OFF_MAX))
    # Spread, so that the jobs of many processes do not march in step.
    return job.every * random.uniform(0.9, 1.1)  # noqa: S311 - no secret


@asynccontextmanager
async def _alone(job: Job, database: Database) -> AsyncIterator[bool]:
    """Hold the job's advisory lock in a connection of its own while it runs."""
    if job.is_shared:
        yield True
        return
    values = {"space": _LOCK, "job": crc32(job.name.encode()) - 2**31}
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        lock = text("SELECT pg_try_advisory_lock(:space, :job)")
        if not (await connection.execute(lock, values)).scalar_one():
            yield False
            return
        try:
            yield True
        finally:
            unlock = text("SELECT pg_advisory_unlock(:space, :job)")
            await connection.execute(unlock, values)
