"""Reads challenges and settings, inside the scope of who asks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.verification_codes.model import VerificationChallenge, VerificationSettings
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.prepared import Prepared


async def get_for_update(
    session: AsyncSession, *, scope: Scope, challenge_id: UUID
) -> VerificationChallenge | None:
    """Give a challenge; others who would answer or use it wait."""
    statement = (
        select(VerificationChallenge)
        .where(*scope.covers(VerificationChallenge), VerificationChallenge.id == challenge_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def get_settings(
    session: AsyncSession, *, scope: Scope, partner_id: UUID
) -> VerificationSettings | None:
    statement = select(VerificationSettings).where(
        *scope.covers(VerificationSettings), VerificationSettings.partner_id == partner_id
    )
    return (await session.scalars(statement)).one_or_none()


async def is_enabled(session: AsyncSession, *, scope: Scope, partner_id: UUID) -> bool:
    """Tell whether a partner has its writes verified."""
    values = {"whose": partner_id}
    return any(row[0] for row in await _IS_ENABLED.fetch_within(session, scope, values=values))


def _is_enabled(scope: Scope) -> Select[Any]:
    return select(VerificationSettings.is_enabled).where(
        *scope.covers(VerificationSettings),
        VerificationSettings.partner_id == bindparam("whose", type_=Uuid()),
    )


_IS_ENABLED: Final = Prepared(_is_enabled)


async def get_settings_row(
    session: AsyncSession, *, scope: Scope, columns: Sequence[str], partner_id: UUID
) -> Sequence[Any] | None:
    """Give the columns of a partner's settings, if it has any."""
    statement = select(*selected(VerificationSettings, columns)).where(
        *scope.covers(VerificationSettings), VerificationSettings.partner_id == partner_id
    )
    rows = await fetch(session, statement)
    return rows[0] if rows else None


async def count_asked_since(
    session: AsyncSession, *, scope: Scope, subject: str, since: datetime
) -> int:
    """Count the challenges that somebody has asked for since a time."""
    statement = select(func.count()).where(
        *scope.covers(VerificationChallenge),
        VerificationChallenge.subject == subject,
        VerificationChallenge.create_time > since,
    )
    return (await session.scalars(statement)).one()


async def list_due(
    session: AsyncSession, *, now: datetime, at_most: int
) -> list[VerificationChallenge]:
    """Give challenges of all tenants that are to be sent, the oldest first."""
    statement = (
        select(VerificationChallenge)
        .where(
            VerificationChallenge.send_time.is_(None),
            VerificationChallenge.next_send_time <= now,
            VerificationChallenge.expire_time > now,
        )
        .order_by(VerificationChallenge.next_send_time)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    return list(await session.scalars(statement))
