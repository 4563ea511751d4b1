"""The rpc that lists the operation log, the same in every service."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import Select, select

from partner.type.v1 import operation_logs_pb2
from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from services.kit.fields import Field, Fields, fetch, place, selected
from services.kit.identity import Role, Scope
from services.kit.operation_log import OperationRow
from services.kit.paging import Direction, keyset
from services.kit.rpc import Call, Servicer, read

_OPERATION: Final = Fields(
    operation_logs_pb2.OperationLog,
    request_id=Field(),
    id=Field(partial(ids.to_text, "opl")),
    partner_id=Field(partial(ids.to_text, "ptr")),
    operate_time=Field(wire.time_parts),
    operator=Field(),
    role=Field(),
    method=Field(),
    outcome=Field(),
    things=Field(),
)
_DIRECTIONS: Final[dict[int, Direction]] = {
    operation_logs_pb2.OPERATION_LOG_ORDER_UNSPECIFIED: "desc",
    operation_logs_pb2.OPERATION_LOG_ORDER_OPERATE_TIME_DESC: "desc",
    operation_logs_pb2.OPERATION_LOG_ORDER_OPERATE_TIME_ASC: "asc",
}


def listing(table: type[OperationRow]) -> Any:
    """Make the rpc over a service's table."""

    @read(Role.ADMINISTRATOR, Role.OPERATOR)
    async def ListOperationLogs(  # noqa: N802 - the rpc's name
        servicer: Servicer,  # noqa: ARG001 - the rpc's shape
        request: operation_logs_pb2.ListOperationLogsRequest,
        call: Call,
    ) -> operation_logs_pb2.ListOperationLogsResponse:
        chosen = _OPERATION.chosen(request.read_mask)
        page = call.page(request)
        statement = _listed(table, request, scope=call.scope, columns=chosen.columns)
        direction = _DIRECTIONS[request.order_by]
        sort = [(table.operate_time, direction), (table.id, direction)]
        rows = await fetch(call.session, keyset(statement, sort=sort, page=page))
        cut = call.pages.cut(page, rows, key=place)
        return operation_logs_pb2.ListOperationLogsResponse(
            operation_logs=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    return ListOperationLogs


def _listed(
    table: type[OperationRow],
    request: operation_logs_pb2.ListOperationLogsRequest,
    *,
    scope: Scope,
    columns: Sequence[str],
) -> Select[Any]:
    """Select what is asked for; rows end with their place in the list."""
    narrowed = request.filter
    begin, end = wire.to_time_range(narrowed, "operate_time")
    statement = select(
        *selected(table, columns),
        table.operate_time.label("sort_value"),
        table.id.label("row_id"),
    ).where(*scope.covers(table))
    if begin is not None:
        statement = statement.where(table.operate_time >= begin)
    if end is not None:
        statement = statement.where(table.operate_time < end)
    if narrowed.HasField("operator"):
        statement = statement.where(table.operator == narrowed.operator)
    if narrowed.HasField("method"):
        statement = statement.where(table.method == narrowed.method)
    if narrowed.HasField("thing"):
        if not ids.looks_like_id(narrowed.thing):
            raise InvalidArgument("must be an id", field="filter.thing")
        statement = statement.where(table.things.contains([narrowed.thing]))
    return statement
