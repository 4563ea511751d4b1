"""A second tenant with all that a first one has, as if it had done the same."""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_COLUMNS = """
    SELECT c.oid::regclass::text AS "table", string_agg(quote_ident(a.attname), ', ') AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relnamespace = 'public'::regnamespace
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY c.oid HAVING bool_or(a.attname = 'tenant_id') ORDER BY 1
"""
# The tenant is also a partner, and stands as such in any column.
_COPY = (
    "INSERT INTO {table} ({columns}) SELECT {columns} FROM (SELECT (jsonb_populate_record("
    "NULL::{table}, replace(to_jsonb(own)::text, '{of}', '%s')::jsonb)).*"
    " FROM {table} own WHERE tenant_id = '{of}') copied"
)


@dataclass(frozen=True)
class Original:
    """A tenant as it is, and the statements that make another one like it."""

    connection: Connection
    statements: tuple[str, ...]

    @classmethod
    async def of(cls, connection: Connection, tenant_id: UUID) -> "Original":
        """Find the tables in which a tenant has anything, as the superuser, who sees all rows."""
        found = await connection.fetch(_COLUMNS)
        statements = [
            _COPY.format(table=table, columns=columns, of=tenant_id)
            for table, columns in found
            if await connection.fetchval(f"SELECT 1 FROM {table} WHERE tenant_id = $1", tenant_id)  # noqa: S608 - names from the catalogue
        ]
        return cls(connection, tuple(statements))

    async def copy(self, tenant_id: UUID) -> None:
        """Write the rows as they are, past triggers: what they would do was done to them once."""
        copies = [statement % tenant_id for statement in self.statements]
        await self.connection.execute(
            "; ".join(["BEGIN; SET LOCAL session_replication_role = replica", *copies, "COMMIT"])
        )
