"""The rpcs of ProgramService; of a partner's people, only administrators look at programs."""

from typing import Final
from uuid import UUID

from partner.programs.v1 import programs_pb2, programs_pb2_grpc
from services.kit import ids
from services.kit.fields import place
from services.kit.identity import Role
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


class ProgramServicer(Servicer, programs_pb2_grpc.ProgramServiceServicer):
    @read(*READERS)
    async def BatchGetPrograms(
        self, request: programs_pb2.BatchGetProgramsRequest, call: Call
    ) -> programs_pb2.BatchGetProgramsResponse:
        chosen = messages.PROGRAM.chosen(request.read_mask)
        found = await queries.batch_get_programs(
            call.session,
            scope=call.scope,
            ids=ids.many_from_text("prg", request.ids, field="ids", at_most=500),
            columns=chosen.columns,
        )
        return programs_pb2.BatchGetProgramsResponse(programs=chosen.parts(found, now=call.now))

    @read(*READERS)
    async def ListPrograms(
        self, request: programs_pb2.ListProgramsRequest, call: Call
    ) -> programs_pb2.ListProgramsResponse:
        chosen = messages.PROGRAM.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_programs(
            call.session,
            scope=call.scope,
            narrowed=messages.to_program_filter(request.filter),
            order=PROGRAM_ORDERS.word(request.order_by) or "CREATE_TIME_DESC",
            page=page,
            columns=chosen.columns,
        )
        cut = call.pages.cut(page, rows, key=place)
        return programs_pb2.ListProgramsResponse(
            programs=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read(*READERS)
    async def BatchGetProgramApplications(
        self, request: programs_pb2.BatchGetProgramApplicationsRequest, call: Call
    ) -> programs_pb2.BatchGetProgramApplicationsResponse:
        chosen = messages.APPLICATION.chosen(request.read_mask)
        found = await queries.batch_get_program_applications(
            call.session,
            scope=call.scope,
            ids=ids.many_from_text("app", request.ids, field="ids", at_most=500),
            columns=chosen.columns,
        )
        return programs_pb2.BatchGetProgramApplicationsResponse(
            applications=chosen.parts(found, now=call.now)
        )

    @read(*READERS)
    async def ListProgramApplications(
        self, request: programs_pb2.ListProgramApplicationsRequest, call: Call
    ) -> programs_pb2.ListProgramApplicationsResponse:
        chosen = messages.APPLICATION.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_program_applications(
            call.session,
            scope=call.scope,
            narrowed=messages.to_application_filter(request.filter),
            order=APPLICATION_ORDERS.word(request.order_by) or "SUBMIT_TIME_DESC",
            page=page,
            columns=chosen.columns,
        )
        cut = call.pages.cut(page, rows, key=place)
        return programs_pb2.ListProgramApplicationsResponse(
            applications=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read(*READERS)
    async def BatchGetProgramMemberships(
        self, request: programs_pb2.BatchGetProgramMembershipsRequest, call: Call
    ) -> programs_pb2.BatchGetProgramMembershipsResponse:
        chosen = messages.MEMBERSHIP.chosen(request.read_mask)
        found = await queries.batch_get_program_memberships(
            call.session,
            scope=call.scope,
            ids=ids.many_from_text("mem", request.ids, field="ids", at_most=500),
            columns=chosen.columns,
        )
        return programs_pb2.BatchGetProgramMembershipsResponse(
            memberships=chosen.parts(found, now=call.now)
        )

    @read(*READERS)
    async def ListProgramMemberships(
        self, request: programs_pb2.ListProgramMembershipsRequest, call: Call
    ) -> programs_pb2.ListProgramMembershipsResponse:
        chosen = messages.MEMBERSHIP.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_program_memberships(
            call.session,
            scope=call.scope,
            narrowed=messages.to_membership_filter(request.filter),
            order=MEMBERSHIP_ORDERS.word(request.order_by) or "JOIN_TIME_DESC",
            page=page,
            columns=chosen.columns,
        )
        cut = call.pages.cut(page, rows, key=place)
        return programs_pb2.ListProgramMembershipsResponse(
            memberships=chosen.parts(cut.rows, now=call.now),
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
        return messages.PROGRAM.everything.message_of(program, now=call.now)

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
        return messages.APPLICATION.everything.message_of(application, now=call.now)

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
        return messages.MEMBERSHIP.everything.message_of(membership, now=call.now)


def partner_of(
    message: programs_pb2.ProgramApplication | programs_pb2.ProgramMembership, *, path: str
) -> UUID | None:
    """Read whose it is; None where that is not said."""
    text = message.partner_id
    return ids.from_text("ptr", text, field=f"{path}.partner_id") if text else None
