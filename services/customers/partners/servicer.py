"""The rpcs of PartnerService."""

from partner.customers.v1 import partners_pb2, partners_pb2_grpc
from services.customers.partners import operations, queries
from services.customers.partners.model import Partner
from services.kit import ids
from services.kit.masking import mask_email, mask_mobile
from services.kit.rpc import Call, Servicer, read, write
from services.kit.wire import Words, id_text, to_id, to_text, to_time, to_time_range, to_timestamp

KINDS = Words(partners_pb2.PartnerKind, prefix="PARTNER_KIND_")
STATES = Words(partners_pb2.PartnerState, prefix="PARTNER_STATE_")
ORDERS = Words(partners_pb2.IndirectPartnerOrder, prefix="INDIRECT_PARTNER_ORDER_")


class PartnerServicer(Servicer, partners_pb2_grpc.PartnerServiceServicer):
    @read()
    async def GetPartner(
        self, request: partners_pb2.GetPartnerRequest, call: Call
    ) -> partners_pb2.Partner:
        id_ = ids.from_text("ptr", request.id, field="id")
        return to_message(await queries.get(call.session, scope=call.scope, id_=id_))

    @read()
    async def BatchGetPartners(
        self, request: partners_pb2.BatchGetPartnersRequest, call: Call
    ) -> partners_pb2.BatchGetPartnersResponse:
        wanted = ids.many_from_text("ptr", request.ids, field="ids", at_most=500)
        found = await queries.batch_get(call.session, scope=call.scope, ids=wanted)
        return partners_pb2.BatchGetPartnersResponse(partners=map(to_message, found))

    @read()
    async def ListIndirectPartners(
        self, request: partners_pb2.ListIndirectPartnersRequest, call: Call
    ) -> partners_pb2.ListIndirectPartnersResponse:
        order = ORDERS.word(request.order_by) or "ASSOCIATE_TIME_DESC"
        page = call.page(request)
        rows = await queries.list_indirect_partners(
            call.session,
            scope=call.scope,
            narrowed=to_filter(request.filter),
            order=order,
            page=page,
        )
        attribute, _ = queries.SORTS[order]
        cut = call.pages.cut(page, rows, key=lambda row: ((getattr(row, attribute),), row.id))
        return partners_pb2.ListIndirectPartnersResponse(
            partners=map(to_message, cut.rows),
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
        return to_message(partner)

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
        return to_message(partner)


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


def to_message(partner: Partner) -> partners_pb2.Partner:
    """Write a partner; mobile and e-mail are masked."""
    return partners_pb2.Partner(
        id=ids.to_text("ptr", partner.id),
        kind=KINDS.number(partner.kind),
        distributor_id=id_text("ptr", partner.distributor_id),
        name=partner.name,
        account_name=partner.account_name,
        mobile=mask_mobile(partner.mobile),
        email=mask_email(partner.email),
        associate_time=to_timestamp(partner.associate_time),
        account_manager_id=id_text("mgr", partner.account_manager_id),
        state=STATES.number(partner.state),
        currency_code=partner.currency_code,
        create_time=to_timestamp(partner.create_time),
    )
