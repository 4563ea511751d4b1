"""Records what the platform has verified of a partner that is to be paid."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.withdrawals.model import Payee
from services.billing.withdrawals.terms import NAME_LENGTH_MAX, refuse_long
from services.kit.identity import Scope


async def record_payee(
    session: AsyncSession,
    *,
    scope: Scope,
    verified_name: str,
    is_business_verified: bool,
    now: datetime,
) -> Payee:
    """Record what was verified of the tenant's root partner.

    :raises InvalidArgument:
    """
    refuse_long(verified_name, field="verified_name", at_most=NAME_LENGTH_MAX)
    values = {
        "verified_name": verified_name,
        "is_business_verified": is_business_verified,
        "update_time": now,
    }
    keys = {"tenant_id": scope.tenant_id, "partner_id": scope.tenant_id}
    statement = insert(Payee).values(keys | values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "partner_id"], set_=values)
    )
    return Payee(**keys, **values)
