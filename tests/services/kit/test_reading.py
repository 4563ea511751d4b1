"""A reading transaction: says who asks, writes nothing, leaves nothing behind."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.kit.database import Database, passing_fault
from services.kit.identity import Principal, Role
from tests.builders.principals import a_tenant, an_administrator


async def test_all_settings_of_a_transaction_are_said_and_gone_with_it(pond: Database) -> None:
    tenant = a_tenant()
    names = ("tenant", "partner", "role", "subject")
    settings = text(
        "SELECT " + ", ".join(f"current_setting('app.{name}', true) AS {name}" for name in names)
    )

    async with pond.reading(an_administrator(tenant)) as session:
        said = (await session.execute(settings)).one()
    async with pond.engine.connect() as connection:
        left = (await connection.execute(settings)).one()

    assert said[:3] == (str(tenant), "", "ADMINISTRATOR")
    assert set(left) <= {None, ""}


@pytest.mark.parametrize(
    "subject", ["o'hara", "'); DROP TABLE frogs; --", "\\'", "$$", "\n\t", "客户经理", "%s :x $1"]
)
async def test_a_subject_is_said_as_it_is_whatever_it_looks_like(
    pond: Database, subject: str
) -> None:
    tenant = a_tenant()
    principal = Principal(
        subject=subject, role=Role.ADMINISTRATOR, tenant_id=tenant, partner_id=tenant
    )

    async with pond.reading(principal) as session:
        said = await session.scalar(text("SELECT current_setting('app.subject')"))

    assert said == subject


async def test_a_failed_statement_leaves_the_connection_usable(pond: Database) -> None:
    principal = an_administrator(a_tenant())

    with pytest.raises(DBAPIError):
        async with pond.reading(principal) as session:
            await session.execute(text("SELECT 1/0"))

    async with pond.reading(principal) as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def test_a_connection_whose_transaction_can_not_be_ended_is_not_used_again(
    pond: Database,
) -> None:
    principal = an_administrator(a_tenant())

    async def read_slowly() -> None:
        async with pond.reading(principal) as session:
            drivers.append(session.driver)
            await session.execute(text("SELECT pg_sleep(5)"))

    drivers: list[asyncpg.Connection[asyncpg.Record]] = []
    task = asyncio.create_task(read_slowly())
    await asyncio.sleep(0.1)
    task.cancel()
    # Again, while it waits for the server to have given up the statement.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    outcome = await asyncio.gather(task, return_exceptions=True)

    assert isinstance(outcome[0], asyncio.CancelledError)
    [driver] = drivers
    assert driver.is_closed() or not driver.is_in_transaction()
    async with pond.reading(principal) as session:
        assert await session.scalar(text("SELECT 1")) == 1


async def test_a_connection_lost_meanwhile_is_a_fault_that_passes(pond: Database) -> None:
    principal = an_administrator(a_tenant())

    async def lose_it() -> None:
        async with pond.reading(principal) as session:
            session.driver.terminate()
            await session.driver.execute("SELECT 1")

    with pytest.raises(asyncpg.ConnectionDoesNotExistError) as caught:
        await lose_it()

    assert passing_fault(caught.value) is not None
    async with pond.reading(principal) as session:
        assert await session.scalar(text("SELECT 1")) == 1
