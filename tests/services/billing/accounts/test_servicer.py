"""AccountService over a real socket: which amounts accounts show, to whom, and what may be set."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from partner.billing.v1 import accounts_pb2
from partner.type.v1 import terms_pb2
from services.billing.accounts.model import Holder
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.kit import ids
from services.kit.ids import new_id, to_text
from tests.builders.billing import a_link, money, put_links
from tests.builders.funds import (
    a_day,
    acc,
    grant_credit,
    hold,
    move,
    open_cash,
    open_lot,
    open_of_kind,
    open_platform,
    own_accounts,
    top_up,
    violations,
)
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

CASH, CREDIT, DESIGNATED = (
    accounts_pb2.ACCOUNT_KIND_CASH,
    accounts_pb2.ACCOUNT_KIND_CREDIT,
    accounts_pb2.ACCOUNT_KIND_DESIGNATED_CASH,
)
TODAY = datetime.now(UTC).date()
NEXT_YEAR = date(TODAY.year + 1, 6, 30)


async def balances(
    billing: RunningService, tenant: UUID, customer_ids: list[str], **who: Any
) -> list[accounts_pb2.CustomerBalance]:
    request = accounts_pb2.BatchGetCustomerBalancesRequest(ids=customer_ids)
    response = await billing.call(request, principal=an_administrator(tenant, **who))
    return list(response.balances)


async def test_cash_shows_what_of_it_can_be_allocated_and_withdrawn(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    paid = await top_up(billing, tenant, "1000 CNY", designated_amount=money("200 CNY"))
    clearing = await open_platform(billing, tenant, AccountKind.PAYOUT_CLEARING)
    await hold(billing, tenant, acc(paid.account_id), clearing, "50 CNY")
    await billing.call(
        accounts_pb2.SetInvoiceArrearsRequest(
            request_id="a", partner_id=to_text("ptr", tenant), amount=money("300 CNY")
        ),
        principal=an_operator(tenant),
    )

    cash, designated = await own_accounts(billing, tenant)

    assert cash == accounts_pb2.Account(
        id=paid.account_id,
        partner_id=to_text("ptr", tenant),
        kind=CASH,
        amount=money("800 CNY"),
        frozen_amount=money("50 CNY"),
        designated_amount=money("200 CNY"),
        allocatable_amount=money("750 CNY"),
        withdrawable_amount=money("450 CNY"),
        invoice_arrears_amount=money("300 CNY"),
    )
    assert designated == accounts_pb2.Account(
        id=designated.id,
        partner_id=to_text("ptr", tenant),
        kind=DESIGNATED,
        amount=money("200 CNY"),
        frozen_amount=money("0 CNY"),
    )


async def test_arrears_above_cash_leave_nothing_to_withdraw(billing: RunningService) -> None:
    tenant = a_tenant()
    await top_up(billing, tenant, "10 CNY")
    request = accounts_pb2.SetInvoiceArrearsRequest(
        request_id="a", partner_id=to_text("ptr", tenant), amount=money("10.01 CNY")
    )

    owing = await billing.call(request, principal=an_operator(tenant))
    request.request_id, request.amount.amount = "b", "0"
    settled = await billing.call(request, principal=an_operator(tenant))

    assert owing.withdrawable_amount == money("0 CNY")
    assert settled.withdrawable_amount == money("10 CNY")


async def test_credit_shows_its_limit_and_what_was_used_by_expiry(billing: RunningService) -> None:
    tenant, customer_id = a_tenant(), new_id()
    soon = await grant_credit(billing, tenant, "500 CNY", expire_date=NEXT_YEAR)
    await grant_credit(billing, tenant, "70 CNY")
    unit = Unit.credit("CNY", expire_date=NEXT_YEAR)
    customer = Holder.customer(customer_id, partner_id=tenant)
    theirs = await open_lot(billing, tenant, customer, expire_date=NEXT_YEAR)
    used = await open_of_kind(billing, tenant, AccountKind.CREDIT_USED, holder=customer, unit=unit)
    await move(billing, tenant, acc(soon.id), theirs, "120 CNY", unit=unit)
    await move(billing, tenant, theirs, used, "45 CNY", unit=unit, code=TransferCode.CONSUME_CREDIT)

    first, last = await own_accounts(billing, tenant, kinds=[CREDIT])
    request = accounts_pb2.BatchGetAccountsRequest(ids=[ids.to_text("acc", theirs)])
    (of_customer,) = (await billing.call(request, principal=an_administrator(tenant))).accounts

    assert (first.amount, first.credit_limit) == (money("380 CNY"), money("500 CNY"))
    assert (first.used_amount, first.allocatable_amount) == (money("120 CNY"), money("380 CNY"))
    assert (first.expire_date, last.HasField("expire_date")) == (a_day(NEXT_YEAR), False)
    assert not first.HasField("withdrawable_amount")
    assert of_customer.customer_id == to_text("cus", customer_id)
    assert (of_customer.amount, of_customer.credit_limit) == (money("75 CNY"), money("120 CNY"))
    assert of_customer.used_amount == money("45 CNY")
    assert not of_customer.HasField("allocatable_amount")
    assert await violations(billing, tenant) == {}


async def test_credit_that_has_expired_can_not_be_allocated_before_anybody_takes_it(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    yesterday = TODAY - timedelta(days=2)
    lot = await open_lot(billing, tenant, Holder.partner(tenant), expire_date=yesterday)
    unit = Unit.credit("CNY", expire_date=yesterday)
    source = await open_platform(billing, tenant, AccountKind.CREDIT_SOURCE, unit)
    await move(billing, tenant, source, lot, "9 CNY", unit=unit, code=TransferCode.ADJUST)

    (shown,) = await own_accounts(billing, tenant)

    assert (shown.amount, shown.allocatable_amount) == (money("9 CNY"), money("0 CNY"))


async def test_accounts_come_in_pages_cash_first_and_credit_by_expiry(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    for day in (None, NEXT_YEAR, NEXT_YEAR - timedelta(days=1)):
        await grant_credit(billing, tenant, expire_date=day)
    await top_up(billing, tenant, designated_amount=money("1 CNY"))
    request = accounts_pb2.ListAccountsRequest(page_size=3, with_item_tokens=True)

    first = await billing.call(request, principal=an_administrator(tenant))
    request.page_token = first.next_page_token
    rest = await billing.call(request, principal=an_administrator(tenant))

    listed = [*first.accounts, *rest.accounts]
    assert [one.kind for one in listed] == [CASH, DESIGNATED, CREDIT, CREDIT, CREDIT]
    days = [one.expire_date.day for one in listed[2:]]
    assert days == [NEXT_YEAR.day - 1, NEXT_YEAR.day, 0]
    assert (len(first.item_tokens), rest.next_page_token) == (3, "")


async def test_a_distributor_looks_at_its_resellers_accounts_and_nobody_else_does(
    billing: RunningService,
) -> None:
    tenant, reseller_id, other_id = a_tenant(), new_id(), new_id()
    await top_up(billing, tenant)
    reseller = to_text("ptr", reseller_id)
    theirs = await open_cash(billing, tenant, Holder.partner(reseller_id))
    named = accounts_pb2.ListAccountsRequest(
        filter=accounts_pb2.AccountFilter(indirect_partner_id=reseller)
    )

    seen = await billing.call(named, principal=an_administrator(tenant))
    its_own = await billing.call(
        accounts_pb2.ListAccountsRequest(),
        principal=an_administrator(tenant, partner_id=reseller_id),
    )
    refused = await billing.refusal(named, principal=an_administrator(tenant, partner_id=other_id))
    root = accounts_pb2.ListAccountsRequest(
        filter=accounts_pb2.AccountFilter(indirect_partner_id=to_text("ptr", tenant))
    )
    refused_root = await billing.refusal(root, principal=an_administrator(tenant))

    assert [one.id for one in seen.accounts] == [to_text("acc", theirs)]
    assert list(seen.accounts) == list(its_own.accounts)
    assert not seen.accounts[0].HasField("withdrawable_amount")
    for refusal in (refused, refused_root):
        assert refusal.reason == "INDIRECT_PARTNER_FORBIDDEN"


async def test_accounts_of_many_partners_come_at_once(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    await top_up(billing, tenant)
    await grant_credit(billing, tenant)
    await open_cash(billing, tenant, Holder.partner(reseller_id))
    partners = [to_text("ptr", one) for one in (reseller_id, new_id(), tenant)]
    request = accounts_pb2.BatchListAccountsRequest(partner_ids=partners)

    root = await billing.call(request, principal=an_administrator(tenant))
    reseller = await billing.call(
        request, principal=an_administrator(tenant, partner_id=reseller_id)
    )

    assert [group.partner_id for group in root.groups] == partners
    assert [len(group.accounts) for group in root.groups] == [1, 0, 2]
    assert [len(group.accounts) for group in reseller.groups] == [1, 0, 0]


async def test_a_customers_balance_is_its_cash_and_valid_credit_without_what_is_held(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    paid = await top_up(billing, tenant)
    granted = await grant_credit(billing, tenant, expire_date=NEXT_YEAR)
    (customer,) = await put_links(billing, tenant, [a_link(partner_id=tenant)])
    holder = Holder.customer(ids.from_text("cus", customer, field="id"), partner_id=tenant)
    cash = await open_cash(billing, tenant, holder)
    unit = Unit.credit("CNY", expire_date=NEXT_YEAR)
    lot = await open_lot(billing, tenant, holder, expire_date=NEXT_YEAR)
    owed = await open_of_kind(
        billing, tenant, AccountKind.RECEIVABLE, holder=holder, unit=Unit.cash("CNY")
    )
    revenue = await open_platform(billing, tenant, AccountKind.REVENUE)
    await move(billing, tenant, acc(paid.account_id), cash, "100 CNY")
    await move(billing, tenant, acc(granted.id), lot, "40 CNY", unit=unit)
    await hold(billing, tenant, cash, revenue, "25 CNY")
    await move(billing, tenant, owed, revenue, "3 CNY", code=TransferCode.CONSUME_CASH)

    (shown,) = await balances(billing, tenant, [customer])

    assert shown == accounts_pb2.CustomerBalance(
        id=customer,
        available_amount=money("115 CNY"),
        cash_amount=money("75 CNY"),
        credit_amount=money("40 CNY"),
        frozen_amount=money("25 CNY"),
        debt_amount=money("3 CNY"),
    )


async def test_customers_of_referral_sale_and_of_others_have_no_balance_to_show(
    billing: RunningService,
) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    await top_up(billing, tenant)
    advisory = terms_pb2.ASSOCIATION_TYPE_ADVISORY
    resale, referral, of_reseller = await put_links(
        billing,
        tenant,
        [
            a_link(partner_id=tenant),
            a_link(partner_id=tenant, association_type=advisory),
            a_link(partner_id=reseller_id),
        ],
    )
    asked = [of_reseller, to_text("cus", new_id()), referral, resale]

    seen = [
        [one.id for one in await balances(billing, tenant, asked)],
        [one.id for one in await balances(billing, tenant, asked, partner_id=reseller_id)],
        [one.id for one in await balances(billing, a_tenant(), asked)],
    ]

    assert seen == [[of_reseller, resale], [of_reseller], []]


async def test_a_tenant_without_money_has_balances_without_amounts(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    (customer,) = await put_links(billing, tenant, [a_link(partner_id=tenant)])

    shown = await balances(billing, tenant, [customer])

    assert shown == [accounts_pb2.CustomerBalance(id=customer)]


async def test_a_customer_sees_its_own_balance_alone(billing: RunningService) -> None:
    tenant = a_tenant()
    await top_up(billing, tenant)
    mine, other = await put_links(billing, tenant, [a_link(partner_id=tenant) for _ in range(2)])
    principal = a_customers_user(tenant, customer_id=ids.from_text("cus", mine, field="id"))
    request = accounts_pb2.BatchGetCustomerBalancesRequest(ids=[other, mine])

    answer = await billing.call(request, principal=principal)

    assert [one.id for one in answer.balances] == [mine]
    assert answer.balances[0].available_amount == money("0 CNY")


async def test_only_who_works_with_the_partners_money_sees_any_of_it(
    billing: RunningService,
) -> None:
    tenant, manager = a_tenant(), new_id()
    paid = await top_up(billing, tenant)
    (customer,) = await put_links(
        billing, tenant, [a_link(partner_id=tenant, account_manager_id=manager)]
    )
    customer_id = ids.from_text("cus", customer, field="id")
    money_of_partner = (
        accounts_pb2.ListAccountsRequest(),
        accounts_pb2.BatchGetAccountsRequest(ids=[paid.account_id]),
        accounts_pb2.BatchListAccountsRequest(partner_ids=[paid.partner_id]),
        accounts_pb2.GetBalanceAtRequest(account_id=paid.account_id, time=paid.create_time),
    )
    of_customer = accounts_pb2.BatchGetCustomerBalancesRequest(ids=[customer])
    managers = (
        a_director(tenant, team=(manager,)),
        an_account_manager(tenant, account_manager_id=manager),
    )

    for request in (*money_of_partner, of_customer):
        for principal in (a_finance_operator(tenant), an_operator(tenant)):
            assert str(await billing.call(request, principal=principal))
        for principal in managers:
            refusal = await billing.refusal(request, principal=principal)
            assert refusal.code == "PERMISSION_DENIED"
    for request in money_of_partner:
        refusal = await billing.refusal(
            request, principal=a_customers_user(tenant, customer_id=customer_id)
        )
        assert refusal.code == "PERMISSION_DENIED"


async def test_credit_of_another_currency_is_refused(billing: RunningService) -> None:
    tenant = a_tenant()
    await top_up(billing, tenant, "1 CNY")
    requests = (
        accounts_pb2.GrantCreditRequest(request_id="1", amount=money("1 USD")),
        accounts_pb2.SetInvoiceArrearsRequest(
            request_id="2", partner_id=to_text("ptr", tenant), amount=money("1 USD")
        ),
    )

    for request in requests:
        refusal = await billing.refusal(request, principal=an_operator(tenant))
        assert (refusal.reason, refusal.metadata) == (
            "CURRENCY_MISMATCH",
            {"currency_code": "CNY", "given": "USD"},
        )


async def test_arrears_of_who_has_no_cash_account_are_not_found(billing: RunningService) -> None:
    tenant = a_tenant()
    customer = Holder.customer(new_id(), partner_id=tenant)
    await open_cash(billing, tenant, customer)

    for partner_id in (new_id(), customer.id):
        request = accounts_pb2.SetInvoiceArrearsRequest(
            request_id=str(uuid4()),
            partner_id=to_text("ptr", partner_id),
            amount=money("1 CNY"),
        )
        refusal = await billing.refusal(request, principal=an_operator(tenant))
        assert refusal.code == "NOT_FOUND"
