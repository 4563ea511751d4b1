"""The rpcs of CustomerService."""

from typing import Final

from partner.customers.v1 import customers_pb2, customers_pb2_grpc
from services.customers.customers import operations, queries
from services.customers.customers.messages import (
    CUSTOMER,
    ORDERS,
    UNMASKED_CUSTOMER,
    to_filter,
    to_new_customer,
)
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.fields import place
from services.kit.identity import Role
from services.kit.money import Money
from services.kit.rpc import Call, Servicer, read, write

CHANGEABLE: Final = frozenset({"tags"})


class CustomerServicer(Servicer, customers_pb2_grpc.CustomerServiceServicer):
    @read()
    async def GetCustomer(
        self, request: customers_pb2.GetCustomerRequest, call: Call
    ) -> customers_pb2.Customer:
        chosen = CUSTOMER.chosen(request.read_mask)
        id_ = ids.from_text("cus", request.id, field="id")
        row = await queries.get(call.session, scope=call.scope, id_=id_, columns=chosen.columns)
        return chosen.message(row, now=call.now)

    @read()
    async def BatchGetCustomers(
        self, request: customers_pb2.BatchGetCustomersRequest, call: Call
    ) -> customers_pb2.BatchGetCustomersResponse:
        chosen = CUSTOMER.chosen(request.read_mask)
        wanted = ids.many_from_text("cus", request.ids, field="ids", at_most=500)
        rows = await queries.batch_get(
            call.session, scope=call.scope, ids=wanted, columns=chosen.columns
        )
        return customers_pb2.BatchGetCustomersResponse(customers=chosen.parts(rows, now=call.now))

    @read()
    async def ListCustomers(
        self, request: customers_pb2.ListCustomersRequest, call: Call
    ) -> customers_pb2.ListCustomersResponse:
        chosen = CUSTOMER.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_customers(
            call.session,
            scope=call.scope,
            narrowed=to_filter(request.filter),
            order=ORDERS.word(request.order_by) or "ASSOCIATE_TIME_DESC",
            page=page,
            columns=chosen.columns,
        )
        cut = call.pages.cut(page, rows, key=place)
        return customers_pb2.ListCustomersResponse(
            customers=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read()
    async def CountCustomers(
        self, request: customers_pb2.CountCustomersRequest, call: Call
    ) -> customers_pb2.CountCustomersResponse:
        narrowed = to_filter(request.filter)
        count = await queries.count_customers(call.session, scope=call.scope, narrowed=narrowed)
        return customers_pb2.CountCustomersResponse(total_count=count)

    @write(Role.ADMINISTRATOR, Role.ACCOUNT_MANAGER)
    async def RevealCustomers(
        self, request: customers_pb2.RevealCustomersRequest, call: Call
    ) -> customers_pb2.RevealCustomersResponse:
        shown = await operations.reveal_customers(
            call.session,
            principal=call.principal,
            ids=ids.many_from_text("cus", request.customer_ids, field="customer_ids", at_most=100),
            reason=request.reason,
            request_id=request.request_id,
            now=call.now,
        )
        unmasked = UNMASKED_CUSTOMER.everything
        return customers_pb2.RevealCustomersResponse(
            customers=[unmasked.message_of(one, now=call.now) for one in shown]
        )

    @write()
    async def EnsureCustomers(
        self, request: customers_pb2.EnsureCustomersRequest, call: Call
    ) -> customers_pb2.EnsureCustomersResponse:
        wanted = [
            to_new_customer(message, field=f"customers[{index}]")
            for index, message in enumerate(request.customers)
        ]
        customers, created_count = await operations.ensure_customers(
            call.session, scope=call.scope, customers=wanted, now=call.now
        )
        # A service needs the names for its own books; people have RevealCustomers, which is noted.
        sight = UNMASKED_CUSTOMER if call.principal.role is Role.SYSTEM else CUSTOMER
        return customers_pb2.EnsureCustomersResponse(
            customers=[sight.everything.message_of(one, now=call.now) for one in customers],
            created_count=created_count,
        )

    @write(Role.ADMINISTRATOR, Role.ACCOUNT_MANAGER)
    async def UpdateCustomer(
        self, request: customers_pb2.UpdateCustomerRequest, call: Call
    ) -> customers_pb2.Customer:
        changed = changed_fields(request)
        customer = await operations.update_customer(
            call.session,
            scope=call.scope,
            id_=ids.from_text("cus", request.customer.id, field="customer.id"),
            tags=list(request.customer.tags) if "tags" in changed else None,
        )
        return CUSTOMER.everything.message_of(customer, now=call.now)

    @write()
    async def RecordCustomerSpend(
        self, request: customers_pb2.RecordCustomerSpendRequest, call: Call
    ) -> customers_pb2.RecordCustomerSpendResponse:
        spends = [
            operations.CustomerSpend(
                customer_id=ids.from_text(
                    "cus", spend.customer_id, field=f"spends[{index}].customer_id"
                ),
                billing_cycle=spend.billing_cycle,
                amount=Money.from_message(spend.amount, field=f"spends[{index}].amount"),
            )
            for index, spend in enumerate(request.spends)
        ]
        await operations.record_customer_spend(
            call.session, scope=call.scope, spends=spends, now=call.now
        )
        return customers_pb2.RecordCustomerSpendResponse()


def changed_fields(request: customers_pb2.UpdateCustomerRequest) -> frozenset[str]:
    """Read the update mask.

    :raises InvalidArgument: where it is empty or names what the partner may not change.
    """
    changed = frozenset(request.update_mask.paths)
    if not changed or not changed <= CHANGEABLE:
        raise InvalidArgument('must name "tags" and nothing else', field="update_mask")
    return changed
