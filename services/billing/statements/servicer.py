"""Answers StatementService."""

from functools import partial
from typing import Final

from partner.billing.v1 import statements_pb2, statements_pb2_grpc
from services.billing.accounts.model import READERS
from services.billing.days import day_at
from services.billing.statements import queries
from services.billing.statements.messages import STATEMENT_ENTRY, refuse_whose, to_filter, to_of
from services.kit import ids
from services.kit.fields import place
from services.kit.rpc import Call, Servicer, read

PARENTS_MAX: Final = 100


class StatementServicer(Servicer, statements_pb2_grpc.StatementServiceServicer):
    @read(*READERS)
    async def ListStatementEntries(
        self, request: statements_pb2.ListStatementEntriesRequest, call: Call
    ) -> statements_pb2.ListStatementEntriesResponse:
        chosen = STATEMENT_ENTRY.chosen(request.read_mask)
        page = call.page(request)
        rows = await queries.list_page(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            of=to_of(request.filter, scope=call.scope),
            narrowed=to_filter(request.filter, today=day_at(call.now)),
            page=page,
        )
        cut = call.pages.cut(page, rows, key=partial(place, keys=2))
        return statements_pb2.ListStatementEntriesResponse(
            entries=chosen.parts(cut.rows, now=call.now),
            next_page_token=cut.next_page_token,
            item_tokens=cut.item_tokens,
        )

    @read(*READERS)
    async def BatchListStatementEntries(
        self, request: statements_pb2.BatchListStatementEntriesRequest, call: Call
    ) -> statements_pb2.BatchListStatementEntriesResponse:
        chosen = STATEMENT_ENTRY.chosen(request.read_mask)
        page = call.page(request)
        refuse_whose(request.filter)
        groups = await queries.batch_list_by_account(
            call.session,
            scope=call.scope,
            columns=chosen.columns,
            account_ids=ids.many_from_text(
                "acc", request.account_ids, field="account_ids", at_most=PARENTS_MAX
            ),
            narrowed=to_filter(request.filter, today=day_at(call.now)),
            page=page,
        )
        response = statements_pb2.BatchListStatementEntriesResponse()
        for account_id, rows in groups.items():
            parent = ids.to_text("acc", account_id)
            below = call.pages.below(page, "account_id", parent)
            cut = call.pages.cut(below, rows, key=partial(place, keys=2))
            response.groups.add(
                account_id=parent,
                entries=chosen.parts(cut.rows, now=call.now),
                next_page_token=cut.next_page_token,
                item_tokens=cut.item_tokens,
            )
        return response
