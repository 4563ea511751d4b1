"""Reads top-ups, inside the scope of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.top_ups.model import TopUp
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.paging import Page, keyset


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpFilter:
    """What a list is narrowed by; None and empty narrow nothing."""

    channels: Sequence[str] = ()
    channel_number: str | None = None
    pay_time: tuple[datetime | None, datetime | None] = (None, None)


async def get_by_number(
    session: AsyncSession, *, scope: Scope, channel: str, channel_number: str
) -> TopUp | None:
    statement = select(TopUp).where(
        *scope.covers(TopUp), TopUp.channel == channel, TopUp.channel_number == channel_number
    )
    return (await session.scalars(statement)).one_or_none()


async def batch_get_for_update(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID]
) -> list[TopUp]:
    """Give top-ups that nobody else sends back meanwhile; locked in the order of their ids."""
    statement = (
        select(TopUp)
        .where(*scope.covers(TopUp), TopUp.id.in_(ids))
        .order_by(TopUp.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(statement))


async def list_unreturned_for_update(
    session: AsyncSession, *, scope: Scope, partner_id: UUID
) -> list[TopUp]:
    """Give what can be sent back the way it came, the last paid first.

    What earned a bonus or a voucher is not among it. Nobody else sends it back meanwhile.
    """
    statement = (
        select(TopUp)
        .where(
            *scope.covers(TopUp),
            TopUp.partner_id == partner_id,
            TopUp.earned_bonus.is_(False),
            TopUp.returned_amount < TopUp.amount - TopUp.designated_amount,
        )
        .order_by(TopUp.pay_time.desc(), TopUp.id.desc())
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(statement))


async def batch_get(
    session: AsyncSession, *, scope: Scope, columns: Sequence[str], ids: Sequence[UUID]
) -> list[Sequence[Any]]:
    """Give those in scope in the order of the ids; behind its columns, a row has its id."""
    statement = _shown(scope, columns).add_columns(TopUp.id.label("row_id"))
    rows = await fetch(session, statement.where(TopUp.id.in_(ids)))
    found = {row[-1]: row for row in rows}
    return [found[one] for one in ids if one in found]


async def list_page(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: TopUpFilter,
    page: Page,
) -> Sequence[Sequence[Any]]:
    """Give one row more than the page has, if there are any; rows end with their place.

    Only root partners pay in, so a tenant's top-ups are its root partner's.
    """
    statement = _shown(scope, columns).add_columns(
        TopUp.pay_time.label("sort_value"), TopUp.id.label("row_id")
    )
    statement = _narrow(statement.where(TopUp.partner_id == scope.tenant_id), narrowed)
    sort = [(TopUp.pay_time, "desc"), (TopUp.id, "desc")]
    return await fetch(session, keyset(statement, sort=sort, page=page))  # type: ignore[arg-type]


def _shown(scope: Scope, columns: Sequence[str]) -> Select[Any]:
    unreturned = TopUp.amount - TopUp.designated_amount - TopUp.returned_amount
    return select(*selected(TopUp, columns, unreturned=unreturned)).where(*scope.covers(TopUp))


def _narrow(statement: Select[Any], narrowed: TopUpFilter) -> Select[Any]:
    if narrowed.channels:
        statement = statement.where(TopUp.channel.in_(narrowed.channels))
    if narrowed.channel_number is not None:
        statement = statement.where(TopUp.channel_number == narrowed.channel_number)
    begin, end = narrowed.pay_time
    if begin is not None:
        statement = statement.where(TopUp.pay_time >= begin)
    if end is not None:
        statement = statement.where(TopUp.pay_time < end)
    return statement
