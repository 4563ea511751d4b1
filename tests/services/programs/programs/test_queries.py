"""Reading programs, applications and memberships: who sees which, in what order."""

from typing import Any

import pytest

from partner.programs.v1 import programs_pb2
from services.kit.errors import InvalidArgument
from services.kit.identity import Principal
from services.kit.ids import new_id
from services.kit.paging import PageTokens
from services.programs.programs import queries
from services.programs.programs.model import Program, ProgramApplication, ProgramMembership
from tests.builders.principals import a_tenant, an_administrator, an_operator
from tests.builders.programs import a_membership, a_program, an_application, day
from tests.conftest import OpenDatabase


class Catalogue:
    """The database of programs, filled and read as somebody."""

    def __init__(self, database: OpenDatabase, pages: PageTokens) -> None:
        self.database = database
        self.pages = pages

    async def put(self, *rows: Program | ProgramApplication | ProgramMembership) -> None:
        async with (await self.database("programs")).transaction(
            an_operator(rows[0].tenant_id)
        ) as session:
            # Programs come first, for the others refer to them.
            for row in rows:
                session.add(row)
                await session.flush()

    async def list(self, kind: str, principal: Principal, *, order: str, narrowed: Any) -> Any:
        scope = principal.scope
        page = self.pages.page(programs_pb2.ListProgramsRequest(), scope=scope)
        listing = getattr(queries, f"list_{kind}")
        async with (await self.database("programs")).reading(principal) as session:
            rows = await listing(
                session,
                scope=scope,
                narrowed=narrowed,
                order=order,
                page=page,
                columns=["state"],
            )
        return [row[-1] for row in rows]

    async def programs(
        self, principal: Principal, order: str = "CREATE_TIME_ASC", **narrowed: Any
    ) -> Any:
        return await self.list(
            "programs", principal, order=order, narrowed=queries.ProgramFilter(**narrowed)
        )

    async def applications(
        self, principal: Principal, order: str = "SUBMIT_TIME_ASC", **narrowed: Any
    ) -> Any:
        return await self.list(
            "program_applications",
            principal,
            order=order,
            narrowed=queries.ProgramApplicationFilter(**narrowed),
        )

    async def memberships(
        self, principal: Principal, order: str = "JOIN_TIME_ASC", **narrowed: Any
    ) -> Any:
        return await self.list(
            "program_memberships",
            principal,
            order=order,
            narrowed=queries.ProgramMembershipFilter(**narrowed),
        )


@pytest.fixture
def catalogue(database: OpenDatabase, pages: PageTokens) -> Catalogue:
    return Catalogue(database, pages)


async def test_everybody_of_a_tenant_sees_its_catalogue(catalogue: Catalogue) -> None:
    tenant_id = a_tenant()
    program = a_program(tenant_id)
    await catalogue.put(program)

    assert await catalogue.programs(an_administrator(tenant_id)) == [program.id]
    assert await catalogue.programs(an_administrator(tenant_id, partner_id=new_id())) == [
        program.id
    ]
    assert await catalogue.programs(an_administrator(a_tenant())) == []


async def test_a_distributor_does_not_see_its_resellers_applications_and_memberships(
    catalogue: Catalogue,
) -> None:
    tenant_id, reseller_id = a_tenant(), new_id()
    program = a_program(tenant_id)
    own, resellers = an_application(program), an_application(program, partner_id=reseller_id)
    owns, resells = a_membership(program), a_membership(program, partner_id=reseller_id)
    await catalogue.put(program, own, resellers, owns, resells)
    root = an_administrator(tenant_id)
    reseller = an_administrator(tenant_id, partner_id=reseller_id)
    operator = an_operator(tenant_id)

    assert await catalogue.applications(root) == [own.id]
    assert await catalogue.applications(reseller) == [resellers.id]
    assert await catalogue.applications(operator) == [own.id, resellers.id]
    assert await catalogue.memberships(root) == [owns.id]
    assert await catalogue.memberships(reseller) == [resells.id]
    assert await catalogue.memberships(operator) == [owns.id, resells.id]
    assert await catalogue.memberships(an_administrator(a_tenant())) == []


