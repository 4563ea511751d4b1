"""Transactions that begin by saying who asks, and what PostgreSQL makes of it."""

import asyncio
import random
from datetime import UTC, datetime
from traceback import format_exception

import pytest
from sqlalchemy import func, insert, literal, select, text
from sqlalchemy.exc import DBAPIError

from services.kit.database import Database, column_types, passing_fault
from services.kit.identity import Principal
from services.kit.ids import new_id
from tests.builders.frogs import Frog, a_frog
from tests.builders.principals import (
    a_system,
    a_tenant,
    an_administrator,
    an_operator,
)


async def hatch(pond: Database, name: str, *, principal: Principal) -> None:
    assert principal.tenant_id is not None
    async with pond.transaction(principal) as session:
        session.add(a_frog(name, tenant_id=principal.tenant_id, partner_id=principal.partner_id))


async def names(pond: Database, *, principal: Principal) -> list[str]:
    """Read without any where-clause: the database alone decides what is seen."""
    async with pond.reading(principal) as session:
        return sorted((await session.scalars(select(Frog.name))).all())


async def test_a_tenant_sees_its_own_rows_only(pond: Database) -> None:
    ours, theirs = an_administrator(a_tenant()), an_administrator(a_tenant())

    await hatch(pond, "ours", principal=ours)
    await hatch(pond, "theirs", principal=theirs)

    assert await names(pond, principal=ours) == ["ours"]


async def test_a_reseller_sees_its_own_rows_and_the_root_partner_all(pond: Database) -> None:
    tenant = a_tenant()
    root = an_administrator(tenant)
    reseller = an_administrator(tenant, partner_id=new_id())

    await hatch(pond, "of the root", principal=root)
    await hatch(pond, "of the reseller", principal=reseller)

    assert await names(pond, principal=reseller) == ["of the reseller"]
    for everybody in (root, an_operator(tenant), a_system(tenant)):
        assert await names(pond, principal=everybody) == ["of the reseller", "of the root"]


async def test_a_foreign_row_can_not_be_written(pond: Database) -> None:
    with pytest.raises(DBAPIError, match="row-level security"):
        async with pond.transaction(an_administrator(a_tenant())) as session:
            session.add(a_frog("smuggled", tenant_id=a_tenant()))


async def test_a_connection_that_says_nothing_sees_nothing(pond: Database) -> None:
    await hatch(pond, "hidden", principal=an_administrator(a_tenant()))

    async with pond.engine.connect() as connection:
        seen = await connection.scalar(select(func.count()).select_from(Frog))

    assert seen == 0


async def test_jobs_look_over_all_tenants(pond: Database) -> None:
    ours, theirs = an_administrator(a_tenant()), an_administrator(a_tenant())
    await hatch(pond, "due", principal=ours)
    await hatch(pond, "due", principal=theirs)

    async with pond.every_tenant() as session:
        tenants = set((await session.scalars(select(Frog.tenant_id))).all())

    assert {ours.tenant_id, theirs.tenant_id} <= tenants


async def test_a_read_only_transaction_refuses_to_write(pond: Database) -> None:
    tenant = a_tenant()

    with pytest.raises(DBAPIError, match="read-only"):
        async with pond.reading(an_administrator(tenant)) as session:
            session.add(a_frog("x", tenant_id=tenant))


async def test_an_exception_rolls_everything_back(pond: Database) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant)

    async def fail() -> None:
        async with pond.transaction(principal) as session:
            session.add(a_frog("x", tenant_id=tenant))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()

    assert await names(pond, principal=principal) == []


async def test_random_cancellations_leave_nothing_behind(pond: Database) -> None:
    """A pooled connection must never come back with somebody's transaction in it."""
    principals = [an_administrator(a_tenant()) for _ in range(3)]
    for principal in principals:
        await hatch(pond, str(principal.tenant_id), principal=principal)
    chance = random.Random(7)  # noqa: S311 - the same choice in each run

    async def look(principal: Principal) -> None:
        assert await names(pond, principal=principal) == [str(principal.tenant_id)]

    for _ in range(60):
        tasks = [asyncio.create_task(look(principal)) for principal in principals]
        await asyncio.sleep(chance.random() * 0.004)
        chance.choice(tasks).cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [one for one in outcomes if isinstance(one, Exception)]

    async with pond.engine.connect() as connection:
        idle = await connection.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = 'pond' AND state LIKE 'idle in transaction%'"
            )
        )
    assert idle == 0


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03", "57014", "08006", "53300"])
async def test_a_fault_that_passes_is_told_from_a_defect(pond: Database, state: str) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with pond.transaction(an_administrator(a_tenant())) as session:
            await session.execute(
                text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$")
            )

    refusal = passing_fault(caught.value)
    assert refusal is not None
    assert refusal.code == "UNAVAILABLE"


@pytest.mark.parametrize(
    "time",
    [datetime.min, datetime.max, datetime(2026, 1, 2, 3, 4, 5, 678901)],  # noqa: DTZ001, DTZ901
)
async def test_the_first_and_the_last_of_times_are_times_like_others(
    pond: Database, time: datetime
) -> None:
    moment = time.replace(tzinfo=UTC)
    given = literal(moment, column_types()[datetime])

    async with pond.reading(an_administrator(a_tenant())) as session:
        found = await session.scalar(select(given))

    assert found == moment


async def test_an_error_does_not_tell_the_values_that_were_written(pond: Database) -> None:
    tenant = a_tenant()
    frog = {"tenant_id": tenant, "partner_id": tenant, "id": new_id(), "name": "Ada Lovelace"}

    with pytest.raises(DBAPIError, match="duplicate key") as caught:
        async with pond.transaction(an_administrator(tenant)) as session:
            await session.execute(insert(Frog), [frog, frog])

    assert "Lovelace" not in "".join(format_exception(caught.value))


async def test_a_broken_statement_is_a_defect(pond: Database) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with pond.transaction(an_administrator(a_tenant())) as session:
            await session.execute(text("SELECT nonsense"))

    assert passing_fault(caught.value) is None


async def test_a_database_that_is_not_there_is_a_passing_fault() -> None:
    nowhere = Database("postgresql://nobody:x@127.0.0.1:1/nothing")

    with pytest.raises(OSError, match=r".") as caught:
        async with nowhere.transaction(an_administrator(a_tenant())):
            pass

    assert passing_fault(caught.value) is not None
    assert not await nowhere.is_reachable()
    await nowhere.close()


async def test_a_lost_connection_is_noticed_before_the_next_use(pond: Database) -> None:
    principal = an_administrator(a_tenant())
    assert await names(pond, principal=principal) == []

    with pytest.raises(DBAPIError) as caught:
        async with pond.transaction(principal) as session:
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    assert passing_fault(caught.value) is not None
    assert await names(pond, principal=principal) == []
    assert await pond.is_reachable()
