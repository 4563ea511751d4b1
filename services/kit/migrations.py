"""What migrations are written with: scope, protection, immutability, rights; and how they run."""

import asyncio
import importlib.util
import pkgutil
import threading
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command, context, op
from alembic.config import Config
from sqlalchemy import Connection, MetaData, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.kit.config import owner_database_url

# Two processes that start at once upgrade one after the other.
_LOCK: Final = 0x70617274
# Alembic keeps what runs in module globals, so within a process one runs at a time.
_one_at_a_time: Final = threading.Lock()


def install_scope() -> None:
    """Install the schema `app`: functions that say for whom the transaction runs."""
    op.execute("CREATE SCHEMA app")
    # After one SET LOCAL the setting is the empty text instead of NULL.
    op.execute(
        "CREATE FUNCTION app.tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS"
        " $$ SELECT nullif(nullif(current_setting('app.tenant', true), ''), 'every')::uuid $$"
    )
    op.execute(
        "CREATE FUNCTION app.partner() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS"
        " $$ SELECT nullif(current_setting('app.partner', true), '')::uuid $$"
    )
    op.execute(
        "CREATE FUNCTION app.every_tenant() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS"
        " $$ SELECT coalesce(current_setting('app.tenant', true) = 'every', false) $$"
    )
    op.execute(
        "CREATE FUNCTION app.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION '% is immutable: % refused', TG_TABLE_NAME, TG_OP"
        " USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(f"GRANT USAGE ON SCHEMA app, public TO {runtime_role()}")
    op.execute(
        f"ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO {runtime_role()}",
    )


def install_replies() -> None:
    """Create the table of replies (kit/replies.py), scoped by tenant; it is kept for ever."""
    op.create_table(
        "replies",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash_version", sa.BigInteger(), nullable=False),
        sa.Column("is_refusal", sa.Boolean()),
        sa.Column("answer", sa.LargeBinary()),
        sa.Column(
            "create_time",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "method", "request_id", name="replies_pkey"),
    )
    protect("replies")
    grant("replies", "SELECT", "INSERT", "UPDATE")


def protect(table: str, *, partner: bool = False) -> None:
    """Force row level security on a table; with partner where it has a partner_id."""
    rule = "tenant_id = (SELECT app.tenant())"
    if partner:
        rule += " AND ((SELECT app.partner()) IS NULL OR partner_id = (SELECT app.partner()))"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_scope ON {table} USING (({rule}) OR (SELECT app.every_tenant()))"
    )


def make_immutable(table: str) -> None:
    """Let rows be written once: no right to change them, and a trigger that raises."""
    op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {runtime_role()}")
    op.execute(
        f"CREATE TRIGGER {table}_is_immutable BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION app.refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_is_kept BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change()"
    )


def grant(table: str, *privileges: str) -> None:
    """Give the runtime role exactly these rights on a table."""
    op.execute(f"REVOKE ALL ON {table} FROM {runtime_role()}")
    op.execute(f"GRANT {', '.join(privileges)} ON {table} TO {runtime_role()}")


def grant_function(signature: str) -> None:
    """Let only the runtime role call a function, for example 'post_transfer(uuid, bigint)'."""
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {runtime_role()}")


def runtime_role() -> str:
    return f"svc_{_service()}"


def _service() -> str:
    config = op.get_context().config
    assert config is not None, "migrations run from env.py"
    return config.config_ini_section


def run_migrations(service: str, *, url: str, revision: str = "head") -> None:
    """Upgrade a service's database as its owner; blocking, so outside an event loop."""
    config = Config(ini_section=service)
    folder = Path(__file__).resolve().parents[1] / service / "migrations"
    config.set_section_option(service, "script_location", str(folder))
    config.set_section_option(service, "path_separator", "os")
    config.attributes["url"] = url
    with _one_at_a_time:
        command.upgrade(config, revision)


def load_models(service: str) -> None:
    """Import every slice's model, so that the service's metadata knows all its tables."""
    package = importlib.import_module(f"services.{service}")
    for slice_ in pkgutil.iter_modules(package.__path__):
        name = f"services.{service}.{slice_.name}.model"
        if slice_.ispkg and importlib.util.find_spec(name) is not None:
            importlib.import_module(name)


def run_environment(metadata: MetaData) -> None:
    """Do what every service's env.py does: bring the models' tables and the database together."""
    config = context.config
    url = config.attributes.get("url") or owner_database_url(config.config_ini_section)
    asyncio.run(_run(metadata, url=url))


async def _run(metadata: MetaData, *, url: str) -> None:
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, metadata)
            await connection.commit()
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, metadata: MetaData) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    # The models know the partitioned parent only.
    partitions = set(
        connection.scalars(text("SELECT relname FROM pg_class WHERE relispartition")).all()
    )
    context.configure(
        connection=connection,
        # A list, because a single one would put its conventions over names in migrations.
        target_metadata=[metadata],
        compare_type=True,
        include_name=lambda name, kind, _parents: kind != "table" or name not in partitions,
    )
    with context.begin_transaction():
        context.run_migrations()
