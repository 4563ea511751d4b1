"""The rpcs of ProgramService; of a partner's people, only administrators look at programs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from partner.programs.v1 import programs_pb2, programs_pb2_grpc
from services.kit import ids
from services.kit.identity import Role
from services.kit.paging import Cut, Direction, Page
from services.kit.rpc import Call, Servicer, read, write
from services.kit.wire import Words
from services.programs.programs import messages, operations, queries

PROGRAM_ORDERS: Final = Words(programs_pb2.ProgramOrder, prefix="PROGRAM_ORDER_")
APPLICATION_ORDERS: Final = Words(
    programs_pb2.ProgramApplicationOrder, prefix="PROGRAM_APPLICATION_ORDER_"
)
MEMBERSHIP_ORDERS: Final = Words(
    programs_pb2.ProgramMembershipOrder, prefix="PROGRAM_MEMBERSHIP_ORDER_"
)
READERS: Final = (Role.ADMINISTRATOR, Role.OPERATOR, Role.SYSTEM)

Row = TypeVar("Row")


class ProgramServicer(Servicer, programs_pb2_grpc.ProgramServiceServicer):
    @read(*READERS)
    async def BatchGetPrograms(
        self, request: programs_pb2.BatchGetProgramsRequest, call: Call
    ) -> programs_pb2.BatchGetProgramsResponse:
        wanted = ids.many_from_text("prg", request.ids, field="ids", at_most=500)
        found = await queries.batch_get_programs(call.session, scope=call.scope, ids=wanted)
        return programs_pb2.BatchGetProgramsResponse(programs=map(messages.to_program, found))

    @read(*READERS)
    async def ListPrograms(
        self, request: programs_pb2.ListProgramsRequest, call: Call
    ) -> programs_pb2.ListProgramsResponse:
        order = PROGRAM_ORDERS.word(request.order_by) or "CREATE_TIME_DESC"
        page = call.page(request)
        rows = await queries.list_programs(
            call.session,
            scope=call.scope,
            narrowed=messages.to_program_filter(request.filter),
            order=order,
            page=page,
        )
        cut = cut_page(call, page, rows, sorts=queries.PROGRAM_SORTS, order=order)
        return programs_pb2.ListProgramsResponse(
            programs=map(messages.to_program, cut.rows),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read(*READERS)
    async def BatchGetProgramApplications(
        self, request: programs_pb2.BatchGetProgramApplicationsRequest, call: Call
    ) -> programs_pb2.BatchGetProgramApplicationsResponse:
        wanted = ids.many_from_text("app", request.ids, field="ids", at_most=500)
        found = await queries.batch_get_program_applications(
            call.session, scope=call.scope, ids=wanted
        )
        return programs_pb2.BatchGetProgramApplicationsResponse(
            applications=map(messages.to_application, found)
        )

    @read(*READERS)
    async def ListProgramApplications(
        self, request: programs_pb2.ListProgramApplicationsRequest, call: Call
    ) -> programs_pb2.ListProgramApplicationsResponse:
        order = APPLICATION_ORDERS.word(request.order_by) or "SUBMIT_TIME_DESC"
        page = call.page(request)
        rows = await queries.list_program_applications(
            call.session,
            scope=call.scope,
            narrowed=messages.to_application_filter(request.filter),
            order=order,
            page=page,
        )
        cut = cut_page(call, page, rows, sorts=queries.APPLICATION_SORTS, order=order)
        return programs_pb2.ListProgramApplicationsResponse(
            applications=map(messages.to_application, cut.rows),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read(*READERS)
    async def BatchGetProgramMemberships(
        self, request: programs_pb2.BatchGetProgramMembershipsRequest, call: Call
    ) -> programs_pb2.BatchGetProgramMembershipsResponse:
        wanted = ids.many_from_text("mem", request.ids, field="ids", at_most=500)
        found = await queries.batch_get_program_memberships(
            call.session, scope=call.scope, ids=wanted
        )
        return programs_pb2.BatchGetProgramMembershipsResponse(
            memberships=map(messages.to_membership, found)
        )

    @read(*READERS)
    async def ListProgramMemberships(
        self, request: programs_pb2.ListProgramMembershipsRequest, call: Call
    ) -> programs_pb2.ListProgramMembershipsResponse:
        order = MEMBERSHIP_ORDERS.word(request.order_by) or "JOIN_TIME_DESC"
        page = call.page(request)
        rows = await queries.list_program_memberships(
            call.session,
            scope=call.scope,
            narrowed=messages.to_membership_filter(request.filter),
            order=order,
            page=page,
        )
        cut = cut_page(call, page, rows, sorts=queries.MEMBERSHIP_SORTS, order=order)
        return programs_pb2.ListProgramMembershipsResponse(
            memberships=map(messages.to_membership, cut.rows),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @write()
    async def CreateProgram(
        self, request: programs_pb2.CreateProgramRequest, call: Call
    ) -> programs_pb2.Program:
        program = await operations.create_program(
            call.session,
            scope=call.scope,
            said=messages.from_program(request.program),
            now=call.now,
        )
        return messages.to_program(program)

    @write()
    async def RecordProgramApplication(
        self, request: programs_pb2.RecordProgramApplicationRequest, call: Call
    ) -> programs_pb2.ProgramApplication:
        message = request.application
        application = await operations.record_program_application(
            call.session,
            scope=call.scope,
            program_id=ids.from_text("prg", message.program_id, field="application.program_id"),
            partner_id=partner_of(message, path="application"),
            said=messages.from_application(message),
            now=call.now,
        )
        return messages.to_application(application)

    @write()
    async def RecordProgramMembership(
        self, request: programs_pb2.RecordProgramMembershipRequest, call: Call
    ) -> programs_pb2.ProgramMembership:
        message = request.membership
        membership = await operations.record_program_membership(
            call.session,
            scope=call.scope,
            program_id=ids.from_text("prg", message.program_id, field="membership.program_id"),
            partner_id=partner_of(message, path="membership"),
            said=messages.from_membership(message),
            now=call.now,
        )
        return messages.to_membership(membership)


def partner_of(
    message: programs_pb2.ProgramApplication | programs_pb2.ProgramMembership, *, path: str
) -> UUID | None:
    """Read whose it is; None where that is not said."""
    text = message.partner_id
    return ids.from_text("ptr", text, field=f"{path}.partner_id") if text else None


def cut_page(
    call: Call,
    page: Page,
    rows: Sequence[Row],
    *,
    sorts: Mapping[str, tuple[str, Direction]],
    order: str,
) -> Cut[Row]:
    attribute, _ = sorts[order]

    def key(row: Any) -> tuple[tuple[Any], UUID]:
        return (getattr(row, attribute),), row.id

    return call.pages.cut(page, rows, key=key)
