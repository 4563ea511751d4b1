"""A transaction that only reads: two round trips, and rows as the driver makes them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import Select

from services.kit.direct import DirectSession, driver_of, end, settings

BEGIN: Final = "BEGIN READ ONLY"


class ReadingSession(DirectSession):
    """A session that is not there to write."""

    async def fetch(self, statement: Select[Any]) -> Sequence[Any]:
        """Run a statement that selects columns; going around the ORM halves what it costs."""
        rows: Sequence[Any] = (await self._connection.execute(statement)).all()
        return rows


@asynccontextmanager
async def begun(
    connection: AsyncConnection, *, who: Mapping[str, str]
) -> AsyncIterator[ReadingSession]:
    """Begin a transaction on a connection that commits by itself, and end it whatever happens.

    `who` are the settings app.… that row-level security goes by.
    """
    async with driver_of(connection) as driver:
        try:
            await driver.execute(f"{BEGIN}; {settings(who)}")
            session = ReadingSession(connection, driver)
            yield session
            if session.in_transaction():
                # Nothing is written silently: what was added meets a transaction that refuses it.
                await session.commit()
        finally:
            await end(driver, "COMMIT")
