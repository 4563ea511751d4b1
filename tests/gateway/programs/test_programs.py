"""Programs, applications and memberships as clients see them."""

from partner.programs.v1 import programs_pb2
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask

TIMES = {"From": "2026-01-01T00:00:00Z", "To": "2026-02-01T00:00:00Z"}


def a_program() -> programs_pb2.Program:
    return programs_pb2.Program(
        id=messages.an_id("prg"),
        code="COMP",
        program_type=programs_pb2.PROGRAM_TYPE_COMPETENCY,
        name="能力伙伴计划",
        tiers=["Registered", "Premier"],
        agreement={"name": "Agreement", "version": "1"},
        state=programs_pb2.PROGRAM_STATE_OPEN,
        create_time=messages.TIME,
    )


async def test_the_catalogue_takes_every_filter() -> None:
    rpcs = Rpcs(ListPrograms=programs_pb2.ListProgramsResponse(programs=[a_program()]))
    asked = {"name": "能力", "programType": "COMPETENCY", "state": "OPEN"}

    shown = await ask(
        """query ($filter: ProgramFilter) { programs(filter: $filter, orderBy: NAME_ASC) { nodes {
          code programType tiers requirements agreement { name url signTime } state inviteOnly
        } } }""",
        rpcs=rpcs,
        filter=asked,
    )

    assert shown.errors == []
    assert shown.data["programs"]["nodes"] == [
        {
            "code": "COMP",
            "programType": "COMPETENCY",
            "tiers": ["Registered", "Premier"],
            "requirements": [],
            "agreement": {"name": "Agreement", "url": None, "signTime": None},
            "state": "OPEN",
            "inviteOnly": False,
        }
    ]
    filters = rpcs.request("ListPrograms").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(asked)


async def test_applications_take_every_filter() -> None:
    program = a_program()
    application = programs_pb2.ProgramApplication(
        id=messages.an_id("app"),
        program_id=program.id,
        kind=programs_pb2.APPLICATION_KIND_TIER_UPGRADE,
        state=programs_pb2.APPLICATION_STATE_UNDER_REVIEW,
        contacts=[{"name": "李*"}],
        create_time=messages.TIME,
    )
    rpcs = Rpcs(
        ListProgramApplications=programs_pb2.ListProgramApplicationsResponse(
            applications=[application]
        ),
        BatchGetPrograms=messages.found(
            programs_pb2.BatchGetProgramsResponse, "programs", [program]
        ),
    )
    asked = {
        "kind": "TIER_UPGRADE",
        "programName": "能力",
        "states": ["UNDER_REVIEW"],
    } | {f"submitTime{end}": time for end, time in TIMES.items()}

    shown = await ask(
        """query ($filter: ProgramApplicationFilter) {
          programApplications(filter: $filter) { nodes {
            kind state contacts { name email } agreements { name } submitTime program { code }
          } }
        }""",
        rpcs=rpcs,
        filter=asked,
    )

    assert shown.errors == []
    assert shown.data["programApplications"]["nodes"] == [
        {
            "kind": "TIER_UPGRADE",
            "state": "UNDER_REVIEW",
            "contacts": [{"name": "李*", "email": None}],
            "agreements": [],
            "submitTime": None,
            "program": {"code": "COMP"},
        }
    ]
    filters = rpcs.request("ListProgramApplications").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(asked)


async def test_memberships_take_every_filter() -> None:
    membership = programs_pb2.ProgramMembership(
        id=messages.an_id("mem"),
        program_name="能力伙伴计划",
        join_time=messages.TIME,
        state=programs_pb2.MEMBERSHIP_STATE_ACTIVE,
        create_time=messages.TIME,
    )
    rpcs = Rpcs(
        ListProgramMemberships=programs_pb2.ListProgramMembershipsResponse(memberships=[membership])
    )
    asked = (
        {"programName": "能力", "states": ["ACTIVE", "EXPIRED"]}
        | {f"joinTime{end}": time for end, time in TIMES.items()}
        | {f"expireTime{end}": time for end, time in TIMES.items()}
    )

    shown = await ask(
        """query ($filter: ProgramMembershipFilter) {
          programMemberships(filter: $filter, orderBy: EXPIRE_TIME_ASC) { nodes {
            programName tier joinTime expireTime state partner { name }
          } }
        }""",
        rpcs=rpcs,
        filter=asked,
    )

    assert shown.errors == []
    assert shown.data["programMemberships"]["nodes"] == [
        {
            "programName": "能力伙伴计划",
            "tier": None,
            "joinTime": "2026-05-28T20:26:40Z",
            "expireTime": None,
            "state": "ACTIVE",
            "partner": None,
        }
    ]
    filters = rpcs.request("ListProgramMemberships").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(asked)
