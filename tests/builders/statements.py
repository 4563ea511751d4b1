"""What a database was asked: the statements of one service, as its driver got them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from services.kit.database import Database


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the statements that run meanwhile, but for those that say who asks."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "set_config('app.tenant'" not in statement:
            asked.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
