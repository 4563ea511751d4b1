"""Reads how customers are linked, inside the scope of who asks."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.links.model import CustomerLink
from services.kit.identity import Scope


async def batch_get(
    session: AsyncSession, *, scope: Scope, customer_ids: Sequence[UUID]
) -> dict[UUID, CustomerLink]:
    statement = select(CustomerLink).where(
        *scope.covers(CustomerLink), CustomerLink.customer_id.in_(customer_ids)
    )
    return {link.customer_id: link for link in await session.scalars(statement)}
