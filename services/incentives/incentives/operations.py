"""Writes of incentive lines."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.incentives.incentives.model import Incentive
from services.kit.errors import InvalidArgument
from services.kit.identity import Scope
from services.kit.ids import new_id


async def record_incentives(
    session: AsyncSession, *, scope: Scope, lines: Sequence[dict[str, Any]], now: datetime
) -> list[Incentive]:
    """Take over lines as the platform has computed them; each names columns of Incentive.

    A line without a partner is earned by the root partner.

    :raises InvalidArgument: where there is no line, or one contradicts itself.
    """
    if not lines:
        raise InvalidArgument("must have at least one line", field="incentives")
    incentives = [
        Incentive(
            tenant_id=scope.tenant_id,
            id=new_id(),
            create_time=now,
            **line | {"partner_id": line["partner_id"] or scope.tenant_id},
        ).check(path=f"incentives[{index}]")
        for index, line in enumerate(lines)
    ]
    session.add_all(incentives)
    await session.flush()
    return incentives
