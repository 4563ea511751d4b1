"""Reads how customers are linked, inside the scope of who asks."""

from collections.abc import Collection, Sequence
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


async def list_known_resellers(
    session: AsyncSession, *, scope: Scope, partner_ids: Collection[UUID]
) -> set[UUID]:
    """Give those of the partners that have customers; billing knows of no others."""
    statement = (
        select(CustomerLink.partner_id)
        .where(*scope.covers(CustomerLink), CustomerLink.partner_id.in_(partner_ids))
        .distinct()
    )
    return set(await session.scalars(statement))
