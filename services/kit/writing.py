"""A transaction that writes: it begins by saying who asks, and commits or leaves nothing."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.direct import DirectSession, driver_of, end, settings


class WritingSession(DirectSession):
    """A session whose transaction can be undone and begun again by the same principal."""

    def __init__(self, connection: AsyncConnection, driver: Any, *, beginning: str) -> None:
        super().__init__(connection, driver)
        self._beginning = beginning

    async def start_over(self) -> None:
        """Undo everything, failed or not, and go on in a new transaction."""
        # The session forgets what it had yet to write; the server hears only what follows.
        await self.rollback()
        await self.driver.execute(f"ROLLBACK; {self._beginning}")


@asynccontextmanager
async def begun(
    connection: AsyncConnection, *, who: Mapping[str, str]
) -> AsyncIterator[WritingSession]:
    """Begin a transaction on a connection that commits by itself, and end it whatever happens.

    `who` are the settings app.… that row-level security goes by.
    """
    beginning = f"BEGIN; {settings(who)}"
    async with driver_of(connection) as driver:
        try:
            await driver.execute(beginning)
            session = WritingSession(connection, driver, beginning=beginning)
            yield session
            if session.in_transaction():
                # The session writes what it has left; only the server's COMMIT commits.
                await session.commit()
            await _commit(driver)
        except BaseException:
            await end(driver, "ROLLBACK")
            raise


async def _commit(driver: Any) -> None:
    """Commit, and do not take for done what PostgreSQL rolls back without a word.

    :raises InFailedSQLTransactionError: where a statement failed and nobody minded.
    """
    done = await driver.execute("COMMIT")
    if done != "COMMIT":
        raise asyncpg.InFailedSQLTransactionError("nothing was committed: a statement had failed")
