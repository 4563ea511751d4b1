"""What the usage of customers and months came to: read under a lock, and written back."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import JSON, Text, bindparam, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.payments import due
from services.billing.payments.model import UsageTotal
from services.billing.payments.orders import decimals_of, money_of
from services.billing.payments.usage import Total, Usage
from services.kit.identity import Scope
from services.kit.money import EXACT

# The customer, the month, the currency.
TotalKey = tuple[UUID, date, str]


async def lock_totals(
    session: AsyncSession, *, scope: Scope, waiting: Sequence[Usage]
) -> dict[TotalKey, Total]:
    """Give what the months came to before, and let nobody else add to them meanwhile."""
    keys = sorted({(row.customer_id, row.billing_cycle, row.currency_code) for row in waiting})
    nothing = dict.fromkeys(keys, Total.nothing())
    await session.execute(_OPEN, {"rows": _rows(nothing, scope=scope)})
    known = await due.list_totals_for_update(
        session, scope=scope, customer_ids=sorted({key[0] for key in keys})
    )
    found = {(one.customer_id, one.billing_cycle, one.currency_code): one for one in known}
    return {
        key: Total(
            rated=found[key].rated_amount,
            charged=int(EXACT.scaleb(found[key].charged_amount, decimals_of(key[2]))),
        )
        for key in keys
    }


async def keep_totals(
    session: AsyncSession, *, scope: Scope, totals: Mapping[TotalKey, Total]
) -> None:
    await session.execute(_KEEP, {"rows": _rows(totals, scope=scope)})


def _rows(totals: Mapping[TotalKey, Total], *, scope: Scope) -> str:
    rows: list[dict[str, Any]] = [
        {
            "tenant_id": scope.tenant_id,
            "customer_id": customer_id,
            "billing_cycle": cycle,
            "currency_code": currency_code,
            "rated_amount": total.rated,
            "charged_amount": money_of(total.charged, currency_code).amount,
        }
        for (customer_id, cycle, currency_code), total in totals.items()
    ]
    return orjson.dumps(rows, default=str).decode()


def _insert() -> Insert:
    """Write all rows as one text: with a parameter for each cell the statement would be new."""
    table = UsageTotal.metadata.tables[UsageTotal.__tablename__]
    names = [column.name for column in table.columns]
    row_type: Any = literal_column("NULL::usage_totals")
    rows = cast(bindparam("rows", type_=Text()), JSON())
    given = func.json_populate_recordset(row_type, rows).table_valued(*names, name="given")
    return insert(table).from_select(names, select(*[given.c[name] for name in names]))


def _keep() -> Insert:
    statement = _insert()
    new = statement.excluded
    return statement.on_conflict_do_update(
        constraint="usage_totals_pkey",
        set_={"rated_amount": new.rated_amount, "charged_amount": new.charged_amount},
    )


_OPEN: Final = _insert().on_conflict_do_nothing()
_KEEP: Final = _keep()
