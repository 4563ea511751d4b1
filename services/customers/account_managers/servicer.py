"""The rpcs of AccountManagerService."""

from functools import partial
from typing import Final

from partner.customers.v1 import account_managers_pb2, account_managers_pb2_grpc
from services.customers.account_managers import operations, queries
from services.kit import ids
from services.kit.fields import Field, Fields, place
from services.kit.identity import Role
from services.kit.rpc import Call, Servicer, read, write
from services.kit.wire import Words, id_text, time_parts, to_text

ORDERS: Final = Words(account_managers_pb2.AccountManagerOrder, prefix="ACCOUNT_MANAGER_ORDER_")

ACCOUNT_MANAGER: Final = Fields(
    account_managers_pb2.AccountManager,
    id=Field(partial(id_text, "mgr")),
    partner_id=Field(partial(id_text, "ptr")),
    account_name=Field(),
    name=Field(),
    create_time=Field(time_parts),
)


class AccountManagerServicer(Servicer, account_managers_pb2_grpc.AccountManagerServiceServicer):
    @read()
    async def BatchGetAccountManagers(
        self, request: account_managers_pb2.BatchGetAccountManagersRequest, call: Call
    ) -> account_managers_pb2.BatchGetAccountManagersResponse:
        chosen = ACCOUNT_MANAGER.chosen(request.read_mask)
        wanted = ids.many_from_text("mgr", request.ids, field="ids", at_most=500)
        rows = await queries.batch_get(
            call.session, scope=call.scope, ids=wanted, columns=chosen.columns
        )
        return account_managers_pb2.BatchGetAccountManagersResponse(
            account_managers=chosen.parts(rows, now=call.now)
        )

    @read()
    async def ListAccountManagers(
        self, request: account_managers_pb2.ListAccountManagersRequest, call: Call
    ) -> account_managers_pb2.ListAccountManagersResponse:
        chosen = ACCOUNT_MANAGER.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_account_managers(
            call.session,
            scope=call.scope,
            name=to_text(request.filter, "name"),
            order=ORDERS.word(request.order_by) or "CREATE_TIME_DESC",
            page=page,
            columns=chosen.columns,
        )
        cut = call.pages.cut(page, rows, key=place)
        return account_managers_pb2.ListAccountManagersResponse(
            account_managers=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @write(Role.ADMINISTRATOR, Role.OPERATOR, Role.SYSTEM)
    async def CreateAccountManager(
        self, request: account_managers_pb2.CreateAccountManagerRequest, call: Call
    ) -> account_managers_pb2.AccountManager:
        manager = await operations.create_account_manager(
            call.session,
            scope=call.scope,
            account_name=request.account_name,
            name=request.name,
            now=call.now,
        )
        return ACCOUNT_MANAGER.everything.message_of(manager, now=call.now)
