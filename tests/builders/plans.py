"""How a database would find what an rpc asks for, if it had many rows."""

from typing import Any

from google.protobuf.message import Message
from sqlalchemy import event

from services.kit.identity import Principal
from tests.builders.running import RunningService

# Few rows are read faster in a row and sorted; this makes those ways as dear as with many.
AS_WITH_MANY = tuple(
    f"SET LOCAL enable_{way} = off" for way in ("seqscan", "bitmapscan", "sort", "incremental_sort")
)


async def plan(
    service: RunningService, request: Message, *, principal: Principal, analyze: bool = False
) -> str:
    """Call an rpc that asks its database once; give the plan of that statement as text.

    Analyzed, it tells how many rows it took.
    """
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "set_config('app.tenant'" not in statement:
            asked.append((statement, values))

    engine = service.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        await service.call(request, principal=principal)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    ((statement, values),) = asked
    async with service.database.reading(principal) as session:
        connection = await session.connection()
        for way in AS_WITH_MANY:
            await connection.exec_driver_sql(way)
        options = "ANALYZE, TIMING OFF, SUMMARY OFF, COSTS OFF" if analyze else "COSTS OFF"
        lines = await connection.exec_driver_sql(f"EXPLAIN ({options}) {statement}", values)
        return "\n".join(lines.scalars())
