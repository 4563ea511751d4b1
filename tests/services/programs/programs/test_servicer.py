"""The rpcs of ProgramService over a real socket."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from partner.programs.v1 import programs_pb2
from services.kit.identity import Role
from services.kit.ids import new_id, to_text
from tests.builders.only import is_whole, only
from tests.builders.principals import (
    a_person,
    a_tenant,
    an_administrator,
    an_operator,
)
from tests.builders.programs import apply, at, create, join
from tests.builders.running import RunningService
from tests.builders.statements import statements
from tests.conftest import RunService


@pytest.fixture
async def service(running: RunService) -> RunningService:
    return await running("programs")


async def test_a_program_is_offered_and_read_as_it_was_said(service: RunningService) -> None:
    tenant_id = a_tenant()
    request = create(
        agreement=programs_pb2.Agreement(
            name="Agreement", version="2026-01", url="https://partner.example/agreement"
        )
    )

    created = await service.call(request, principal=an_operator(tenant_id))
    listed = await service.call(
        programs_pb2.ListProgramsRequest(), principal=an_administrator(tenant_id)
    )

    assert list(listed.programs) == [created]
    request.program.id = created.id
    request.program.create_time.CopyFrom(created.create_time)
    assert created == request.program


async def test_an_application_is_read_with_its_contacts_masked(service: RunningService) -> None:
    tenant_id = a_tenant()
    program = await service.call(create(), principal=an_operator(tenant_id))
    request = apply(
        program,
        contacts=[
            programs_pb2.ProgramApplication.Contact(
                name="陈宇", email="chen.yu@partner.example", mobile="13900001234"
            ),
            programs_pb2.ProgramApplication.Contact(name="Li"),
        ],
        agreements=[programs_pb2.Agreement(name="A", version="1", sign_time=at("2026-07-31"))],
    )

    recorded = await service.call(request, principal=an_operator(tenant_id))
    listed = await service.call(
        programs_pb2.ListProgramApplicationsRequest(), principal=an_administrator(tenant_id)
    )

    assert list(listed.applications) == [recorded]
    [chen, li] = recorded.contacts
    assert (chen.name, chen.email, chen.mobile) == ("陈***", "c***@partner.example", "139***1234")
    assert (li.name, li.HasField("email"), li.HasField("mobile")) == ("L***", False, False)
    assert list(recorded.agreements) == list(request.application.agreements)
    assert recorded.program_name == program.name
    assert recorded.partner_id == to_text("ptr", tenant_id)


async def test_a_membership_is_read_as_it_was_said(service: RunningService) -> None:
    tenant_id, reseller_id = a_tenant(), new_id()
    program = await service.call(create(), principal=an_operator(tenant_id))
    request = join(program, partner_id=to_text("ptr", reseller_id), certificate_number="PC-0001")

    recorded = await service.call(request, principal=an_operator(tenant_id))
    listed = await service.call(
        programs_pb2.ListProgramMembershipsRequest(),
        principal=an_administrator(tenant_id, partner_id=reseller_id),
    )

    assert list(listed.memberships) == [recorded]
    expected = request.membership
    expected.MergeFrom(
        programs_pb2.ProgramMembership(
            id=recorded.id, program_name=program.name, create_time=recorded.create_time
        )
    )
    assert recorded == expected


async def test_refusals_come_with_their_reason(service: RunningService) -> None:
    tenant_id = a_tenant()
    operator = an_operator(tenant_id)
    program = await service.call(create(), principal=operator)
    await service.call(apply(program), principal=operator)
    applied = await service.refusal(apply(program), principal=operator)
    await service.call(join(program), principal=operator)

    member = await service.refusal(join(program), principal=operator)
    taken = await service.refusal(create(name="Another"), principal=operator)

    assert (applied.code, applied.reason) == ("FAILED_PRECONDITION", "ALREADY_APPLIED")
    assert (member.code, member.reason) == ("FAILED_PRECONDITION", "ALREADY_MEMBER")
    assert (taken.reason, taken.metadata) == ("PROGRAM_CODE_TAKEN", {"code": "SP"})
    assert {applied.domain, member.domain, taken.domain} == {"programs.partner"}


async def test_a_refusal_is_given_again_for_the_same_request_id(service: RunningService) -> None:
    tenant_id = a_tenant()
    operator = an_operator(tenant_id)
    program = await service.call(create(), principal=operator)
    await service.call(join(program), principal=operator)
    request = join(program, request_id="again")

    first = await service.refusal(request, principal=operator)
    second = await service.refusal(request, principal=operator)
    reused = await service.refusal(
        join(program, request_id="again", tier="Premier"), principal=operator
    )

    assert first == second
    assert reused.reason == "REQUEST_ID_REUSED"


async def a_whole_one_of_each(service: RunningService, tenant_id: UUID) -> list[Message]:
    """Take over a program, an application and a membership that say something in each field."""
    operator = an_operator(tenant_id)
    program = await service.call(create(invite_only=True), principal=operator)
    application = apply(
        program,
        state=programs_pb2.APPLICATION_STATE_REJECTED,
        contacts=[
            programs_pb2.ProgramApplication.Contact(name="陈宇", email="c@d.example", mobile="139")
        ],
        agreements=[programs_pb2.Agreement(name="A", version="1", sign_time=at("2026-07-31"))],
        decide_time=at("2026-08-02"),
        reject_reason="Not now",
    )
    membership = join(program, certificate_number="PC-0001")
    return [
        program,
        await service.call(application, principal=operator),
        await service.call(membership, principal=operator),
    ]


def reads(thing: Any, *paths: str) -> Iterator[Any]:
    """Ask for a thing in every way there is, with a mask of these paths."""
    mask, name = FieldMask(paths=paths), thing.DESCRIPTOR.name
    yield getattr(programs_pb2, f"BatchGet{name}sRequest")(ids=[thing.id], read_mask=mask)
    yield getattr(programs_pb2, f"List{name}sRequest")(read_mask=mask)


def the_thing(response: Any) -> Any:
    """Take the only thing out of the response to one of these reads."""
    [(_, [thing])] = response.ListFields()
    return thing


async def test_a_mask_of_two_fields_selects_their_columns_alone(service: RunningService) -> None:
    tenant_id = a_tenant()
    [program, application, membership] = await a_whole_one_of_each(service, tenant_id)

    for table, whole, names, columns in (
        ("programs", program, ("code", "state"), {"code", "state", "create_time"}),
        ("program_applications", application, ("kind", "submit_time"), {"kind", "submit_time"}),
        ("program_memberships", membership, ("tier", "state"), {"tier", "state", "join_time"}),
    ):
        of_batch_get, of_list = reads(whole, *names)
        for request, selected in ((of_batch_get, {*names, "id"}), (of_list, {*columns, "id"})):
            with statements(service.database) as asked:
                response = await service.call(request, principal=an_administrator(tenant_id))
            [statement] = asked
            assert set(re.findall(rf"{table}\.(\w+)", statement.partition("WHERE")[0])) == selected
            assert "JOIN" not in statement
            assert the_thing(response) == only(whole, *names)


async def test_the_program_is_joined_where_its_name_is_shown(service: RunningService) -> None:
    tenant_id = a_tenant()
    [_, *owned] = await a_whole_one_of_each(service, tenant_id)

    for whole in owned:
        for request in reads(whole, "program_name"):
            with statements(service.database) as asked:
                response = await service.call(request, principal=an_administrator(tenant_id))
            [statement] = asked
            assert "JOIN programs" in statement
            assert the_thing(response) == only(whole, "program_name")


async def test_a_mask_of_one_field_gives_what_the_whole_thing_has(service: RunningService) -> None:
    tenant_id = a_tenant()

    for whole in await a_whole_one_of_each(service, tenant_id):
        assert is_whole(whole)
        for name in whole.DESCRIPTOR.fields_by_name:
            for request in reads(whole, name):
                response = await service.call(request, principal=an_administrator(tenant_id))
                assert the_thing(response) == only(whole, name)


@pytest.mark.parametrize(
    "kind",
    [programs_pb2.Program, programs_pb2.ProgramApplication, programs_pb2.ProgramMembership],
)
async def test_a_mask_that_names_no_field_is_refused(service: RunningService, kind: Any) -> None:
    for request in reads(kind(), "colour", "id"):
        refusal = await service.refusal(request, principal=an_administrator(a_tenant()))
        assert refusal.code == "INVALID_ARGUMENT"
        assert refusal.violations == [("read_mask.paths[0]", "names no field")]


@pytest.mark.parametrize("role", [Role.DIRECTOR, Role.ACCOUNT_MANAGER, Role.FINANCE])
@pytest.mark.parametrize(
    "request_",
    [
        programs_pb2.ListProgramsRequest(),
        programs_pb2.ListProgramApplicationsRequest(),
        programs_pb2.ListProgramMembershipsRequest(),
        programs_pb2.BatchGetProgramsRequest(ids=["prg_"]),
        programs_pb2.BatchGetProgramApplicationsRequest(ids=["app_"]),
        programs_pb2.BatchGetProgramMembershipsRequest(ids=["mem_"]),
    ],
    ids=lambda request: request.DESCRIPTOR.name,
)
async def test_only_administrators_look_at_programs(
    service: RunningService, role: Role, request_: Any
) -> None:
    refusal = await service.refusal(request_, principal=a_person(role, a_tenant()))

    assert refusal.reason == "PERMISSION_DENIED"


async def test_partners_people_write_nothing(service: RunningService) -> None:
    tenant_id = a_tenant()
    program = await service.call(create(), principal=an_operator(tenant_id))

    for request in (create(code="X"), apply(program), join(program)):
        refusal = await service.refusal(request, principal=an_administrator(tenant_id))
        assert refusal.reason == "PERMISSION_DENIED"


async def test_batch_get_leaves_out_what_is_foreign_or_missing(service: RunningService) -> None:
    tenant_id = a_tenant()
    operator, elsewhere = an_operator(tenant_id), an_operator(a_tenant())
    programs = [await service.call(create(code=code), principal=operator) for code in "AB"]
    foreign = await service.call(create(), principal=elsewhere)
    application = await service.call(apply(programs[0]), principal=operator)
    foreign_application = await service.call(apply(foreign), principal=elsewhere)
    membership = await service.call(join(programs[1]), principal=operator)
    foreign_membership = await service.call(join(foreign), principal=elsewhere)
    administrator = an_administrator(tenant_id)

    found = await service.call(
        programs_pb2.BatchGetProgramsRequest(
            ids=[programs[1].id, foreign.id, to_text("prg", new_id()), programs[0].id]
        ),
        principal=administrator,
    )
    applications = await service.call(
        programs_pb2.BatchGetProgramApplicationsRequest(
            ids=[foreign_application.id, application.id]
        ),
        principal=administrator,
    )
    memberships = await service.call(
        programs_pb2.BatchGetProgramMembershipsRequest(ids=[foreign_membership.id, membership.id]),
        principal=administrator,
    )

    assert list(found.programs) == [programs[1], programs[0]]
    assert list(applications.applications) == [application]
    assert list(memberships.memberships) == [membership]


async def test_pages_go_on_over_applications_without_a_time(service: RunningService) -> None:
    tenant_id = a_tenant()
    operator = an_operator(tenant_id)
    program = await service.call(create(), principal=operator)
    withdrawn = programs_pb2.APPLICATION_STATE_WITHDRAWN
    for submit_time in (at("2026-08-02"), None, at("2026-08-01"), None):
        await service.call(
            apply(program, state=withdrawn, submit_time=submit_time), principal=operator
        )
    request = programs_pb2.ListProgramApplicationsRequest(page_size=1, with_item_tokens=True)

    days: list[str] = []
    while not days or request.page_token:
        page = await service.call(request, principal=an_administrator(tenant_id))
        [application], [_] = page.applications, page.item_tokens
        days.append(application.submit_time.ToJsonString()[:10])
        request.page_token = page.next_page_token

    assert days == ["1970-01-01", "1970-01-01", "2026-08-02", "2026-08-01"]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (create(code="no code"), "program.code"),
        (create(state=0), "program.state"),
        (create(program_type=0), "program.program_type"),
        (create(program_type=99), "program.program_type"),
        (apply(programs_pb2.Program(id="prg_1")), "application.program_id"),
        (
            apply(programs_pb2.Program(id=to_text("prg", new_id())), partner_id="x"),
            "application.partner_id",
        ),
        (
            join(programs_pb2.Program(id=to_text("prg", new_id())), join_time=None),
            "membership.join_time",
        ),
        (
            programs_pb2.ListProgramMembershipsRequest(
                filter=programs_pb2.ProgramMembershipFilter(
                    expire_time_from=at("2026-08-02"), expire_time_to=at("2026-08-01")
                )
            ),
            "filter.expire_time_to",
        ),
        (
            programs_pb2.ListProgramApplicationsRequest(
                filter=programs_pb2.ProgramApplicationFilter(states=[1, 0])
            ),
            "filter.states[1]",
        ),
        (programs_pb2.ListProgramsRequest(page_size=-1), "page_size"),
    ],
)
async def test_what_is_malformed_is_named(
    service: RunningService, request_: Any, field: str
) -> None:
    refusal = await service.refusal(request_, principal=an_operator(a_tenant()))

    assert refusal.code == "INVALID_ARGUMENT"
    assert [path for path, _ in refusal.violations] == [field]
