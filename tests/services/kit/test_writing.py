"""Transactions that write: whole or not at all, and begun again where they are undone."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from services.kit.database import Database
from services.kit.identity import Principal
from tests.builders.frogs import Frog, a_frog
from tests.builders.principals import a_tenant, an_administrator


async def names(pond: Database, *, principal: Principal) -> list[str]:
    async with pond.reading(principal) as session:
        return sorted((await session.scalars(select(Frog.name))).all())


async def test_what_was_done_before_it_starts_over_is_undone(pond: Database) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant)

    async with pond.transaction(principal) as session:
        session.add(a_frog("flushed", tenant_id=tenant))
        await session.flush()
        session.add(a_frog("pending", tenant_id=tenant))
        await session.start_over()
        session.add(a_frog("after", tenant_id=tenant))

    assert await names(pond, principal=principal) == ["after"]


async def test_it_starts_over_behind_a_failed_statement_as_the_same_principal(
    pond: Database,
) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant)

    async with pond.transaction(principal) as session:
        with pytest.raises(DBAPIError, match="division by zero"):
            await session.execute(text("SELECT 1/0"))
        await session.start_over()
        said = await session.scalar(text("SELECT current_setting('app.tenant')"))

    assert said == str(tenant)


async def test_a_text_sees_what_the_session_has_yet_to_write(pond: Database) -> None:
    tenant = a_tenant()

    async with pond.transaction(an_administrator(tenant)) as session:
        session.add(a_frog("pending", tenant_id=tenant))
        rows = await session.rows("SELECT name FROM frogs")

    assert [row["name"] for row in rows] == ["pending"]


async def test_a_failed_statement_that_nobody_minded_is_no_success(pond: Database) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant)

    async def write() -> None:
        async with pond.transaction(principal) as session:
            session.add(a_frog("lost", tenant_id=tenant))
            with suppress(asyncpg.DivisionByZeroError):
                await session.rows("SELECT 1/0")

    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await write()

    assert await names(pond, principal=principal) == []


async def test_a_cancelled_write_leaves_nothing_behind(pond: Database) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant)

    async def write() -> None:
        async with pond.transaction(principal) as session:
            session.add(a_frog("cut", tenant_id=tenant))
            await session.rows("SELECT pg_sleep(5)")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(write(), timeout=0.5)

    assert await names(pond, principal=principal) == []
