"""Lines of statements on a real ledger: whole, in order, and page by page at the same cost."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from partner.billing.v1 import accounts_pb2, statements_pb2, top_ups_pb2
from services.billing.accounts.model import Holder
from services.billing.days import day_at
from services.billing.ledger.chart import AccountKind, TradeDetail, TransferCode, Unit
from services.kit import ids
from services.kit.ids import new_id, to_text
from tests.builders.funds import (
    a_day,
    acc,
    grant_credit,
    move,
    open_cash,
    open_lot,
    open_platform,
    own_accounts,
    top_up,
    violations,
)
from tests.builders.plans import plan
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService

CASH, CREDIT = accounts_pb2.ACCOUNT_KIND_CASH, accounts_pb2.ACCOUNT_KIND_CREDIT
INCOME, EXPENSE = statements_pb2.DIRECTION_INCOME, statements_pb2.DIRECTION_EXPENSE
NEXT_YEAR = date(datetime.now(UTC).year + 1, 6, 30)
TODAY = day_at(datetime.now(UTC))


@dataclass(frozen=True)
class Trading:
    """A distributor that topped up, allocated, reclaimed and spent."""

    tenant: UUID
    top_up: top_ups_pb2.TopUp
    customer_id: UUID
    reseller_id: UUID

    @property
    def cash(self) -> UUID:
        return acc(self.top_up.account_id)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trading(running: Any) -> Trading:
    billing: RunningService = await running("billing")
    tenant, customer_id, reseller_id = a_tenant(), new_id(), new_id()
    paid = await top_up(billing, tenant, "1000 CNY", channel=top_ups_pb2.CHANNEL_ALIPAY)
    made = Trading(tenant, paid, customer_id, reseller_id)
    customer = await open_cash(billing, tenant, Holder.customer(customer_id, partner_id=tenant))
    reseller = await open_cash(billing, tenant, Holder.partner(reseller_id))
    revenue = await open_platform(billing, tenant, AccountKind.REVENUE)
    await move(billing, tenant, made.cash, customer, "300 CNY")
    await move(billing, tenant, made.cash, reseller, "200 CNY")
    await move(billing, tenant, customer, made.cash, "50 CNY", code=TransferCode.RECLAIM)
    consume = {"code": TransferCode.CONSUME_CASH, "trade_detail": TradeDetail.USAGE}
    await move(billing, tenant, made.cash, revenue, "10 CNY", **consume)  # type: ignore[arg-type]
    for amount, day in (("500 CNY", NEXT_YEAR), ("70 CNY", None)):
        await grant_credit(billing, tenant, amount, expire_date=day)
    holder = Holder.customer(customer_id, partner_id=tenant)
    lot = await open_lot(billing, tenant, holder, expire_date=NEXT_YEAR)
    first, _ = await own_accounts(billing, tenant, kinds=[CREDIT])
    unit = Unit.credit("CNY", expire_date=NEXT_YEAR)
    await move(billing, tenant, acc(first.id), lot, "100 CNY", unit=unit)
    assert await violations(billing, tenant) == {}
    return made


async def lines(
    billing: RunningService, trading: Trading, partner_id: UUID | None = None, **fields: Any
) -> list[statements_pb2.StatementEntry]:
    request = statements_pb2.ListStatementEntriesRequest(
        filter=statements_pb2.StatementEntryFilter(**fields)
    )
    principal = an_administrator(trading.tenant, partner_id=partner_id)
    return list((await billing.call(request, principal=principal)).entries)


def changes(entries: list[statements_pb2.StatementEntry]) -> list[str]:
    return [entry.change_amount.amount for entry in entries]


async def test_a_statement_says_what_came_and_went_and_what_was_left(
    billing: RunningService, trading: Trading
) -> None:
    entries = await lines(billing, trading, kind=CASH)

    word = statements_pb2.TradeType.Name
    assert [
        (word(one.trade_type), one.change_amount.amount, one.balance_after.amount)
        for one in entries
    ] == [
        ("TRADE_TYPE_DEDUCT", "-10", "540"),
        ("TRADE_TYPE_RECLAIM", "50", "550"),
        ("TRADE_TYPE_ALLOCATE", "-200", "500"),
        ("TRADE_TYPE_ALLOCATE", "-300", "700"),
        ("TRADE_TYPE_TOP_UP", "1000", "1000"),
    ]
    assert [one.direction for one in entries] == [EXPENSE, INCOME, EXPENSE, EXPENSE, INCOME]
    assert entries[0].trade_detail == statements_pb2.TRADE_DETAIL_USAGE
    assert {one.account_id for one in entries} == {trading.top_up.account_id}


async def test_a_line_names_who_is_on_the_other_side_and_the_top_up_that_it_is(
    billing: RunningService, trading: Trading
) -> None:
    consumed, reclaimed, to_reseller, to_customer, paid = await lines(billing, trading, kind=CASH)

    customer = to_text("cus", trading.customer_id)
    assert (reclaimed.customer_id, to_customer.customer_id) == (customer, customer)
    assert to_reseller.indirect_partner_id == to_text("ptr", trading.reseller_id)
    assert not to_reseller.HasField("customer_id")
    for nobody in (consumed, paid):
        assert not nobody.HasField("customer_id")
        assert not nobody.HasField("indirect_partner_id")
    assert (paid.top_up_id, paid.channel) == (trading.top_up.id, top_ups_pb2.CHANNEL_ALIPAY)
    assert not consumed.HasField("top_up_id")


async def test_credit_of_all_lots_is_one_statement_in_the_order_of_time(
    billing: RunningService, trading: Trading
) -> None:
    entries = await lines(billing, trading, kind=CREDIT)

    assert changes(entries) == ["-100", "70", "500"]
    assert [one.balance_after.amount for one in entries] == ["400", "70", "500"]
    assert len({one.account_id for one in entries}) == 2


async def test_lines_are_narrowed_by_every_filter(
    billing: RunningService, trading: Trading
) -> None:
    allocate, reclaim = statements_pb2.TRADE_TYPE_ALLOCATE, statements_pb2.TRADE_TYPE_RECLAIM
    (reclaimed,) = await lines(billing, trading, kind=CASH, trade_types=[reclaim])
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"trade_types": [allocate]}, ["-200", "-300"]),
        ({"trade_types": [allocate, reclaim]}, ["50", "-200", "-300"]),
        ({"trade_types": [statements_pb2.TRADE_TYPE_REFUND]}, []),
        ({"direction": INCOME}, ["50", "1000"]),
        ({"direction": EXPENSE}, ["-10", "-200", "-300"]),
        ({"transaction_id": reclaimed.transaction_id}, ["50"]),
        ({"transaction_id": to_text("txn", new_id())}, []),
        ({"channel": top_ups_pb2.CHANNEL_ALIPAY}, ["1000"]),
        ({"channel": top_ups_pb2.CHANNEL_WECHAT}, []),
        ({"trade_date_from": a_day(TODAY)}, ["-10", "50", "-200", "-300", "1000"]),
        ({"trade_date_from": a_day(TODAY + timedelta(days=1))}, []),
        ({"trade_date_to": a_day(TODAY)}, []),
        ({"trade_date_to": a_day(TODAY + timedelta(days=1)), "direction": INCOME}, ["50", "1000"]),
    ]

    for fields, expected in cases:
        assert changes(await lines(billing, trading, kind=CASH, **fields)) == expected, fields


async def test_one_accounts_lines_are_asked_for_by_its_id(
    billing: RunningService, trading: Trading
) -> None:
    by_kind = await lines(billing, trading, kind=CASH)

    by_account = await lines(billing, trading, account_id=trading.top_up.account_id)

    assert by_account == by_kind


async def test_a_reseller_sees_its_own_lines_and_its_distributor_by_name(
    billing: RunningService, trading: Trading
) -> None:
    reseller = to_text("ptr", trading.reseller_id)

    own = await lines(billing, trading, trading.reseller_id, kind=CASH)
    seen = await lines(billing, trading, kind=CASH, indirect_partner_id=reseller)
    roots = await lines(billing, trading, trading.reseller_id, account_id=trading.top_up.account_id)

    assert changes(own) == changes(seen) == ["200"]
    assert not own[0].HasField("indirect_partner_id")
    assert roots == []


async def test_pages_go_on_where_the_one_before_ended_and_each_line_has_a_place(
    billing: RunningService, trading: Trading
) -> None:
    whole = await lines(billing, trading, kind=CASH)
    narrowed = statements_pb2.StatementEntryFilter(kind=CASH)
    request = statements_pb2.ListStatementEntriesRequest(
        page_size=2, with_item_tokens=True, filter=narrowed
    )
    principal = an_administrator(trading.tenant)
    found: list[statements_pb2.StatementEntry] = []

    while True:
        page = await billing.call(request, principal=principal)
        found += page.entries
        assert len(page.item_tokens) == len(page.entries)
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token

    assert found == whole


async def test_lines_of_many_accounts_come_at_once_and_go_on_one_by_one(
    billing: RunningService, trading: Trading
) -> None:
    lots = [one.id for one in await own_accounts(billing, trading.tenant, kinds=[CREDIT])]
    asked = [lots[0], to_text("acc", new_id()), trading.top_up.account_id]
    request = statements_pb2.BatchListStatementEntriesRequest(account_ids=asked, page_size=1)
    principal = an_administrator(trading.tenant)

    answer = await billing.call(request, principal=principal)
    following = statements_pb2.ListStatementEntriesRequest(
        page_token=answer.groups[2].next_page_token,
        filter=statements_pb2.StatementEntryFilter(account_id=asked[2]),
    )
    rest = await billing.call(following, principal=principal)

    assert [group.account_id for group in answer.groups] == asked
    assert [changes(list(group.entries)) for group in answer.groups] == [["-100"], [], ["-10"]]
    assert changes(list(rest.entries)) == ["50", "-200", "-300", "1000"]


@pytest.mark.parametrize(
    ("kind", "merged"), [(CASH, 1), (CREDIT, 2)], ids=["one account", "two lots"]
)
async def test_a_page_begins_in_the_index_where_the_one_before_it_ended(
    billing: RunningService, trading: Trading, kind: Any, merged: int
) -> None:
    principal = an_administrator(trading.tenant)
    request = statements_pb2.ListStatementEntriesRequest(
        page_size=1, filter=statements_pb2.StatementEntryFilter(kind=kind)
    )
    request.page_token = (await billing.call(request, principal=principal)).next_page_token

    shown = await plan(billing, request, principal=principal)

    assert "Index Scan Backward using entries_time_idx" in shown
    assert re.search(r"Index Cond: .*ROW\(create_time, version, account_id\) <=? ROW", shown)
    assert shown.count("Limit") == 2


async def test_a_deep_page_reads_no_more_than_the_first(billing: RunningService) -> None:
    tenant = a_tenant()
    paid = await top_up(billing, tenant, "100000 CNY")
    customer = await open_cash(billing, tenant, Holder.customer(new_id(), partner_id=tenant))
    for _ in range(30):
        await move(billing, tenant, acc(paid.account_id), customer, "1 CNY")
    principal = an_administrator(tenant)
    request = statements_pb2.ListStatementEntriesRequest(
        page_size=10, filter=statements_pb2.StatementEntryFilter(kind=CASH)
    )
    balances: list[Decimal] = []

    while True:
        page = await billing.call(request, principal=principal)
        balances += [Decimal(one.balance_after.amount) for one in page.entries]
        rows = await rows_read(billing, request, principal=principal)
        assert rows <= 11
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token

    assert balances == [Decimal(100_000 - count) for count in range(30, -1, -1)]


async def rows_read(billing: RunningService, request: Any, *, principal: Any) -> int:
    """Count the entries that an answer takes out of the index."""
    shown = await plan(billing, request, principal=principal, analyze=True)
    found = re.search(r"using entries_time_idx.*?rows=(\d+)", shown)
    assert found, shown
    return int(found[1])


async def test_ids_of_other_kinds_are_named(billing: RunningService, trading: Trading) -> None:
    request = statements_pb2.ListStatementEntriesRequest(
        filter=statements_pb2.StatementEntryFilter(
            kind=CASH, transaction_id=ids.to_text("acc", new_id())
        )
    )

    refusal = await billing.refusal(request, principal=an_administrator(trading.tenant))

    assert refusal.violations[0][0] == "filter.transaction_id"
