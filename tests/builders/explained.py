"""Plans of queries over many rows, which are gone after the test."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool


@asynccontextmanager
async def filled(url: str, *, tenant_id: UUID, **fills: str) -> AsyncIterator[AsyncSession]:
    """Open a transaction of the tables' owner, and fill tables by these statements."""
    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://"), poolclass=NullPool
    )
    async with engine.connect() as connection, AsyncSession(connection) as session:
        await session.execute(
            text("SELECT set_config('app.tenant', :tenant, true)"), {"tenant": str(tenant_id)}
        )
        for table, fill in fills.items():
            await session.execute(text(fill), {"tenant": tenant_id})
            await session.execute(text(f"ANALYZE {table}"))
        # Nobody commits, so all of it is gone when the session closes.
        yield session


async def explained(session: AsyncSession, read: Awaitable[Any]) -> str:
    """Give the plan of the one statement that a read runs."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    connection = await session.connection()
    event.listen(connection.sync_connection, "before_cursor_execute", note)
    try:
        await read
    finally:
        event.remove(connection.sync_connection, "before_cursor_execute", note)
    [(statement, parameters)] = asked
    rows = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
    return "\n".join(row[0] for row in rows)
