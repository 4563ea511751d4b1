"""The rpcs of AccountManagerService."""

from partner.customers.v1 import account_managers_pb2, account_managers_pb2_grpc
from services.customers.account_managers import operations, queries
from services.customers.account_managers.model import AccountManager
from services.kit import ids
from services.kit.identity import Role
from services.kit.rpc import Call, Servicer, read, write
from services.kit.wire import Words, to_text, to_timestamp

ORDERS = Words(account_managers_pb2.AccountManagerOrder, prefix="ACCOUNT_MANAGER_ORDER_")


class AccountManagerServicer(Servicer, account_managers_pb2_grpc.AccountManagerServiceServicer):
    @read()
    async def BatchGetAccountManagers(
        self, request: account_managers_pb2.BatchGetAccountManagersRequest, call: Call
    ) -> account_managers_pb2.BatchGetAccountManagersResponse:
        wanted = ids.many_from_text("mgr", request.ids, field="ids", at_most=500)
        found = await queries.batch_get(call.session, scope=call.scope, ids=wanted)
        return account_managers_pb2.BatchGetAccountManagersResponse(
            account_managers=map(to_message, found)
        )

    @read()
    async def ListAccountManagers(
        self, request: account_managers_pb2.ListAccountManagersRequest, call: Call
    ) -> account_managers_pb2.ListAccountManagersResponse:
        order = ORDERS.word(request.order_by) or "CREATE_TIME_DESC"
        page = call.page(request)
        rows = await queries.list_account_managers(
            call.session,
            scope=call.scope,
            name=to_text(request.filter, "name"),
            order=order,
            page=page,
        )
        attribute, _ = queries.SORTS[order]
        cut = call.pages.cut(page, rows, key=lambda row: ((getattr(row, attribute),), row.id))
        return account_managers_pb2.ListAccountManagersResponse(
            account_managers=map(to_message, cut.rows),
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
        return to_message(manager)


def to_message(manager: AccountManager) -> account_managers_pb2.AccountManager:
    return account_managers_pb2.AccountManager(
        id=ids.to_text("mgr", manager.id),
        partner_id=ids.to_text("ptr", manager.partner_id),
        account_name=manager.account_name,
        name=manager.name,
        create_time=to_timestamp(manager.create_time),
    )
