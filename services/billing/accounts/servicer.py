"""Answers AccountService."""

from functools import partial
from typing import Final
from uuid import UUID

from partner.billing.v1 import accounts_pb2, accounts_pb2_grpc
from services.billing.accounts import balances, credit, operations, queries
from services.billing.accounts.messages import (
    ACCOUNT,
    BALANCE_AT,
    CUSTOMER_BALANCE,
    KINDS,
    OWN,
    to_day,
)
from services.billing.accounts.model import READERS
from services.billing.accounts.queries import AccountFilter
from services.billing.days import day_at
from services.billing.links.model import refuse_other_resellers
from services.kit import ids, wire
from services.kit.errors import InvalidArgument
from services.kit.fields import place
from services.kit.identity import Role, Scope
from services.kit.money import Money
from services.kit.rpc import Call, Servicer, read, write

BATCH_MAX: Final = 500
PARENTS_MAX: Final = 100
FILTER_KINDS_MAX: Final = 3


class AccountServicer(Servicer, accounts_pb2_grpc.AccountServiceServicer):
    @read(*READERS)
    async def BatchGetAccounts(
        self, request: accounts_pb2.BatchGetAccountsRequest, call: Call
    ) -> accounts_pb2.BatchGetAccountsResponse:
        chosen = ACCOUNT.chosen(request.read_mask)
        found = await queries.batch_get(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            ids=ids.many_from_text("acc", request.ids, field="ids", at_most=BATCH_MAX),
            today=day_at(call.now),
        )
        return accounts_pb2.BatchGetAccountsResponse(accounts=chosen.parts(found, now=call.now))

    @read(*READERS)
    async def ListAccounts(
        self, request: accounts_pb2.ListAccountsRequest, call: Call
    ) -> accounts_pb2.ListAccountsResponse:
        chosen = ACCOUNT.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_page(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            narrowed=_filter(request.filter, scope=call.scope),
            page=page,
            today=day_at(call.now),
        )
        cut = call.pages.cut(page, rows, key=partial(place, keys=2))
        return accounts_pb2.ListAccountsResponse(
            accounts=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read(*READERS)
    async def BatchListAccounts(
        self, request: accounts_pb2.BatchListAccountsRequest, call: Call
    ) -> accounts_pb2.BatchListAccountsResponse:
        chosen = ACCOUNT.chosen(request.read_mask)
        groups = await queries.batch_list_by_partner(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            partner_ids=ids.many_from_text(
                "ptr", request.partner_ids, field="partner_ids", at_most=PARENTS_MAX
            ),
            today=day_at(call.now),
        )
        response = accounts_pb2.BatchListAccountsResponse()
        for partner_id, rows in groups.items():
            response.groups.add(
                partner_id=ids.to_text("ptr", partner_id),
                accounts=chosen.parts(rows, now=call.now),
            )
        return response

    @read(*READERS, Role.CUSTOMER)
    async def BatchGetCustomerBalances(
        self, request: accounts_pb2.BatchGetCustomerBalancesRequest, call: Call
    ) -> accounts_pb2.BatchGetCustomerBalancesResponse:
        chosen = CUSTOMER_BALANCE.chosen(request.read_mask)
        found = await balances.batch_get_by_customer(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            customer_ids=ids.many_from_text("cus", request.ids, field="ids", at_most=BATCH_MAX),
            today=day_at(call.now),
        )
        return accounts_pb2.BatchGetCustomerBalancesResponse(
            balances=chosen.parts(found, now=call.now)
        )

    @read(*READERS)
    async def GetBalanceAt(
        self, request: accounts_pb2.GetBalanceAtRequest, call: Call
    ) -> accounts_pb2.BalanceAt:
        chosen = BALANCE_AT.chosen(request.read_mask)
        time = wire.to_time(request, "time")
        if time is None:
            raise InvalidArgument("must be given", field="time")
        row = await balances.get_balance_at(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            account_id=ids.from_text("acc", request.account_id, field="account_id"),
            time=time,
        )
        return chosen.message(row, now=call.now)

    @write(Role.ADMINISTRATOR, Role.FINANCE)
    async def SetBalanceAlert(
        self, request: accounts_pb2.SetBalanceAlertRequest, call: Call
    ) -> accounts_pb2.Account:
        account_id = ids.from_text("acc", request.account_id, field="account_id")
        await operations.set_balance_alert(
            call.session,
            scope=call.scope,
            account_id=account_id,
            threshold=Money.from_message(request.threshold, field="threshold")
            if request.HasField("threshold")
            else None,
            receivers=request.receivers,
        )
        return await _shown(call, account_id)

    @write()
    async def GrantCredit(
        self, request: accounts_pb2.GrantCreditRequest, call: Call
    ) -> accounts_pb2.Account:
        account_id = await credit.grant_credit(
            call.session,
            tenant_id=call.scope.tenant_id,
            operator=call.principal.subject,
            request_id=request.request_id,
            terms=_terms(request),
            now=call.now,
        )
        return await _shown(call, account_id)

    @write()
    async def ReduceCredit(
        self, request: accounts_pb2.ReduceCreditRequest, call: Call
    ) -> accounts_pb2.Account:
        account_id = await credit.reduce_credit(
            call.session,
            tenant_id=call.scope.tenant_id,
            operator=call.principal.subject,
            request_id=request.request_id,
            terms=_terms(request),
            now=call.now,
        )
        return await _shown(call, account_id)

    @write()
    async def SetInvoiceArrears(
        self, request: accounts_pb2.SetInvoiceArrearsRequest, call: Call
    ) -> accounts_pb2.Account:
        account_id = await operations.set_invoice_arrears(
            call.session,
            scope=call.scope,
            partner_id=ids.from_text("ptr", request.partner_id, field="partner_id"),
            amount=Money.from_message(request.amount, field="amount"),
            now=call.now,
        )
        return await _shown(call, account_id)


async def _shown(call: Call, account_id: UUID) -> accounts_pb2.Account:
    (row,) = await queries.batch_get(
        call.session,
        scope=call.scope,
        columns=ACCOUNT.everything.columns,
        ids=[account_id],
        today=day_at(call.now),
    )
    return ACCOUNT.everything.message(row, now=call.now)


def _terms(request: accounts_pb2.GrantCreditRequest | accounts_pb2.ReduceCreditRequest) -> (
    credit.Terms
):  # fmt: skip
    return credit.Terms(
        amount=Money.from_message(request.amount, field="amount"),
        expire_date=to_day(request, "expire_date"),
        reason=wire.to_text(request, "reason"),
    )


def _filter(message: accounts_pb2.AccountFilter, *, scope: Scope) -> AccountFilter:
    if len(message.kinds) > FILTER_KINDS_MAX:
        raise InvalidArgument(f"must be at most {FILTER_KINDS_MAX}", field="filter.kinds")
    reseller = wire.to_id(message, "indirect_partner_id", "ptr", path="filter")
    refuse_other_resellers(scope, indirect_partner_id=reseller)
    return AccountFilter(
        holder_id=reseller or queries.own_partner(scope),
        kinds=[OWN[word] for word in KINDS.required_words(message.kinds, field="filter.kinds")],
    )
