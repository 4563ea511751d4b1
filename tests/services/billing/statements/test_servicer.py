"""StatementService over a real socket: what must be said, and who may look."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from partner.billing.v1 import accounts_pb2, statements_pb2
from services.billing.days import day_at
from services.kit.ids import new_id, to_text
from tests.builders.funds import a_day, top_up
from tests.builders.principals import (
    a_customers_user,
    a_director,
    a_finance_operator,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService

CASH = accounts_pb2.ACCOUNT_KIND_CASH
TODAY = day_at(datetime.now(UTC))


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("filter.kind", {}),
        ("filter.kind", {"kind": CASH, "account_id": to_text("acc", new_id())}),
        (
            "filter.indirect_partner_id",
            {
                "account_id": to_text("acc", new_id()),
                "indirect_partner_id": to_text("ptr", new_id()),
            },
        ),
        ("filter.trade_date_from", {"trade_date_from": a_day(TODAY - timedelta(days=600))}),
        ("filter.trade_date_to", {"trade_date_to": a_day(TODAY - timedelta(days=500))}),
        ("filter.trade_types[0]", {"trade_types": [0]}),
    ],
)
async def test_a_statement_that_says_too_little_or_too_much_is_refused_by_its_field(
    billing: RunningService, field: str, said: dict[str, Any]
) -> None:
    defaults = {} if field in {"filter.kind", "filter.indirect_partner_id"} else {"kind": CASH}
    request = statements_pb2.ListStatementEntriesRequest(
        filter=statements_pb2.StatementEntryFilter(**defaults | said)
    )

    refusal = await billing.refusal(request, principal=an_administrator(a_tenant()))

    assert refusal.violations[0][0] == field


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("filter.kind", {"kind": CASH}),
        ("filter.account_id", {"account_id": to_text("acc", new_id())}),
        ("filter.indirect_partner_id", {"indirect_partner_id": to_text("ptr", new_id())}),
    ],
)
async def test_below_an_account_nobody_says_whose_lines_are_meant(
    billing: RunningService, field: str, said: dict[str, Any]
) -> None:
    request = statements_pb2.BatchListStatementEntriesRequest(
        account_ids=[to_text("acc", new_id())],
        filter=statements_pb2.StatementEntryFilter(**said),
    )

    refusal = await billing.refusal(request, principal=an_administrator(a_tenant()))

    assert refusal.violations[0][0] == field


async def test_only_who_works_with_the_partners_money_sees_its_statement(
    billing: RunningService,
) -> None:
    tenant, manager = a_tenant(), new_id()
    paid = await top_up(billing, tenant)
    requests = (
        statements_pb2.ListStatementEntriesRequest(
            filter=statements_pb2.StatementEntryFilter(kind=CASH)
        ),
        statements_pb2.BatchListStatementEntriesRequest(account_ids=[paid.account_id]),
    )

    for request in requests:
        for principal in (a_finance_operator(tenant), an_operator(tenant)):
            assert paid.id in str(await billing.call(request, principal=principal))
        for principal in (
            a_director(tenant, team=(manager,)),
            an_account_manager(tenant, account_manager_id=manager),
            a_customers_user(tenant, customer_id=new_id()),
        ):
            refusal = await billing.refusal(request, principal=principal)
            assert refusal.code == "PERMISSION_DENIED"


async def test_another_tenant_and_a_reseller_see_none_of_it(billing: RunningService) -> None:
    tenant = a_tenant()
    paid = await top_up(billing, tenant)
    request = statements_pb2.BatchListStatementEntriesRequest(account_ids=[paid.account_id])

    for principal in (
        an_administrator(a_tenant()),
        an_administrator(tenant, partner_id=new_id()),
    ):
        answer = await billing.call(request, principal=principal)
        assert [len(group.entries) for group in answer.groups] == [0]
