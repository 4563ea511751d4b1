"""Lists of programs and what belongs to them walk along an index, among 50,000 rows each."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession

from partner.programs.v1 import programs_pb2
from partner_center.postgres import EmbeddedPostgres
from services.kit.identity import Principal
from services.kit.ids import new_id
from services.kit.paging import PageTokens
from services.programs.programs import queries
from tests.builders.explained import explained, filled
from tests.builders.principals import an_administrator, an_operator
from tests.conftest import OpenDatabase, owner_url

TENANT: Final = new_id()
NUMBERS: Final = "FROM generate_series(1, 50000) AS number"
TIME: Final = "timestamptz '2026-01-01 00:00Z' + number * interval '1 minute'"
# A tenth of everything is the root partner's, a tenth of that without the time that is sorted by.
OWN: Final = f"""
    :tenant, ('018f' || lpad(number::text, 28, '0'))::uuid,
    CASE number % 10 WHEN 0 THEN :tenant ELSE lpad((number % 10)::text, 32, '0')::uuid END,
    lpad((number % 100 + 1)::text, 32, '0')::uuid,
    CASE WHEN number % 100 <> 0 THEN {TIME} END
"""
FILLS: Final = {
    "programs": f"""
        INSERT INTO programs (tenant_id, id, code, program_type, name, description, tiers,
            requirements, requires_review, invite_only, state, create_time)
        SELECT :tenant, lpad(number::text, 32, '0')::uuid, 'P' || number, 'COMPETENCY',
            'Program ' || number % 5000, '', '{{}}', '{{}}', true, false, 'OPEN', {TIME} {NUMBERS}
    """,
    "program_applications": f"""
        INSERT INTO program_applications (tenant_id, id, partner_id, program_id, submit_time,
            kind, state, contacts, agreements)
        SELECT {OWN}, 'JOIN', 'WITHDRAWN', '[]', '[]' {NUMBERS}
    """,
    "program_memberships": f"""
        INSERT INTO program_memberships (tenant_id, id, partner_id, program_id, expire_time,
            join_time, state)
        SELECT {OWN}, {TIME} - interval '1 day', 'EXITED' {NUMBERS}
    """,
}
LISTS: Final[Mapping[str, tuple[Any, Mapping[str, tuple[str, Any]]]]] = {
    "programs": (queries.ProgramFilter(), queries.PROGRAM_SORTS),
    "program_applications": (queries.ProgramApplicationFilter(), queries.APPLICATION_SORTS),
    "program_memberships": (queries.ProgramMembershipFilter(), queries.MEMBERSHIP_SORTS),
}
MIDDLES: Final[Mapping[str, Any]] = {"name": "Program 500"}
MIDDLE: Final = datetime(2026, 1, 20, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def session(
    postgres: EmbeddedPostgres, database: OpenDatabase
) -> AsyncIterator[AsyncSession]:
    await database("programs")
    url = owner_url(postgres, "programs")
    async with filled(url, tenant_id=TENANT, **FILLS) as session:
        yield session


async def plans(
    session: AsyncSession,
    pages: PageTokens,
    kind: str,
    order: str,
    *,
    principal: Principal,
    columns: Sequence[str] = ("state",),
) -> tuple[str, str]:
    """Give the plans of the first page and of one in the middle."""
    narrowed, sorts = LISTS[kind]
    key, _ = sorts[order]
    first = pages.page(programs_pb2.ListProgramsRequest(), scope=principal.scope)
    later = replace(first, after=(MIDDLES.get(key, MIDDLE), UUID(int=0)))
    listing = getattr(queries, f"list_{kind}")
    [of_first, of_later] = [
        await explained(
            session,
            listing(
                session,
                scope=principal.scope,
                narrowed=narrowed,
                order=order,
                page=page,
                columns=columns,
            ),
        )
        for page in (first, later)
    ]
    return of_first, of_later


@pytest.mark.parametrize(
    "principal", [an_administrator(TENANT), an_operator(TENANT)], ids=["partner", "platform"]
)
@pytest.mark.parametrize(
    ("kind", "order"), [(kind, order) for kind, (_, sorts) in LISTS.items() for order in sorts]
)
async def test_first_and_later_pages_follow_an_index_of_their_order(
    session: AsyncSession, pages: PageTokens, kind: str, order: str, principal: Principal
) -> None:
    for found in await plans(session, pages, kind, order, principal=principal):
        assert f"using {kind}_" in found
        assert "Sort" not in found


@pytest.mark.parametrize(
    ("kind", "order", "condition"),
    [
        ("programs", "NAME_ASC", "ROW(name, id) >"),
        ("program_applications", "SUBMIT_TIME_DESC", "ROW(submit_time, id) <"),
        ("program_memberships", "JOIN_TIME_ASC", "ROW(join_time, id) >"),
        ("program_memberships", "EXPIRE_TIME_DESC", "ROW(expire_time, id) <"),
    ],
)
async def test_a_later_page_starts_where_the_earlier_one_ended(
    session: AsyncSession, pages: PageTokens, kind: str, order: str, condition: str
) -> None:
    _, found = await plans(session, pages, kind, order, principal=an_administrator(TENANT))

    [of_index] = [line for line in found.splitlines() if "Index Cond" in line]
    assert condition in of_index


async def test_programs_are_looked_up_for_the_rows_of_the_page_alone(
    session: AsyncSession, pages: PageTokens
) -> None:
    for found in await plans(
        session,
        pages,
        "program_memberships",
        "JOIN_TIME_DESC",
        principal=an_operator(TENANT),
        columns=["program_name"],
    ):
        assert "using programs_pkey" in found
        assert "Nested Loop" in found
        assert "Sort" not in found
