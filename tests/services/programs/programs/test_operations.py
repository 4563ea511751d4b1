"""Taking over what the platform decides about programs, against a real database."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from services.kit.errors import NotFound
from services.kit.ids import new_id
from services.programs.programs import operations
from services.programs.programs.model import (
    AlreadyApplied,
    AlreadyMember,
    Program,
    ProgramApplication,
    ProgramCodeTaken,
    ProgramMembership,
)
from tests.builders.principals import a_tenant, an_operator
from tests.conftest import OpenDatabase

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
PROGRAM: dict[str, Any] = {
    "code": "SP",
    "program_type": "SOLUTION_PROVIDER",
    "name": "Solution Provider Program",
    "description": "",
    "tiers": ["Registered", "Advanced"],
    "requirements": [],
    "requires_review": True,
    "invite_only": False,
    "state": "OPEN",
}
APPLICATION: dict[str, Any] = {
    "kind": "JOIN",
    "state": "UNDER_REVIEW",
    "contacts": [],
    "agreements": [],
    "submit_time": NOW,
}
MEMBERSHIP: dict[str, Any] = {"state": "ACTIVE", "join_time": NOW}


async def a_program(database: OpenDatabase, tenant_id: UUID, **others: Any) -> UUID:
    principal = an_operator(tenant_id)
    async with (await database("programs")).transaction(principal) as session:
        program = await operations.create_program(
            session, scope=principal.scope, said=PROGRAM | others, now=NOW
        )
    return program.id


async def applied(
    database: OpenDatabase,
    tenant_id: UUID,
    program_id: UUID,
    *,
    partner_id: UUID | None = None,
    **others: Any,
) -> ProgramApplication:
    principal = an_operator(tenant_id)
    async with (await database("programs")).transaction(principal) as session:
        return await operations.record_program_application(
            session,
            scope=principal.scope,
            program_id=program_id,
            partner_id=partner_id,
            said=APPLICATION | others,
            now=NOW,
        )


async def joined(
    database: OpenDatabase,
    tenant_id: UUID,
    program_id: UUID,
    *,
    partner_id: UUID | None = None,
    **others: Any,
) -> ProgramMembership:
    principal = an_operator(tenant_id)
    async with (await database("programs")).transaction(principal) as session:
        return await operations.record_program_membership(
            session,
            scope=principal.scope,
            program_id=program_id,
            partner_id=partner_id,
            said=MEMBERSHIP | others,
            now=NOW,
        )


async def test_create_program_refuses_a_code_twice_in_a_tenant(database: OpenDatabase) -> None:
    tenant_id = a_tenant()
    await a_program(database, tenant_id)

    with pytest.raises(ProgramCodeTaken) as refused:
        await a_program(database, tenant_id, name="Another")
    elsewhere = await a_program(database, a_tenant())

    assert refused.value.metadata == {"code": "SP"}
    assert elsewhere is not None


async def test_what_names_no_partner_is_the_root_partners(database: OpenDatabase) -> None:
    tenant_id, reseller_id = a_tenant(), new_id()
    program_id = await a_program(database, tenant_id)

    own = await applied(database, tenant_id, program_id)
    resellers = await joined(database, tenant_id, program_id, partner_id=reseller_id)

    assert (own.partner_id, resellers.partner_id) == (tenant_id, reseller_id)


async def test_a_second_open_application_of_the_same_kind_is_refused(
    database: OpenDatabase,
) -> None:
    tenant_id = a_tenant()
    program_id = await a_program(database, tenant_id)
    await applied(database, tenant_id, program_id)

    with pytest.raises(AlreadyApplied):
        await applied(database, tenant_id, program_id, state="DRAFT", submit_time=None)


async def test_other_kinds_partners_and_decided_applications_do_not_stand_in_the_way(
    database: OpenDatabase,
) -> None:
    tenant_id = a_tenant()
    program_id = await a_program(database, tenant_id)
    await applied(database, tenant_id, program_id)

    await applied(database, tenant_id, program_id, kind="RENEWAL")
    await applied(database, tenant_id, program_id, partner_id=new_id())
    await applied(database, tenant_id, program_id, state="REJECTED", decide_time=NOW)
    again = await applied(database, tenant_id, program_id, state="WITHDRAWN")

    assert again.state == "WITHDRAWN"


async def test_of_applications_at_the_same_moment_one_is_taken(database: OpenDatabase) -> None:
    tenant_id = a_tenant()
    program_id = await a_program(database, tenant_id)

    outcomes = await asyncio.gather(
        *(applied(database, tenant_id, program_id) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(outcome, ProgramApplication) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, AlreadyApplied) for outcome in outcomes) == 7


async def test_a_partner_is_an_active_member_once(database: OpenDatabase) -> None:
    tenant_id = a_tenant()
    program_id = await a_program(database, tenant_id)
    await joined(database, tenant_id, program_id)

    with pytest.raises(AlreadyMember):
        await joined(database, tenant_id, program_id)
    past = await joined(database, tenant_id, program_id, state="EXPIRED")

    assert past.state == "EXPIRED"


async def test_a_member_does_not_ask_to_join_but_may_rise(database: OpenDatabase) -> None:
    tenant_id = a_tenant()
    program_id = await a_program(database, tenant_id)
    await joined(database, tenant_id, program_id)

    with pytest.raises(AlreadyMember):
        await applied(database, tenant_id, program_id)
    await applied(database, tenant_id, program_id, kind="TIER_UPGRADE", applied_tier="Advanced")
    past = await applied(database, tenant_id, program_id, state="APPROVED", decide_time=NOW)

    assert past.kind == "JOIN"


async def test_another_tenants_program_is_not_there(database: OpenDatabase) -> None:
    foreign_id, missing_id = await a_program(database, a_tenant()), new_id()

    for program_id in (foreign_id, missing_id):
        with pytest.raises(NotFound, match=r"^program not found$"):
            await applied(database, a_tenant(), program_id)
        with pytest.raises(NotFound, match=r"^program not found$"):
            await joined(database, a_tenant(), program_id)


@pytest.mark.parametrize(
    ("others", "constraint"),
    [
        ({"code": "-SP"}, "programs_code_check"),
        ({"program_type": "OTHER"}, "programs_program_type_check"),
        ({"state": "LOST"}, "programs_state_check"),
        ({"agreement_url": "https://a.example"}, "programs_agreement_check"),
    ],
)
async def test_the_database_refuses_a_program_that_the_model_would(
    database: OpenDatabase, others: dict[str, Any], constraint: str
) -> None:
    tenant_id = a_tenant()

    with pytest.raises(IntegrityError, match=constraint):
        async with (await database("programs")).transaction(an_operator(tenant_id)) as session:
            session.add(Program(tenant_id=tenant_id, **PROGRAM | others))


@pytest.mark.parametrize(
    ("others", "constraint"),
    [
        ({"kind": "OTHER"}, "program_applications_kind_check"),
        ({"state": "LOST"}, "program_applications_state_check"),
        ({"submit_time": None}, "program_applications_submit_time_check"),
        ({"decide_time": NOW}, "program_applications_decide_time_check"),
        ({"reject_reason": "No."}, "program_applications_reject_reason_check"),
    ],
)
async def test_the_database_refuses_an_application_that_the_model_would(
    database: OpenDatabase, others: dict[str, Any], constraint: str
) -> None:
    tenant_id = a_tenant()
    program_id = await a_program(database, tenant_id)
    row = ProgramApplication(
        tenant_id=tenant_id, partner_id=tenant_id, program_id=program_id, **APPLICATION | others
    )

    with pytest.raises(IntegrityError, match=constraint):
        async with (await database("programs")).transaction(an_operator(tenant_id)) as session:
            session.add(row)


@pytest.mark.parametrize(
    ("others", "constraint"),
    [
        ({"state": "LOST"}, "program_memberships_state_check"),
        ({"expire_time": NOW}, "program_memberships_expire_time_check"),
        ({"program_id": new_id()}, "program_memberships_tenant_id_program_id_fkey"),
    ],
)
async def test_the_database_refuses_a_membership_that_the_model_would(
    database: OpenDatabase, others: dict[str, Any], constraint: str
) -> None:
    tenant_id = a_tenant()
    program_id = await a_program(database, tenant_id)
    values = {"partner_id": tenant_id, "program_id": program_id} | MEMBERSHIP | others

    with pytest.raises(IntegrityError, match=constraint):
        async with (await database("programs")).transaction(an_operator(tenant_id)) as session:
            session.add(ProgramMembership(tenant_id=tenant_id, **values))
