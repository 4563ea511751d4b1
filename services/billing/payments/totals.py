"""What the usage of customers and months came to: read under a lock, and written back."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.payments import due
from services.billing.payments.due import Waiting
from services.billing.payments.model import UsageTotal
from services.billing.payments.orders import decimals_of, money_of
from services.billing.payments.usage import Total
from services.kit.identity import Scope
from services.kit.money import EXACT

# The customer, the month, the currency.
TotalKey = tuple[UUID, date, str]


async def lock_totals(
    session: AsyncSession, *, scope: Scope, waiting: Sequence[Waiting]
) -> dict[TotalKey, Total]:
    """Give what the months came to before, and let nobody else add to them meanwhile."""
    keys = sorted({(row.customer_id, row.billing_cycle, row.currency_code) for row in waiting})
    names = ("customer_id", "billing_cycle", "currency_code")
    new = [
        dict(zip(names, key, strict=True))
        | {"tenant_id": scope.tenant_id, "rated_amount": 0, "charged_amount": 0}
        for key in keys
    ]
    await session.execute(insert(UsageTotal).values(new).on_conflict_do_nothing())
    known = await due.list_totals_for_update(
        session,
        scope=scope,
        customer_ids=sorted({key[0] for key in keys}),
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
    rows = [
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
    statement = insert(UsageTotal).values(rows)
    new = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            constraint="usage_totals_pkey",
            set_={"rated_amount": new.rated_amount, "charged_amount": new.charged_amount},
        )
    )
