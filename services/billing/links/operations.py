"""Takes over how customers are linked."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Update, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.links.model import CustomerLink


async def put_customer_links(
    session: AsyncSession, *, tenant_id: UUID, links: Sequence[Mapping[str, Any]]
) -> None:
    """Keep each link, unless a newer or the same version is known."""
    newest: dict[UUID, Mapping[str, Any]] = {}
    for link in links:
        known = newest.get(link["customer_id"])
        if known is None or known["version"] < link["version"]:
            newest[link["customer_id"]] = link
    if not newest:
        return
    # In the order of ids: two pushes at once wait for each other and never in a circle.
    rows = [{"tenant_id": tenant_id, **newest[key]} for key in sorted(newest)]
    statement = insert(CustomerLink).values(rows)
    keys = {"tenant_id", "customer_id"}
    changes = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "customer_id"],
            set_=changes,
            where=CustomerLink.version < statement.excluded.version,
        )
    )


async def begin_closing(session: AsyncSession, *, tenant_id: UUID, customer_id: UUID) -> None:
    """Let nothing more be given to a customer."""
    await session.execute(_change(tenant_id, customer_id).values(is_closing=True))


async def end_closing(session: AsyncSession, *, tenant_id: UUID, customer_id: UUID) -> None:
    await session.execute(_change(tenant_id, customer_id).values(is_closing=False))


def _change(tenant_id: UUID, customer_id: UUID) -> Update:
    return (
        update(CustomerLink)
        .where(CustomerLink.tenant_id == tenant_id, CustomerLink.customer_id == customer_id)
        .execution_options(synchronize_session=False)
    )
