"""The rpcs of PartnerService."""

from functools import partial
from typing import Final

from partner.customers.v1 import partners_pb2, partners_pb2_grpc
from services.customers.partners import operations, queries
from services.kit import ids
from services.kit.fields import Field, Fields, place
from services.kit.masking import mask_email, mask_mobile
from services.kit.rpc import Call, Servicer, read, write
from services.kit.wire import Words, id_text, time_parts, to_id, to_text, to_time, to_time_range

KINDS: Final = Words(partners_pb2.PartnerKind, prefix="PARTNER_KIND_")
STATES: Final = Words(partners_pb2.PartnerState, prefix="PARTNER_STATE_")
ORDERS: Final = Words(partners_pb2.IndirectPartnerOrder, prefix="INDIRECT_PARTNER_ORDER_")

PARTNER: Final = Fields(
    partners_pb2.Partner,
    id=Field(partial(id_text, "ptr")),
    kind=Field(KINDS.number),
    distributor_id=Field(partial(id_text, "ptr")),
    name=Field(),
    account_name=Field(),
    mobile=Field(mask_mobile),
    email=Field(mask_email),
    associate_time=Field(time_parts),
    account_manager_id=Field(partial(id_text, "mgr")),
    state=Field(STATES.number),
    currency_code=Field(),
    create_time=Field(time_parts),
)


class PartnerServicer(Servicer, partners_pb2_grpc.PartnerServiceServicer):
    @read()
    async def GetPartner(
        self, request: partners_pb2.GetPartnerRequest, call: Call
    ) -> partners_pb2.Partner:
        chosen = PARTNER.chosen(request.read_mask)
        id_ = ids.from_text("ptr", request.id, field="id")
        row = await queries.get(call.session, scope=call.scope, id_=id_, columns=chosen.columns)
        return chosen.message(row, now=call.now)

    @read()
    async def BatchGetPartners(
        self, request: partners_pb2.BatchGetPartnersRequest, call: Call
    ) -> partners_pb2.BatchGetPartnersResponse:
        chosen = PARTNER.chosen(request.read_mask)
        wanted = ids.many_from_text("ptr", request.ids, field="ids", at_most=500)
        rows = await queries.batch_get(
            call.session, scope=call.scope, ids=wanted, columns=chosen.columns
        )
        return partners_pb2.BatchGetPartnersResponse(partners=chosen.parts(rows, now=call.now))

    @read()
    async def ListIndirectPartners(
        self, request: partners_pb2.ListIndirectPartnersRequest, call: Call
    ) -> partners_pb2.ListIndirectPartnersResponse:
        chosen = PARTNER.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_indirect_partners(
            call.session,
            scope=call.scope,
            narrowed=to_filter(request.filter),
            order=ORDERS.word(request.order_by) or "ASSOCIATE_TIME_DESC",
            page=page,
            columns=chosen.columns,
        )
        cut = call.pages.cut(page, rows, key=place)
        return partners_pb2.ListIndirectPartnersResponse(
            partners=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @write()
    async def CreatePartner(
        self, request: partners_pb2.CreatePartnerRequest, call: Call
    ) -> partners_pb2.Partner:
        partner = await operations.create_partner(
            call.session,
            scope=call.scope,
            kind=KINDS.word(request.kind),
            name=request.name,
            account_name=request.account_name,
            mobile=to_text(request, "mobile"),
            email=to_text(request, "email"),
            currency_code=request.currency_code,
            now=call.now,
        )
        return PARTNER.everything.message_of(partner, now=call.now)

    @write()
    async def CreateIndirectPartner(
        self, request: partners_pb2.CreateIndirectPartnerRequest, call: Call
    ) -> partners_pb2.Partner:
        partner = await operations.create_indirect_partner(
            call.session,
            scope=call.scope,
            name=request.name,
            account_name=request.account_name,
            mobile=to_text(request, "mobile"),
            email=to_text(request, "email"),
            associate_time=to_time(request, "associate_time"),
            account_manager_id=to_id(request, "account_manager_id", "mgr"),
            now=call.now,
        )
        return PARTNER.everything.message_of(partner, now=call.now)


def to_filter(message: partners_pb2.IndirectPartnerFilter) -> queries.IndirectPartnerFilter:
    begin, end = to_time_range(message, "associate_time")
    return queries.IndirectPartnerFilter(
        account_name=to_text(message, "account_name"),
        associate_time_from=begin,
        associate_time_to=end,
        indirect_partner_id=to_id(message, "indirect_partner_id", "ptr", path="filter"),
        name=to_text(message, "name"),
        mobile=to_text(message, "mobile"),
        email=to_text(message, "email"),
    )
