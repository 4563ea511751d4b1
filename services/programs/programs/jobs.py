"""Lets memberships lapse when their time is over."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, tuple_, update

from services.kit.database import Database
from services.kit.jobs import Job, over_tenants
from services.programs.programs.model import MembershipState, ProgramMembership

MEMBERSHIPS_AT_ONCE: Final = 500


async def expire_memberships(database: Database, now: datetime) -> int:
    """Move active memberships of all tenants to EXPIRED; give how many, 0 when none is due."""
    due = (
        select(ProgramMembership.tenant_id, ProgramMembership.id)
        .where(
            ProgramMembership.state == MembershipState.ACTIVE, ProgramMembership.expire_time <= now
        )
        .order_by(ProgramMembership.expire_time)
        .limit(MEMBERSHIPS_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    lapse = (
        update(ProgramMembership)
        .where(tuple_(ProgramMembership.tenant_id, ProgramMembership.id).in_(due))
        .values(state=MembershipState.EXPIRED)
        .returning(ProgramMembership.id)
        .execution_options(synchronize_session=False)
    )
    async with over_tenants(database) as session:
        return len((await session.execute(lapse)).all())


EXPIRE_MEMBERSHIPS: Final = Job(
    name="expire memberships", every=timedelta(seconds=30), run=expire_memberships
)
