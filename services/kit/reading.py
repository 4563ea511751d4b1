"""A transaction that only reads, by the shortest way to the driver.

Reads are most of what a service does, and what SQLAlchemy's sessions do around a statement costs
more than the statement: here it is two round trips, and rows come as the driver makes them.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql import Select

BEGIN: Final = "BEGIN READ ONLY"


class ReadingSession(AsyncSession):
    """A session over a transaction that it neither begins nor ends."""

    def __init__(self, connection: AsyncConnection, driver: Any) -> None:
        super().__init__(connection, expire_on_commit=False)
        self.driver: asyncpg.Connection[asyncpg.Record] = driver
        self._connection = connection

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
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    try:
        await driver.execute(f"{BEGIN}; {_settings(who)}")
        session = ReadingSession(connection, driver)
        yield session
        if session.in_transaction():
            # Nothing is written silently: what was added meets a transaction that refuses it.
            await session.commit()
    except asyncpg.InterfaceError as error:
        if driver.is_closed():
            raise asyncpg.ConnectionDoesNotExistError(str(error)) from error
        raise
    finally:
        await _end(driver)


def _settings(who: Mapping[str, str]) -> str:
    """Write the settings of one transaction as a statement without parameters.

    One with parameters can not share a round trip with BEGIN. The values go as hexadecimal
    digits, so that none can end its quotes.
    """
    calls = [
        f"set_config('app.{name}', convert_from('\\x{value.encode().hex()}', 'UTF8'), true)"
        for name, value in who.items()
    ]
    return f"SELECT {', '.join(calls)}"


async def _end(driver: Any) -> None:
    """End the transaction, failed or not, or else the connection: nobody may get it as it is."""
    if driver.is_closed():
        return
    try:
        await driver.execute("COMMIT")
    except BaseException:
        driver.terminate()
        raise
