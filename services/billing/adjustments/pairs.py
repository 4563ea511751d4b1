"""One adjustment at a time between the same two (domain.md 6.2, rule 8)."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.adjustments.model import AdjustmentInProgress, Route
from services.kit.prepared import constant

# Keys are derived below this name. Two pairs of one key would only be asked to come again.
PAIRS: Final = UUID("0d5f1c1e-2a55-5c0b-8f0e-6b7a51b6d0f4")

_TAKE: Final = constant(
    "SELECT key FROM unnest(CAST(:keys AS bigint[])) AS pair (key)"
    " WHERE pg_try_advisory_xact_lock(key)"
)


async def refusals_of_running(
    session: AsyncSession, *, tenant_id: UUID, routes: Sequence[Route]
) -> list[AdjustmentInProgress | None]:
    """Take each pair until the transaction ends; give a refusal where another one has it.

    A pair is the same in both directions: else giving and taking back at once could wait for
    each other's accounts in a circle.
    """
    keys = [_key(tenant_id, route) for route in routes]
    taken = {key for (key,) in await _TAKE.fetch(session, values={"keys": keys})}
    return [
        None if key in taken else AdjustmentInProgress("another adjustment is running: ask again")
        for key in keys
    ]


def _key(tenant_id: UUID, route: Route) -> int:
    first, second = sorted((route.partner.id, route.other.id))
    name = uuid5(PAIRS, f"{tenant_id}|{first}|{second}")
    return int.from_bytes(name.bytes[:8], signed=True)
