"""Memberships lapse by themselves, in every tenant, and only when their time is over."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.kit.ids import new_id
from services.programs.programs import jobs, queries
from services.programs.programs.model import Program, ProgramMembership
from tests.builders.principals import a_tenant, an_operator
from tests.conftest import OpenDatabase

# Long before what other tests write, so that their memberships are not due.
NOW = datetime(2001, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)


async def joined(database: OpenDatabase, *, expire_time: datetime | None) -> tuple[UUID, UUID]:
    """Put an active membership into a tenant of its own; give tenant and membership."""
    tenant_id = a_tenant()
    program = Program(
        tenant_id=tenant_id,
        id=new_id(),
        code="SP",
        program_type="COMPETENCY",
        name="Competency",
        description="",
        tiers=[],
        requirements=[],
        requires_review=False,
        invite_only=False,
        state="OPEN",
    )
    membership = ProgramMembership(
        tenant_id=tenant_id,
        id=new_id(),
        partner_id=tenant_id,
        program=program,
        state="ACTIVE",
        join_time=NOW - YEAR,
        expire_time=expire_time,
    )
    async with (await database("programs")).transaction(an_operator(tenant_id)) as session:
        session.add_all([program, membership])
    return tenant_id, membership.id


async def state_of(database: OpenDatabase, tenant_id: UUID, id_: UUID) -> str:
    principal = an_operator(tenant_id)
    async with (await database("programs")).transaction(principal) as session:
        [membership] = await queries.batch_get_program_memberships(
            session, scope=principal.scope, ids=[id_], columns=["state"]
        )
    return str(membership.state)


async def test_memberships_of_every_tenant_lapse_when_their_time_is_over(
    database: OpenDatabase,
) -> None:
    over = [await joined(database, expire_time=NOW) for _ in range(2)]
    not_yet = await joined(database, expire_time=NOW + timedelta(seconds=1))
    endless = await joined(database, expire_time=None)

    done = await jobs.expire_memberships(await database("programs"), NOW)
    again = await jobs.expire_memberships(await database("programs"), NOW)

    assert (done, again) == (2, 0)
    assert [await state_of(database, *one) for one in over] == ["EXPIRED", "EXPIRED"]
    assert await state_of(database, *not_yet) == "ACTIVE"
    assert await state_of(database, *endless) == "ACTIVE"
