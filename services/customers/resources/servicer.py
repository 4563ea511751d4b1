"""The rpcs of ResourceService."""

from partner.customers.v1 import resources_pb2, resources_pb2_grpc
from services.customers.resources import operations, queries
from services.customers.resources.messages import ORDERS, RESOURCE, to_filter, to_values
from services.kit import ids
from services.kit.fields import place
from services.kit.rpc import Call, Servicer, read, write


class ResourceServicer(Servicer, resources_pb2_grpc.ResourceServiceServicer):
    @read()
    async def BatchGetResources(
        self, request: resources_pb2.BatchGetResourcesRequest, call: Call
    ) -> resources_pb2.BatchGetResourcesResponse:
        chosen = RESOURCE.chosen(request.read_mask)
        wanted = ids.many_from_text("res", request.ids, field="ids", at_most=500)
        rows = await queries.batch_get(
            call.session, scope=call.scope, ids=wanted, columns=chosen.columns
        )
        return resources_pb2.BatchGetResourcesResponse(resources=chosen.parts(rows, now=call.now))

    @read()
    async def ListResources(
        self, request: resources_pb2.ListResourcesRequest, call: Call
    ) -> resources_pb2.ListResourcesResponse:
        chosen = RESOURCE.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_resources(
            call.session,
            scope=call.scope,
            customer_id=ids.from_text("cus", request.customer_id, field="customer_id"),
            narrowed=to_filter(request.filter),
            order=ORDERS.word(request.order_by) or "EXPIRE_TIME_ASC",
            page=page,
            columns=chosen.columns,
        )
        cut = call.pages.cut(page, rows, key=place)
        return resources_pb2.ListResourcesResponse(
            resources=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read()
    async def BatchListResources(
        self, request: resources_pb2.BatchListResourcesRequest, call: Call
    ) -> resources_pb2.BatchListResourcesResponse:
        chosen = RESOURCE.chosen(request.read_mask)
        wanted = ids.many_from_text("cus", request.customer_ids, field="customer_ids", at_most=100)
        page = call.page(request)
        found = await queries.batch_list_resources(
            call.session,
            scope=call.scope,
            customer_ids=wanted,
            narrowed=to_filter(request.filter),
            order=ORDERS.word(request.order_by) or "EXPIRE_TIME_ASC",
            page=page,
            columns=chosen.columns,
        )
        response = resources_pb2.BatchListResourcesResponse()
        for id_ in wanted:
            text = ids.to_text("cus", id_)
            below = call.pages.below(page, "customer_id", text)
            cut = call.pages.cut(below, found.get(id_, []), key=place)
            response.groups.add(
                customer_id=text,
                resources=chosen.parts(cut.rows, now=call.now),
                next_page_token=cut.next_page_token,
                item_tokens=cut.item_tokens,
            )
        return response

    @write()
    async def EnsureResources(
        self, request: resources_pb2.EnsureResourcesRequest, call: Call
    ) -> resources_pb2.EnsureResourcesResponse:
        created_count, updated_count = await operations.ensure_resources(
            call.session,
            scope=call.scope,
            resources=[
                to_values(message, path=f"resources[{index}]")
                for index, message in enumerate(request.resources)
            ],
            keep_known=request.keep_known,
            now=call.now,
        )
        return resources_pb2.EnsureResourcesResponse(
            created_count=created_count, updated_count=updated_count
        )
