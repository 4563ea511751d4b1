"""A superuser with bad intent: changes what nobody may, and looks what is found of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.kit.database import Database
from services.kit.jobs import over_tenants
from services.kit.proofs import Finding, Proof, prove
from services.kit.rpc import utc_now
from services.kit.seals import ROWS_AT_ONCE, SealedTable, seal

# How a small change of a value of each type is written; of a number in a row, past the others.
CHANGES: Final = {
    "uuid": "set_byte(uuid_send(coalesce({0}, gen_random_uuid())), 15,"
    " (get_byte(uuid_send(coalesce({0}, gen_random_uuid())), 15) + 1) % 256)",
    "text": "coalesce({0}, '') || 'x'",
    "bigint": "coalesce({0}, 0) + 1000",
    "smallint": "coalesce({0}, 0) + 1",
    "boolean": "NOT {0}",
    "bytea": "set_byte({0}, 0, (get_byte({0}, 0) + 1) % 256)",
    "timestamp with time zone": "coalesce({0}, now()) + interval '1 microsecond'",
    "ARRAY": "{0} || ARRAY['x']",
}


async def seal_everything(database: Database, tables: Sequence[SealedTable]) -> int:
    """Seal all that is committed, for every tenant; give how many rows that were."""
    done = 0
    while True:
        async with over_tenants(database) as session:
            count = await seal(session, tables=tables, now=utc_now(), at_most=ROWS_AT_ONCE)
        done += count
        if not count:
            return done


class Tamperer:
    """Works in one transaction without any guard, and takes all of it back in the end."""

    def __init__(self, connection: Any, *, tenant_id: UUID, tables: Sequence[SealedTable]) -> None:
        self.connection = connection
        self.tenant_id = tenant_id
        self.tables = tables

    async def columns(self, table: str) -> dict[str, str]:
        """Give the columns of a table with their types."""
        rows = await self.connection.fetch(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position",
            table,
        )
        return {row["column_name"]: row["data_type"] for row in rows}

    async def change(self, table: str, column: str, where: str) -> None:
        """Change one column of one row by as little as its type allows."""
        kind = (await self.columns(table))[column]
        value = CHANGES[kind].format(column)
        if kind == "uuid":
            value = f"encode({value}, 'hex')::uuid"
        elif kind == "smallint":
            value = f"({value})::smallint"
        await self.do(f"UPDATE {table} SET {column} = {value} WHERE {where}")  # noqa: S608 - ours

    async def do(self, statement: str) -> None:
        status = await self.connection.execute(statement)
        assert not status.endswith(" 0"), f"changed nothing: {statement}"

    async def proof(self) -> Proof:
        return await prove(self.connection, tenant_id=self.tenant_id, tables=self.tables)

    async def named(self) -> set[tuple[str, str]]:
        """Give the tables and keys of what is found."""
        findings: list[Finding] = (await self.proof()).findings
        return {(finding.table, finding.key) for finding in findings}


@asynccontextmanager
async def tampering(
    admin_url: str, *, tenant_id: UUID, tables: Sequence[SealedTable]
) -> AsyncIterator[Tamperer]:
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(admin_url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        # No trigger fires, and no foreign key is looked at.
        await connection.execute("SET LOCAL session_replication_role = replica")
        await _drop_checks(connection)
        yield Tamperer(connection, tenant_id=tenant_id, tables=tables)
    finally:
        await transaction.rollback()
        await connection.close()


async def _drop_checks(connection: Any) -> None:
    statements = await connection.fetch(
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)"
        " AS drop"
        " FROM pg_constraint k WHERE k.contype = 'c' AND k.coninhcount = 0"
        " AND k.connamespace = 'public'::regnamespace"
    )
    for statement in statements:
        await connection.execute(statement["drop"])
