"""What a database was asked: the statements of one service, as its driver got them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import event

from services.kit.database import Database

_INTROSPECTION: Final = "typeinfo_tree"


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the statements that run meanwhile, but for those that say who asks."""
    asked: list[str] = []
    drivers: list[Any] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "set_config('app.tenant'" not in statement:
            asked.append(statement)

    def note_query(record: Any) -> None:
        # Only what goes to the driver directly; it tells of BEGIN and COMMIT, too, and of what
        # it asks for itself when a connection meets a type for the first time.
        query = record.query
        if query.startswith(("SELECT", "INSERT", "UPDATE", "WITH")) and _INTROSPECTION not in query:
            asked.append(query)

    def listen(connection: Any, *_: Any) -> None:
        drivers.append(connection.driver_connection)
        connection.driver_connection.add_query_logger(note_query)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "checkout", listen)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "checkout", listen)
        for driver in drivers:
            driver.remove_query_logger(note_query)