async def test_the_catalogue_is_narrowed_and_sorted(catalogue: Catalogue) -> None:
    tenant_id = a_tenant()
    first = a_program(tenant_id, code="B", name="Beta_Plan", create_time=day(1))
    second = a_program(
        tenant_id,
        code="A",
        name="Alpha",
        create_time=day(2),
        state="CLOSED",
        program_type="SOLUTION_PROVIDER",
    )
    await catalogue.put(first, second)
    root = an_administrator(tenant_id)

    assert await catalogue.programs(root, "CREATE_TIME_DESC") == [second.id, first.id]
    assert await catalogue.programs(root, "NAME_ASC") == [second.id, first.id]
    assert await catalogue.programs(root, "NAME_DESC") == [first.id, second.id]
    assert await catalogue.programs(root, name="a_p") == [first.id]
    assert await catalogue.programs(root, state="CLOSED") == [second.id]
    assert await catalogue.programs(root, program_type="COMPETENCY") == [first.id]


async def test_applications_are_narrowed_and_sorted_with_drafts_as_the_newest(
    catalogue: Catalogue,
) -> None:
    tenant_id = a_tenant()
    program = a_program(tenant_id, code="B", name="Beta")
    other = a_program(tenant_id, code="A", name="Alpha")
    early = an_application(program, submit_time=day(1))
    late = an_application(program, submit_time=day(3), kind="RENEWAL", state="UNDER_REVIEW")
    draft = an_application(other, submit_time=None, state="DRAFT")
    await catalogue.put(program, other, early, late, draft)
    root = an_administrator(tenant_id)

    assert await catalogue.applications(root) == [early.id, late.id, draft.id]
    assert await catalogue.applications(root, "SUBMIT_TIME_DESC") == [draft.id, late.id, early.id]
    assert await catalogue.applications(root, kind="RENEWAL") == [late.id]
    assert await catalogue.applications(root, program_name="LPH") == [draft.id]
    assert await catalogue.applications(root, states=["DRAFT", "UNDER_REVIEW"]) == [
        late.id,
        draft.id,
    ]
    assert await catalogue.applications(root, submit_time_from=day(1), submit_time_to=day(3)) == [
        early.id
    ]


async def test_memberships_are_narrowed_and_sorted_with_endless_ones_last_to_expire(
    catalogue: Catalogue,
) -> None:
    tenant_id = a_tenant()
    program = a_program(tenant_id, name="Beta")
    long = a_membership(program, join_time=day(1), expire_time=day(30))
    short = a_membership(program, join_time=day(2), expire_time=day(9), state="ACTIVE")
    endless = a_membership(program, join_time=day(3))
    await catalogue.put(program, long, short, endless)
    root = an_administrator(tenant_id)

    assert await catalogue.memberships(root) == [long.id, short.id, endless.id]
    assert await catalogue.memberships(root, "JOIN_TIME_DESC") == [endless.id, short.id, long.id]
    assert await catalogue.memberships(root, "EXPIRE_TIME_ASC") == [short.id, long.id, endless.id]
    assert await catalogue.memberships(root, "EXPIRE_TIME_DESC") == [endless.id, long.id, short.id]
    assert await catalogue.memberships(root, states=["ACTIVE"]) == [short.id]
    assert await catalogue.memberships(root, program_name="gamma") == []
    assert await catalogue.memberships(root, join_time_from=day(2), join_time_to=day(3)) == [
        short.id
    ]
    assert await catalogue.memberships(root, expire_time_from=day(9), expire_time_to=day(30)) == [
        short.id
    ]


@pytest.mark.parametrize("kind", ["applications", "memberships"])
async def test_a_blank_in_a_search_is_refused(catalogue: Catalogue, kind: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await getattr(catalogue, kind)(an_administrator(a_tenant()), program_name="a b")

    assert refused.value.field == "filter.program_name"
