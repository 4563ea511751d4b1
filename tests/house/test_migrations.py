"""The databases: migrations make exactly the models, and every tenant's rows are walled off."""

import importlib
from collections.abc import Iterable
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, MetaData, text

from services.kit.config import SERVICES
from services.kit.migrations import load_models
from tests.conftest import OpenDatabase
from tests.house.tree import ROOT

EVERY = pytest.mark.parametrize("service", SERVICES)
# The parent and the partitions of a table count as one; partitions have no policies of their own,
# and nobody may read them.
TABLES = (
    "SELECT c.oid, c.relname AS name, c.relrowsecurity AS walled, c.relforcerowsecurity AS forced,"
    " pg_get_userbyid(c.relowner) AS owner, c.relispartition AS is_partition"
    " FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
    " AND c.relname <> 'alembic_version'"
)


async def rows(database: OpenDatabase, service: str, query: str) -> list[Any]:
    async with (await database(service)).engine.connect() as connection:
        return list((await connection.execute(text(query))).all())


@EVERY
def test_a_service_has_one_head(service: str) -> None:
    config = Config(ini_section=service)
    config.set_section_option(
        service, "script_location", str(ROOT / f"services/{service}/migrations")
    )

    script = ScriptDirectory.from_config(config)

    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1


@EVERY
async def test_migrations_make_exactly_the_models(database: OpenDatabase, service: str) -> None:
    metadata = _models(service)

    async with (await database(service)).engine.connect() as connection:
        differences = await connection.run_sync(_differences, metadata)

    assert differences == []


@EVERY
async def test_migrations_make_exactly_the_checks_of_the_models(
    database: OpenDatabase, service: str
) -> None:
    expected = {
        (table.name, str(constraint.name))
        for table in _models(service).tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }

    found = await rows(
        database,
        service,
        "SELECT c.relname, k.conname, k.convalidated FROM pg_constraint k"
        " JOIN pg_class c ON c.oid = k.conrelid"
        " WHERE k.contype = 'c' AND c.relnamespace = 'public'::regnamespace"
        " AND NOT c.relispartition",
    )

    assert {(table, name) for table, name, _ in found} == expected
    assert all(is_validated for _, _, is_validated in found)


@EVERY
async def test_every_table_is_walled_off_by_tenant(database: OpenDatabase, service: str) -> None:
    policies = await rows(
        database,
        service,
        "SELECT tablename, coalesce(qual, ''), coalesce(with_check, qual, '') FROM pg_policies"
        " WHERE schemaname = 'public' AND permissive = 'PERMISSIVE'",
    )
    by_table: dict[str, list[tuple[str, str]]] = {}
    for table, seen, written in policies:
        by_table.setdefault(table, []).append((seen, written))

    tables = [row for row in await rows(database, service, TABLES) if not row.is_partition]

    assert tables
    assert [row.name for row in tables if not (row.walled and row.forced)] == []
    assert [row.name for row in tables if row.name not in by_table] == []
    for table, conditions in by_table.items():
        # The ledger's owner has a way of its own to name the tenant (billing's 0017).
        assert all(
            "app.tenant()" in one or "current_setting('app.tenant'" in one
            for both in conditions
            for one in both
        ), table


@EVERY
async def test_rows_of_partners_are_walled_off_by_partner(
    database: OpenDatabase, service: str
) -> None:
    unwalled = await rows(
        database,
        service,
        "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE a.attname = 'partner_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND c.relnamespace = 'public'::regnamespace AND NOT EXISTS ("
        "  SELECT 1 FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = c.relname"
        "  AND p.qual LIKE '%app.partner()%')",
    )

    assert unwalled == []


@EVERY
async def test_the_tenant_stands_first_in_every_key(database: OpenDatabase, service: str) -> None:
    elsewhere = await rows(
        database,
        service,
        "SELECT k.conrelid::regclass::text, k.conname FROM pg_constraint k"
        " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
        " WHERE k.contype IN ('p', 'u', 'f') AND k.connamespace = 'public'::regnamespace"
        " AND k.conrelid <> 'alembic_version'::regclass AND a.attname <> 'tenant_id'"
        " UNION ALL SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace"
        " AND i.indrelid <> 'alembic_version'::regclass AND a.attname <> 'tenant_id'",
    )

    assert elsewhere == []


@EVERY
async def test_every_table_has_a_tenant_in_its_primary_key(
    database: OpenDatabase, service: str
) -> None:
    without = await rows(
        database,
        service,
        "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p')"
        " AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint k JOIN pg_attribute a"
        " ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
        " WHERE k.conrelid = c.oid AND k.contype = 'p' AND a.attname = 'tenant_id')",
    )

    assert without == []


@EVERY
async def test_the_runtime_role_owns_nothing_and_passes_no_wall(
    database: OpenDatabase, service: str
) -> None:
    tables = await rows(database, service, TABLES)
    roles = await rows(
        database,
        service,
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'svc\\_%' AND (rolbypassrls OR rolsuper"
        " OR rolcreaterole OR rolcreatedb OR EXISTS ("
        "  SELECT 1 FROM pg_auth_members m WHERE m.member = pg_roles.oid))",
    )

    assert {row.owner for row in tables} == {f"owner_{service}"}
    assert roles == []


@EVERY
async def test_the_runtime_role_has_no_way_around_the_policies(
    database: OpenDatabase, service: str
) -> None:
    """A partition has no policy of its own; and TRUNCATE asks none."""
    open_doors = await rows(
        database,
        service,
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
        " AND c.relkind IN ('r', 'p') AND (has_table_privilege(c.oid, 'TRUNCATE')"
        " OR c.relispartition AND NOT c.relforcerowsecurity"
        "  AND has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE'))",
    )

    assert open_doors == []


@EVERY
async def test_functions_with_their_owners_rights_fix_their_search_path(
    database: OpenDatabase, service: str
) -> None:
    loose = await rows(
        database,
        service,
        "SELECT p.proname FROM pg_proc p WHERE p.prosecdef"
        " AND p.pronamespace IN ('public'::regnamespace, 'app'::regnamespace)"
        " AND NOT coalesce(array_to_string(p.proconfig, ','), '') LIKE '%search_path=%'",
    )

    assert loose == []


def _models(service: str) -> MetaData:
    load_models(service)
    tables = importlib.import_module(f"services.{service}.tables")
    [base] = [
        value
        for value in vars(tables).values()
        if isinstance(value, type)
        and issubclass(value, sa.orm.DeclarativeBase)
        and value.__module__ == tables.__name__
        and not hasattr(value, "__table__")
    ]
    return base.metadata


def _differences(connection: Connection, metadata: MetaData) -> list[Any]:
    partitions = set(
        connection.scalars(text("SELECT relname FROM pg_class WHERE relispartition")).all()
    )

    def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or name not in {*partitions, "alembic_version"}

    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_name": is_ours}
    )
    return list(_flat(compare_metadata(context, metadata)))


def _flat(differences: Iterable[Any]) -> Iterable[Any]:
    for difference in differences:
        yield from difference if isinstance(difference, list) else [difference]
