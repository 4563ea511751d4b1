"""One service's database: its connections, and transactions that begin by saying who asks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Dialect,
    LargeBinary,
    MetaData,
    Numeric,
    Text,
    TypeDecorator,
    Uuid,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.orm import Mapped, mapped_column

from services.kit import deadlines, reading, writing
from services.kit.errors import Refusal, Unavailable
from services.kit.identity import Principal
from services.kit.ids import new_id
from services.kit.reading import ReadingSession
from services.kit.writing import WritingSession

POOL_SIZE: Final = 10
POOL_OVERFLOW: Final = 5
POOL_WAIT_SECONDS: Final = 4
SERVER_SETTINGS: Final = {
    "timezone": "UTC",
    "lock_timeout": "2s",
    "statement_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    # Every query is short; compiling one costs more than it saves.
    "jit": "off",
}

# Who jobs are that look for due work.
_EVERY_TENANT: Final = {"tenant": "every", "partner": "", "role": "SYSTEM", "subject": "jobs"}

# Classes of SQLSTATE that pass: connection lost, serialisation and deadlock, out of resources,
# lock not available, cancelled by a timeout or a shutdown, idle for too long.
_PASSING: Final = ("08", "40", "53", "55P03", "57", "25P03")


class Time(TypeDecorator[datetime]):
    """A moment. The driver keeps the first and the last as infinite and gives them without zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def column_types() -> dict[Any, Any]:
    """Say which column type an annotation means, for every service alike."""
    return {
        UUID: Uuid(),
        datetime: Time(),
        date: Date(),
        Decimal: Numeric(38, 15),
        int: BigInteger(),
        str: Text(),
        bytes: LargeBinary(),
        dict[str, Any]: JSONB(),
    }


def service_metadata() -> MetaData:
    """Make the home of one service's tables; constraints get the names that migrations use."""
    return MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        }
    )


class TenantRow:
    """A row of a tenant; the tenant stands first in the primary key."""

    # Defaults are fetched with the INSERT, never by a SELECT later.
    __mapper_args__: ClassVar[dict[str, Any]] = {"eager_defaults": True}

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-30)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-29)


class PartnerRow(TenantRow):
    """A row of a partner inside the tenant."""

    partner_id: Mapped[UUID] = mapped_column(sort_order=-28)


class Database:
    """The connections of one process to its own database."""

    def __init__(
        self, url: str, *, name: str = "", pool_size: int = POOL_SIZE, overflow: int = POOL_OVERFLOW
    ) -> None:
        self.engine: AsyncEngine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=overflow,
            pool_timeout=POOL_WAIT_SECONDS,
            # Errors go to the log; personal data does not.
            hide_parameters=True,
            connect_args={
                "server_settings": SERVER_SETTINGS | {"application_name": name},
                "timeout": POOL_WAIT_SECONDS,
            },
        )
        event.listen(self.engine.sync_engine, "checkout", _refuse_closed)
        # The same connections; who uses them begins and ends transactions.
        self._direct = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self, principal: Principal) -> AsyncIterator[WritingSession]:
        """Open a transaction that sees what the principal's tenant and partner own.

        It commits at the end and rolls back on any exception.
        """
        async with (
            self._connection() as connection,
            writing.begun(connection, who=_who(principal)) as session,
        ):
            yield session

    @asynccontextmanager
    async def reading(self, principal: Principal) -> AsyncIterator[ReadingSession]:
        """Open a transaction that sees the same and can not write."""
        async with (
            self._connection() as connection,
            reading.begun(connection, who=_who(principal)) as session,
        ):
            yield session

    @asynccontextmanager
    async def every_tenant(self) -> AsyncIterator[WritingSession]:
        """Open a transaction over all tenants; only for jobs that look for due work."""
        async with (
            self._connection() as connection,
            writing.begun(connection, who=_EVERY_TENANT) as session,
        ):
            yield session

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        deadlines.transaction_open.set(True)
        try:
            async with self._direct.connect() as connection:
                yield connection
        finally:
            deadlines.transaction_open.set(False)

    async def is_reachable(self) -> bool:
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (DBAPIError, PoolTimeoutError, OSError, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        await self.engine.dispose()


def _who(principal: Principal) -> dict[str, str]:
    scope = principal.scope
    return {
        "tenant": str(scope.tenant_id),
        "partner": "" if scope.partner_id is None else str(scope.partner_id),
        "role": principal.role.value,
        "subject": principal.subject,
    }


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Leave a pooled connection aside whose server has gone; asking it would be a round trip."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def passing_fault(error: BaseException) -> Refusal | None:
    """Tell a fault that passes from a defect: the former is worth asking again."""
    if isinstance(error, PoolTimeoutError):
        return Unavailable("the database is busy")
    # While connecting, the driver's own errors come through unwrapped.
    state = getattr(getattr(error, "orig", error), "sqlstate", None) or ""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if lost or state.startswith(_PASSING) or isinstance(error, OSError):
        return Unavailable("the database is busy or gone for a moment")
    return None
