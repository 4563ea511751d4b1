"""Tells whether a database needs its migrations, quicker than starting Alembic would."""

from pathlib import Path

import asyncpg

import services


async def is_at_head(service: str, *, url: str) -> bool:
    """Compare what the database says with the newest migration; they are numbered in a line."""
    newest = max(
        path.name.partition("_")[0]
        for path in (Path(services.__path__[0]) / service / "migrations" / "versions").glob("*.py")
    )
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return False
    finally:
        await connection.close()
    return [row["version_num"] for row in rows] == [newest]
