"""Reads how customers are linked, inside the scope of who asks."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.links.model import CustomerLink
from services.kit.identity import Scope
from services.kit.prepared import Prepared


async def batch_get(
    session: AsyncSession, *, scope: Scope, customer_ids: Sequence[UUID]
) -> dict[UUID, CustomerLink]:
    statement = select(CustomerLink).where(
        *scope.covers(CustomerLink), CustomerLink.customer_id.in_(customer_ids)
    )
    return {link.customer_id: link for link in await session.scalars(statement)}


async def batch_get_for_share(
    session: AsyncSession, *, scope: Scope, customer_ids: Sequence[UUID]
) -> dict[UUID, CustomerLink]:
    """Give links that can not begin to close before the transaction ends."""
    rows = await _FOR_SHARE.fetch_within(session, scope, values={"customer_ids": customer_ids})
    links = [CustomerLink(**dict(zip(_NAMES, row, strict=True))) for row in rows]
    return {link.customer_id: link for link in links}


def _for_share(scope: Scope) -> Select[Any]:
    named = func.any(bindparam("customer_ids", type_=ARRAY(Uuid())))
    return (
        select(*CustomerLink.__table__.columns)
        .where(*scope.covers(CustomerLink), CustomerLink.customer_id == named)
        .order_by(CustomerLink.customer_id)
        .with_for_update(read=True, key_share=True)
    )


_NAMES: Final = tuple(CustomerLink.__table__.columns.keys())
_FOR_SHARE: Final = Prepared(_for_share)


async def get_for_update(
    session: AsyncSession, *, scope: Scope, customer_id: UUID
) -> CustomerLink | None:
    """Give a link when nobody uses it to give its customer something."""
    statement = (
        select(CustomerLink)
        .where(*scope.covers(CustomerLink), CustomerLink.customer_id == customer_id)
        .with_for_update()
    )
    return await session.scalar(statement)


async def known_resellers(
    session: AsyncSession, *, scope: Scope, partner_ids: Sequence[UUID]
) -> frozenset[UUID]:
    """Give those who are resellers of the caller's; they are known by their customers."""
    if scope.partner_id is not None:
        return frozenset()
    statement = select(CustomerLink.partner_id).where(
        *scope.covers(CustomerLink),
        CustomerLink.partner_id.in_(partner_ids),
        CustomerLink.partner_id != scope.tenant_id,
    )
    return frozenset(await session.scalars(statement.distinct()))
