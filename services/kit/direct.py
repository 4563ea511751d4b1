"""Sessions over a transaction that this code begins and ends, by the shortest way to the driver.

What SQLAlchemy's sessions do around a statement costs more than most statements. Here a
transaction begins and says who asks in one round trip, and what is known by its text goes to the
driver as it is; all else goes through the session as ever.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession


class DirectSession(AsyncSession):
    """A session over a transaction that it neither begins nor ends."""

    def __init__(self, connection: AsyncConnection, driver: Any) -> None:
        super().__init__(connection, expire_on_commit=False)
        self.driver: asyncpg.Connection[asyncpg.Record] = driver
        self._connection = connection

    async def rows(self, text: str, *values: Any) -> Sequence[Any]:
        """Run a text, behind whatever the session has yet to write; give what the driver does."""
        if self.new or self.dirty or self.deleted:
            await self.flush()
        found: Sequence[Any] = await self.driver.fetch(text, *values)
        return found


@asynccontextmanager
async def driver_of(connection: AsyncConnection) -> AsyncIterator[Any]:
    """Give the driver's own connection; that it was lost is said as the server would say it."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    try:
        yield driver
    except asyncpg.InterfaceError as error:
        if driver.is_closed():
            raise asyncpg.ConnectionDoesNotExistError(str(error)) from error
        raise


def settings(who: Mapping[str, str]) -> str:
    """Write the settings of one transaction as a statement without parameters.

    One with parameters can not share a round trip with BEGIN. The values go as hexadecimal
    digits, so that none can end its quotes.
    """
    calls = [
        f"set_config('app.{name}', convert_from('\\x{value.encode().hex()}', 'UTF8'), true)"
        for name, value in who.items()
    ]
    return f"SELECT {', '.join(calls)}"


async def end(driver: Any, word: str) -> None:
    """End the transaction, failed or not, or else the connection: nobody may get it as it is."""
    if driver.is_closed():
        return
    try:
        await driver.execute(word)
    except BaseException:
        driver.terminate()
        raise
