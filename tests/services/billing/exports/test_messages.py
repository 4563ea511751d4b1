"""The lists of a partner's money as files: what stands in them, and who may ask for one."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from partner.billing.v1 import (
    accounts_pb2,
    adjustments_pb2,
    exports_pb2,
    payments_pb2,
    statements_pb2,
    withdrawals_pb2,
)
from services.kit.identity import Principal
from services.kit.ids import new_id, to_text
from tests.builders import exports
from tests.builders.exports import an_export, ask_for, download
from tests.builders.funds import top_up
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
from tests.builders.spending import Spending, a_spending_tenant
from tests.builders.withdrawals import NAME

CASH = statements_pb2.StatementEntryFilter(kind=accounts_pb2.ACCOUNT_KIND_CASH)
CREDIT = statements_pb2.StatementEntryFilter(kind=accounts_pb2.ACCOUNT_KIND_CREDIT)
# Each list of money, with a filter that it takes.
MONEY: dict[str, Any] = {
    "adjustments": {},
    "statement_entries": CASH,
    "withdrawals": {},
    "payments": {},
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def spending(running: Any) -> Spending:
    return await a_spending_tenant(await running("billing"), customers=1, each=3)


def somebody(tenant: UUID) -> Principal:
    """Give an administrator who has not asked for anything yet."""
    return replace(an_administrator(tenant), subject=to_text("usr", new_id()))


async def exported(
    billing: RunningService, tenant: UUID, *, page_rows: int = 2, **list_: Any
) -> list[dict[str, str]]:
    """Export a list in small pages; give the rows of the file."""
    administrator = somebody(tenant)
    export = await an_export(
        billing, ask_for(exports_pb2, **list_), principal=administrator, page_rows=page_rows
    )
    return (await download(billing, export, principal=administrator)).rows


async def listed(billing: RunningService, tenant: UUID, request: Any, *, of: str) -> Sequence[Any]:
    response = await billing.call(request, principal=an_administrator(tenant))
    items: Sequence[Any] = getattr(response, of)
    return items


async def test_adjustments_are_exported_as_they_are_listed(
    billing: RunningService, spending: Spending
) -> None:
    rows = await exported(billing, spending.tenant, adjustments={})

    shown = await listed(
        billing, spending.tenant, adjustments_pb2.ListAdjustmentsRequest(), of="adjustments"
    )
    assert exports.columns(rows, "Adjustment", "Transaction", "Customer") == [
        (one.id, one.transaction_id, one.customer_id) for one in shown
    ]
    assert {row["Adjustment"] for row in rows} == set(spending.adjustment_ids)
    assert exports.columns(rows[:1], "Operation", "Kind", "Currency", "Amount", "Memo") == [
        ("ALLOCATE", "CREDIT", "CNY", "1", "for the fair")
    ]


@pytest.mark.parametrize("narrowed", [CASH, CREDIT])
async def test_lines_of_statements_are_exported_as_they_are_listed(
    billing: RunningService, spending: Spending, narrowed: statements_pb2.StatementEntryFilter
) -> None:
    rows = await exported(billing, spending.tenant, statement_entries=narrowed)

    request = statements_pb2.ListStatementEntriesRequest(filter=narrowed)
    shown = await listed(billing, spending.tenant, request, of="entries")
    amounts = [(Decimal(row["Change"]), Decimal(row["Balance"]), row["Currency"]) for row in rows]
    assert exports.columns(rows, "Account", "Transaction", "Customer", "Top-up") == [
        (one.account_id, one.transaction_id, one.customer_id, one.top_up_id) for one in shown
    ]
    assert amounts == [
        (Decimal(one.change_amount.amount), Decimal(one.balance_after.amount), "CNY")
        for one in shown
    ]
    assert exports.columns(rows, "Trade type", "Trade detail", "Direction") == [
        (
            statements_pb2.TradeType.Name(one.trade_type).removeprefix("TRADE_TYPE_"),
            statements_pb2.TradeDetail.Name(one.trade_detail).removeprefix("TRADE_DETAIL_"),
            statements_pb2.Direction.Name(one.direction).removeprefix("DIRECTION_"),
        )
        for one in shown
    ]
    assert len(rows) >= 3


async def test_an_amount_of_a_currency_without_hundredths_is_whole(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    await top_up(billing, tenant, "1200 JPY")

    rows = await exported(billing, tenant, statement_entries=CASH)

    assert exports.columns(rows, "Change", "Balance", "Currency", "Channel") == [
        ("1200", "1200", "JPY", "BANK_TRANSFER")
    ]


async def test_withdrawals_are_exported_with_the_end_of_the_accounts_number(
    billing: RunningService, spending: Spending
) -> None:
    rows = await exported(billing, spending.tenant, withdrawals={})

    shown = await listed(
        billing, spending.tenant, withdrawals_pb2.ListWithdrawalsRequest(), of="withdrawals"
    )
    assert [row["Withdrawal"] for row in rows] == [one.id for one in shown]
    assert {row["Withdrawal"] for row in rows} == set(spending.withdrawal_ids)
    assert exports.columns(rows[:1], "Kind", "State", "Amount", "Paid amount", "Currency") == [
        ("BANK_CARD", "REJECTED", "1", "0", "CNY")
    ]
    assert exports.columns(rows[:1], "Bank", "Branch", "Account name", "Account number") == [
        ("Harbour Bank", "North", NAME, "****0127")
    ]
    assert rows[0]["Reason of rejection"] == "an invoice is missing"


async def test_payments_are_exported_as_they_are_listed(
    billing: RunningService, spending: Spending
) -> None:
    rows = await exported(billing, spending.tenant, payments={})

    shown = await listed(
        billing, spending.tenant, payments_pb2.ListPaymentsRequest(), of="payments"
    )
    assert exports.columns(rows, "Payment", "Customer", "Transaction") == [
        (one.id, one.customer_id, one.transaction_id) for one in shown
    ]
    assert {row["Payment"] for row in rows} == set(spending.payment_ids)
    assert exports.columns(
        rows[:1], "Kind", "State", "Order number", "Billing cycle", "List amount", "Cash amount"
    ) == [("USAGE", "PAID", "CS1", "2024-09", "9", "1")]


@pytest.mark.parametrize("name", MONEY)
async def test_money_is_exported_by_those_who_may_look_at_it(
    billing: RunningService, name: str
) -> None:
    tenant, request = a_tenant(), ask_for(exports_pb2, **{name: MONEY[name]})

    for one in (an_administrator, a_finance_operator, an_operator):
        export = await billing.call(
            ask_for(exports_pb2, **{name: MONEY[name]}), principal=one(tenant)
        )
        assert export.id
    for other in (
        a_director(tenant, team=(new_id(),)),
        an_account_manager(tenant, account_manager_id=new_id()),
        a_customers_user(tenant, customer_id=new_id()),
    ):
        refusal = await billing.refusal(request, principal=other)
        assert refusal.code == "PERMISSION_DENIED"


@pytest.mark.parametrize(
    ("field", "list_"),
    [
        ("list.statement_entries.kind", {"statement_entries": {}}),
        ("list.withdrawals.states[0]", {"withdrawals": {"states": [0]}}),
        ("list.adjustments.target_name", {"adjustments": {"target_name": "a b"}}),
        ("list.payments.billing_cycle", {"payments": {"billing_cycle": "soon"}}),
    ],
)
async def test_what_a_list_refuses_is_refused_by_its_field(
    billing: RunningService, field: str, list_: dict[str, Any]
) -> None:
    refusal = await billing.refusal(
        ask_for(exports_pb2, **list_), principal=an_administrator(a_tenant())
    )

    assert [path for path, _ in refusal.violations] == [field]
