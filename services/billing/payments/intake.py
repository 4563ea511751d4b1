"""Takes usage over: once each, for resale customers, to wait until a run charges it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import JSON, Text, bindparam, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts import operations as accounts
from services.billing.consumption import operations as consumption
from services.billing.consumption.charges import detail_id
from services.billing.consumption.model import ConsumptionDetail
from services.billing.links import queries as links
from services.billing.links.model import CustomerLink, NotSubCustomer
from services.billing.payments.model import AdvisoryPaysItself, UsageRow
from services.kit import ids
from services.kit.errors import Refusal
from services.kit.identity import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUsage:
    """Usage as the meters bring it."""

    usage_number: str
    customer_id: UUID
    billing_cycle: date
    service_type_code: str
    service_type_name: str | None
    resource_type_code: str | None
    cloud_resource_id: str | None
    resource_name: str | None
    product_id: str | None
    product_name: str | None
    region_code: str | None
    usage_type: str | None
    usage_amount: Decimal | None
    usage_unit: str | None
    consume_time: datetime
    consume_end_time: datetime | None
    currency_code: str
    list_amount: Decimal
    discount_amount: Decimal

    def id_in(self, tenant_id: UUID) -> UUID:
        """Make the id of usage that is the same whenever it is brought again."""
        name = self.customer_id.bytes + self.usage_number.encode()
        return detail_id(tenant_id, billing_cycle=self.billing_cycle, name=name)


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a batch of usage."""

    new_count: int
    known_count: int
    refused: Sequence[tuple[NewUsage, Refusal]]


async def charge_usage(
    session: AsyncSession, *, scope: Scope, usages: Sequence[NewUsage], now: datetime
) -> Taken:
    """Take usage over that is not known yet; what can not be charged is refused one by one.

    :raises CurrencyMismatch:
    """
    for currency_code in sorted({usage.currency_code for usage in usages}):
        await accounts.refuse_other_currency(
            session, tenant_id=scope.tenant_id, currency_code=currency_code
        )
    found = await links.batch_get(
        session, scope=scope, customer_ids=list({usage.customer_id for usage in usages})
    )
    refusals = [(usage, _refusal(usage, found.get(usage.customer_id))) for usage in usages]
    refused = [(usage, refusal) for usage, refusal in refusals if refusal is not None]
    rows = [
        _row(usage, partner_id=found[usage.customer_id].partner_id, scope=scope, now=now)
        for usage, refusal in refusals
        if refusal is None
    ]
    # Where it will be kept when it is charged.
    await consumption.make_partitions(session, cycles={row["billing_cycle"] for row in rows})
    given = orjson.dumps(rows, default=str).decode()
    new = len((await session.execute(_TAKE, {"rows": given})).all()) if rows else 0
    return Taken(new, len(rows) - new, refused)


def _refusal(usage: NewUsage, link: CustomerLink | None) -> Refusal | None:
    named = {"customer_id": ids.to_text("cus", usage.customer_id)}
    if link is None:
        return NotSubCustomer("the customer is not associated with you", **named)
    if not link.may_receive_vouchers():
        return AdvisoryPaysItself("customers of referral sale pay the platform itself", **named)
    return None


def _row(usage: NewUsage, *, partner_id: UUID, scope: Scope, now: datetime) -> Mapping[str, Any]:
    return asdict(usage) | {
        "tenant_id": scope.tenant_id,
        "id": usage.id_in(scope.tenant_id),
        "partner_id": partner_id,
        "create_time": now,
    }


def _take() -> Any:
    """Write the statement that keeps usage which neither waits nor was charged before.

    What is charged while this runs may get in once more: the run that charges looks again.
    """
    columns = [column.name for column in UsageRow.__table__.columns]
    row_type: Any = literal_column("NULL::usages")
    rows = cast(bindparam("rows", type_=Text()), JSON())
    given = func.json_populate_recordset(row_type, rows).table_valued(*columns, name="given")
    is_charged = (
        select(ConsumptionDetail.id)
        .where(
            ConsumptionDetail.tenant_id == given.c.tenant_id,
            ConsumptionDetail.billing_cycle == given.c.billing_cycle,
            ConsumptionDetail.id == given.c.id,
        )
        .exists()
    )
    new = (
        select(*[given.c[name] for name in columns])
        .where(~is_charged)
        .order_by(given.c.billing_cycle, given.c.id)
    )
    # The table and not its class: many rows come, and none of them is an object.
    table = UsageRow.metadata.tables[UsageRow.__tablename__]
    into = insert(table).from_select(columns, new)
    return into.on_conflict_do_nothing().returning(table.c.id)


_TAKE: Final = _take()
