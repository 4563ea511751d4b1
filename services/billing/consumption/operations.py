"""The writes: charges are taken once, their sums kept with them, imports and settings noted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.consumption import queries
from services.billing.consumption.charges import REFUNDS, SummaryBillType
from services.billing.consumption.model import (
    AMOUNTS,
    ConsumptionDetail,
    ConsumptionImport,
    ConsumptionSettings,
    ConsumptionSum,
    CustomerSpend,
)
from services.kit.identity import Scope
from services.kit.ids import new_id

_COLUMNS: Final = [
    column.name
    for column in ConsumptionDetail.__table__.columns
    if column.computed is None and column.server_default is None
]


@dataclass(frozen=True, slots=True)
class Taken:
    """What of a batch is new: how many charges, and their payable amounts by currency."""

    count: int
    payable: Mapping[str, Decimal]


async def take_charges(session: AsyncSession, *, rows: Sequence[Mapping[str, Any]]) -> Taken:
    """Keep the details that are not known yet and add them to the sums, in one statement.

    Rows are the columns of details by name. They go as one JSON text: with a parameter for each
    cell the statement would be as long as the data.
    """
    given = orjson.dumps(rows, default=str).decode()
    found = (await session.execute(_TAKE, {"rows": given})).all()
    return Taken(
        sum(row.detail_count for row in found),
        {row.currency_code: row.payable_amount for row in found},
    )


async def make_partitions(session: AsyncSession, *, cycles: Collection[date]) -> None:
    """Make sure that details of these cycles have a place."""
    for cycle in sorted(cycles):
        await session.execute(select(func.app.make_consumption_partition(cycle)))


async def analyze_partitions(session: AsyncSession, *, cycles: Collection[date]) -> None:
    """Let the planner know what details of these cycles there are now."""
    for cycle in sorted(cycles):
        await session.execute(select(func.app.analyze_consumption_partition(cycle)))


async def start_import(
    session: AsyncSession,
    *,
    scope: Scope,
    request_id: str,
    file_name: str,
    subject: str,
    now: datetime,
) -> UUID:
    """Note that an import begins."""
    started = ConsumptionImport(
        tenant_id=scope.tenant_id,
        id=new_id(),
        request_id=request_id,
        file_name=file_name,
        subject=subject,
        start_time=now,
        row_count=0,
        new_count=0,
        known_count=0,
        skipped_count=0,
    )
    session.add(started)
    await session.flush()
    return started.id


async def note_import(
    session: AsyncSession, *, scope: Scope, import_id: UUID, counts: Mapping[str, int]
) -> None:
    """Note how far an import has come."""
    noted = await queries.get_import_for_update(session, scope=scope, import_id=import_id)
    for name, count in counts.items():
        setattr(noted, name, count)


async def finish_import(
    session: AsyncSession,
    *,
    scope: Scope,
    import_id: UUID,
    counts: Mapping[str, int],
    failure: str | None,
) -> None:
    """Note that an import has ended, and why if it was before its file did."""
    await note_import(session, scope=scope, import_id=import_id, counts=counts)
    statement = update(ConsumptionImport).where(
        *scope.covers(ConsumptionImport), ConsumptionImport.id == import_id
    )
    await session.execute(statement.values(finish_time=func.now(), failure=failure))


async def update_consumption_settings(
    session: AsyncSession, *, scope: Scope, history_months: int | None
) -> ConsumptionSettings:
    """Set how far back the tenant may look."""
    settings = await queries.get_settings_for_update(session, scope=scope)
    settings.limit_history(history_months)
    session.add(settings)
    await session.flush()
    return settings


async def note_pushed(
    session: AsyncSession, *, scope: Scope, cycle: date, versions: Mapping[UUID, int]
) -> None:
    """Note which versions of customers' spends the customers service has been told."""
    spends = await queries.list_spends_for_update(
        session, scope=scope, cycle=cycle, customer_ids=list(versions)
    )
    for spend in spends:
        # The amount may have grown since; then the version says that it is due again.
        spend.pushed_version = max(spend.pushed_version, versions[spend.customer_id])


def _take() -> Any:
    """Write the statement of `take_charges`."""
    row_type: ColumnElement[Any] = literal_column("NULL::consumption_details")
    rows = cast(bindparam("rows", type_=Text()), JSON())
    given = func.json_populate_recordset(row_type, rows).table_valued(*_COLUMNS, name="given")
    return taking(select(*[given.c[name] for name in _COLUMNS]))


def taking(source: Select[Any]) -> Select[Any]:
    """Write the statement that keeps the details that a query gives, and adds them to the sums.

    In the order of keys, so that two of these wait for each other instead of both. The query names
    its columns as details do; what it does not give stays empty.
    """
    given = source.cte("given")
    names = [name for name in _COLUMNS if name in given.c]
    ordered = select(*[given.c[name] for name in names]).order_by(given.c.billing_cycle, given.c.id)
    taken = (
        insert(ConsumptionDetail)
        .from_select(names, ordered)
        .on_conflict_do_nothing()
        .returning(ConsumptionDetail)
        .cte("taken")
    )
    sums, spends = _add_to_sums(taken).cte("sums"), _add_to_spends(taken).cte("spends")
    return (
        select(
            taken.c.currency_code,
            func.count().label("detail_count"),
            func.sum(taken.c.payable_amount).label("payable_amount"),
        )
        .group_by(taken.c.currency_code)
        .add_cte(sums, spends)
    )


def _add_to_sums(taken: Any) -> Insert:
    bill_type = case(
        (
            taken.c.bill_type.in_([kind.value for kind in sorted(REFUNDS)]),
            SummaryBillType.UNSUBSCRIBE.value,
        ),
        (taken.c.writeoff_amount != 0, SummaryBillType.PLATFORM_WRITEOFF.value),
        else_=SummaryBillType.NORMAL.value,
    )
    key = {
        column.name: bill_type if column.name == "bill_type" else taken.c[column.name]
        for column in ConsumptionSum.__table__.primary_key
    }
    summed = {name: func.sum(taken.c[name]) for name in AMOUNTS} | {"detail_count": func.count()}
    named = {"service_type_name": func.max(taken.c.service_type_name)}
    values = key | summed | named
    source = (
        select(*[value.label(name) for name, value in values.items()])
        .group_by(*[literal_column(str(place + 1)) for place in range(len(key))])
        .order_by(*[literal_column(str(place + 1)) for place in range(len(key))])
    )
    statement = insert(ConsumptionSum).from_select(list(values), source)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=list(key),
        set_={name: getattr(ConsumptionSum, name) + new[name] for name in summed}
        | {
            "service_type_name": func.coalesce(
                new.service_type_name, ConsumptionSum.service_type_name
            )
        },
    )


def _add_to_spends(taken: Any) -> Insert:
    key = ("tenant_id", "customer_id", "billing_cycle")
    columns = [taken.c[name] for name in key]
    source = (
        select(
            *columns,
            func.min(taken.c.currency_code),
            func.sum(taken.c.payable_amount),
            literal(1),
            literal(0),
        )
        .group_by(*columns)
        .order_by(*columns)
    )
    names = [*key, "currency_code", "amount", "version", "pushed_version"]
    statement = insert(CustomerSpend).from_select(names, source)
    return statement.on_conflict_do_update(
        index_elements=list(key),
        set_={
            "amount": CustomerSpend.amount + statement.excluded.amount,
            "version": CustomerSpend.version + 1,
        },
    )


_TAKE: Final = _take()
