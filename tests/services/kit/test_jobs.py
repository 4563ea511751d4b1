"""Jobs: one process at a time, repeated while there is work, patient when they fail."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from services.kit.database import Database
from services.kit.ids import new_id
from services.kit.jobs import (
    Job,
    over_tenants,
    pause,
    run_once,
    run_until_cancelled,
    step_id,
    system_principal,
)
from services.kit.rpc import utc_now

NOW = utc_now()
SECOND = timedelta(seconds=1)


async def test_a_job_runs_in_one_process_at_a_time(pond: Database) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def wait(_database: Database, _now: datetime) -> int:
        entered.set()
        await leave.wait()
        return 3

    job = Job(name="wait", every=SECOND, run=wait)
    first = asyncio.create_task(run_once(job, pond, now=NOW))
    await entered.wait()

    second = await run_once(job, pond, now=NOW)
    leave.set()

    assert second is None
    assert await first == 3
    assert await run_once(job, pond, now=NOW) == 3


async def test_a_shared_job_runs_in_every_process_at_once(pond: Database) -> None:
    both = asyncio.Barrier(2)

    async def meet(_database: Database, _now: datetime) -> int:
        await both.wait()
        return 1

    job = Job(name="meet", every=SECOND, run=meet, is_shared=True)

    assert await asyncio.gather(*(run_once(job, pond, now=NOW) for _ in range(2))) == [1, 1]


async def test_a_job_gets_the_time_and_the_database(pond: Database) -> None:
    async def look(database: Database, now: datetime) -> int:
        assert now == NOW
        async with over_tenants(database) as session:
            assert session.is_active
        return 0

    assert await run_once(Job(name="look", every=SECOND, run=look), pond, now=NOW) == 0


async def test_a_job_that_fails_lets_go_of_its_lock(pond: Database) -> None:
    async def fail(_database: Database, _now: datetime) -> int:
        raise RuntimeError

    job = Job(name="fail", every=SECOND, run=fail)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await run_once(job, pond, now=NOW)


async def test_a_job_with_work_runs_again_at_once(pond: Database) -> None:
    left, done = [2, 2, 1, 0], asyncio.Event()

    async def work(_database: Database, _now: datetime) -> int:
        if len(left) == 1:
            done.set()
            return left[0]
        return left.pop(0)

    job = Job(name="work", every=timedelta(hours=1), run=work)
    running = asyncio.create_task(run_until_cancelled([job], pond))
    async with asyncio.timeout(10):
        await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert left == [0]


async def test_what_a_run_that_was_not_full_left_waits_for_its_time(pond: Database) -> None:
    runs, partial = [2, 2, 1, 1], asyncio.Event()

    async def work(_database: Database, _now: datetime) -> int:
        if len(runs) == 2:
            partial.set()
        return runs.pop(0)

    job = Job(name="batches", every=timedelta(hours=1), run=work, full_run=2)
    running = asyncio.create_task(run_until_cancelled([job], pond))
    async with asyncio.timeout(10):
        await partial.wait()
    await asyncio.sleep(0.2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert runs == [1]


async def test_a_failing_job_does_not_stop_the_others(pond: Database) -> None:
    done = asyncio.Event()

    async def fail(_database: Database, _now: datetime) -> int:
        raise RuntimeError("SECRET")

    async def work(_database: Database, _now: datetime) -> int:
        done.set()
        return 0

    jobs = [Job(name="bad", every=SECOND, run=fail), Job(name="good", every=SECOND, run=work)]
    running = asyncio.create_task(run_until_cancelled(jobs, pond))
    async with asyncio.timeout(10):
        await done.wait()
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (1000, 60)]
)
def test_pauses_double_while_a_job_fails(failures: int, seconds: int) -> None:
    job = Job(name="x", every=SECOND, run=lambda _database, _now: asyncio.sleep(0, 0))

    assert pause(job, failures=failures) == timedelta(seconds=seconds)
    assert 0.9 * SECOND <= pause(job, failures=0) <= 1.1 * SECOND


def test_a_step_has_one_id_for_ever() -> None:
    row = UUID("01890a5d-ac96-774b-bcce-b302099a8057")

    assert step_id(row, "push", 3) == "9f259f46-fde3-5af3-9699-24d701edd1c5"
    assert step_id(row, "push", 4) != step_id(row, "push", 3)


def test_a_service_speaks_for_itself_in_one_tenant() -> None:
    tenant = new_id()

    assert system_principal("billing", tenant_id=tenant).scope.tenant_id == tenant
