"""Makes consumption details of usage that was charged, in one statement: it leaves the queue."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Date,
    Numeric,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    column,
    delete,
    func,
    literal,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.consumption.charges import BillType, ChargingMode
from services.billing.consumption.operations import taking
from services.billing.links.model import AssociationType, CustomerLink
from services.billing.payments.deduction import Source
from services.billing.payments.model import COLUMNS, UsageRow
from services.kit.identity import Scope

# What a detail has as the usage had it.
_KEPT: Final = (
    "tenant_id",
    "billing_cycle",
    "id",
    "partner_id",
    "customer_id",
    "service_type_code",
    "service_type_name",
    "resource_type_code",
    "cloud_resource_id",
    "resource_name",
    "product_id",
    "product_name",
    "region_code",
    "usage_type",
    "usage_amount",
    "usage_unit",
    "consume_time",
    "consume_end_time",
    "currency_code",
    "list_amount",
)


async def take_charged(
    session: AsyncSession, *, scope: Scope, splits: Sequence[Mapping[str, Any]]
) -> None:
    """Let usage become details: each with what it was charged, by source, in counts."""
    given = orjson.dumps(splits, default=str).decode()
    await session.execute(_TAKE, {"splits": given, "tenant_id": scope.tenant_id})


def _take() -> Any:
    kinds: dict[str, Any] = {
        "id": Uuid(),
        "billing_cycle": Date(),
        "trade_number": Text(),
        "unit_value": Numeric(),
    }
    kinds |= dict.fromkeys(("payable", *COLUMNS), BigInteger())
    split = (
        func.json_to_recordset(cast(bindparam("splits", type_=Text()), JSON()))
        .table_valued(*[column(name, kind) for name, kind in kinds.items()], name="split")
        .render_derived(with_types=True)
    )
    left = (
        delete(UsageRow)
        .where(
            UsageRow.tenant_id == bindparam("tenant_id", type_=Uuid()),
            UsageRow.billing_cycle == split.c.billing_cycle,
            UsageRow.id == split.c.id,
        )
        .returning(
            *[getattr(UsageRow, name) for name in (*_KEPT, "discount_amount")],
            split.c.trade_number,
            *[
                (func.coalesce(split.c[name], 0) * split.c.unit_value).label(f"{name}_charged")
                for name in ("payable", *COLUMNS)
            ],
        )
        .cte("left_queue")
    )
    return taking(_details(left))


def _details(left: Any) -> Select[Any]:
    """Write the details of usage that left the queue, with who is in charge of the customer now."""
    charged: dict[str, ColumnElement[Any]] = {
        COLUMNS[source]: left.c[f"{source}_charged"] for source in Source
    }
    values: dict[str, ColumnElement[Any]] = {name: left.c[name] for name in _KEPT} | {
        "association_type": literal(AssociationType.RESALE.value),
        "account_manager_id": CustomerLink.account_manager_id,
        "charging_mode": literal(ChargingMode.PAY_PER_USE.value),
        "bill_type": literal(BillType.USAGE.value),
        "trade_number": left.c.trade_number,
        "payable_amount": left.c.payable_charged,
        # With what was rounded off, or carried on to a later row.
        "discount_amount": left.c.list_amount - left.c.payable_charged,
        "rated_amount": left.c.list_amount - left.c.discount_amount,
        "stored_card_amount": literal(0, Numeric()),
        "writeoff_amount": literal(0, Numeric()),
    }
    link = (CustomerLink.tenant_id == left.c.tenant_id) & (
        CustomerLink.customer_id == left.c.customer_id
    )
    return select(*[value.label(name) for name, value in (values | charged).items()]).select_from(
        left.outerjoin(CustomerLink, link)
    )


_TAKE: Final = _take()
