"""Closing a customer's accounts over a real socket: step by step, once, in order, and back."""

import asyncio
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from partner.billing.v1 import adjustments_pb2, closings_pb2, voucher_quotas_pb2
from services.billing.accounts.model import Holder
from services.kit.ids import new_id, to_text
from tests.builders.adjustments import (
    CREDIT,
    Funds,
    a_batch,
    a_reclaim,
    an_allocation,
    put_cash,
    put_credit,
    to,
    uuid_of,
)
from tests.builders.billing import an_issue, grant_quota, money, some_customers
from tests.builders.closings import a_closing, a_reclaim_of_vouchers, a_reopening, a_return
from tests.builders.payments import PayingTenant, a_line, an_order
from tests.builders.principals import a_system, a_tenant, an_administrator
from tests.builders.running import RunningService

SOON, PAST = date(2097, 6, 30), date(2020, 1, 31)


async def a_customer_with_funds(
    billing: RunningService, tenant: UUID, *, partner_id: UUID | None = None
) -> str:
    """Give a customer 40 of cash, 15 and 5 of credit that expire on two days, one of them past."""
    partner = partner_id or tenant
    (customer,) = await some_customers(billing, tenant, 1, partner_id=partner_id)
    await put_cash(billing, tenant, "100 CNY", partner_id=partner_id)
    await put_credit(billing, tenant, "50 CNY", expire_date=SOON, partner_id=partner_id)
    principal = an_administrator(tenant, partner_id=partner_id)
    await billing.call(an_allocation(to(customer), "40 CNY"), principal=principal)
    await billing.call(an_allocation(to(customer), "15 CNY", kind=CREDIT), principal=principal)
    holder = Holder.customer(uuid_of(customer), partner_id=partner)
    await Funds(billing, tenant).put_old_credit(holder, "5 CNY", expire_date=PAST)
    return customer


async def test_step_by_step_all_that_a_customer_has_returns_to_its_partner(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    customer = await a_customer_with_funds(billing, tenant)
    system, funds = a_system(tenant), Funds(billing, tenant)

    states = [
        (await billing.call(step(customer), principal=system)).state
        for step in (a_closing, a_reclaim_of_vouchers)
    ]
    closing = await billing.call(a_return(customer), principal=system)
    listed = await billing.call(
        adjustments_pb2.ListAdjustmentsRequest(
            filter=adjustments_pb2.AdjustmentFilter(transaction_id=closing.transaction_id)
        ),
        principal=an_administrator(tenant),
    )

    assert states == [
        closings_pb2.CLOSING_STATE_CLOSED,
        closings_pb2.CLOSING_STATE_VOUCHERS_RECLAIMED,
    ]
    assert closing.state == closings_pb2.CLOSING_STATE_BALANCES_RETURNED
    assert {(one.kind, one.amount.amount) for one in listed.adjustments} == {(1, "40"), (2, "20")}
    assert {one.operation_type for one in listed.adjustments} == {
        adjustments_pb2.ADJUSTMENT_TYPE_UNBIND_RECLAIM
    }
    assert (await funds.cash(tenant), await funds.cash(uuid_of(customer))) == ("100", "0")
    assert await funds.lots(tenant) == {str(PAST): "5", str(SOON): "50"}
    assert await funds.lots(uuid_of(customer)) == {str(PAST): "0", str(SOON): "0"}
    assert await funds.violations() == {}


async def test_a_resellers_customer_returns_its_money_to_the_reseller(
    billing: RunningService,
) -> None:
    tenant, reseller = a_tenant(), new_id()
    customer = await a_customer_with_funds(billing, tenant, partner_id=reseller)
    system, funds = a_system(tenant), Funds(billing, tenant)

    for step in (a_closing, a_reclaim_of_vouchers, a_return):
        closing = await billing.call(step(customer), principal=system)

    assert closing.partner_id == to_text("ptr", reseller)
    assert (await funds.cash(reseller), await funds.cash(tenant)) == ("100", "0")
    assert await funds.violations() == {}


async def test_nothing_is_given_to_a_customer_that_is_leaving(billing: RunningService) -> None:
    tenant = a_tenant()
    customer = await a_customer_with_funds(billing, tenant)
    (never_given,) = await some_customers(billing, tenant, 1)
    principal = an_administrator(tenant)
    for one in (customer, never_given):
        await billing.call(a_closing(one), principal=a_system(tenant))

    for one in (customer, never_given):
        refusal = await billing.refusal(an_allocation(to(one)), principal=principal)
        batch = await billing.call(a_batch([to(one)]), principal=principal)
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "ACCOUNT_CLOSING")
        assert batch.results[0].error.reason == "ACCOUNT_CLOSING"
    back = await billing.call(a_reclaim(to(customer), "1 CNY"), principal=principal)

    assert back.amount == money("1 CNY")
    assert await Funds(billing, tenant).cash(tenant) == "61"


async def test_what_unpaid_orders_hold_returns_when_the_accounts_close(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    customer = await a_customer_with_funds(billing, tenant)
    funds = Funds(billing, tenant)
    await funds.hold(uuid_of(customer), 1500)
    held = await funds.cash(uuid_of(customer))

    await billing.call(a_closing(customer), principal=a_system(tenant))

    assert (held, await funds.cash(uuid_of(customer))) == ("25", "40")
    assert await funds.violations() == {}


async def test_what_has_expired_and_is_still_held_is_waited_for(billing: RunningService) -> None:
    tenant = a_tenant()
    customer = await a_customer_with_funds(billing, tenant)
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    issue = an_issue(quota.id, [customer], face_value="30 CNY")
    issued = await billing.call(issue, principal=an_administrator(tenant))
    system, funds = a_system(tenant), Funds(billing, tenant)
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    await funds.hold(uuid_of(customer), 1500, expire_time=long_ago)
    voucher_id = uuid_of(issued.results[0].voucher.id)
    await funds.hold_voucher(voucher_id, 1200, expire_time=long_ago)
    await billing.call(a_closing(customer), principal=system)
    request = a_reclaim_of_vouchers(customer)

    too_early = await billing.refusal(request, principal=system)
    await funds.sweep()
    await billing.call(request, principal=system)
    await billing.call(a_return(customer), principal=system)

    assert (too_early.code, too_early.reason) == ("ABORTED", "ADJUSTMENT_IN_PROGRESS")
    assert (await funds.cash(tenant), await funds.cash(uuid_of(customer))) == ("100", "0")
    assert await funds.violations() == {}


async def test_what_is_left_of_vouchers_returns_to_their_quota(billing: RunningService) -> None:
    tenant = a_tenant()
    customer = await a_customer_with_funds(billing, tenant)
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    issue = an_issue(quota.id, [customer], face_value="30 CNY")
    issued = await billing.call(issue, principal=an_administrator(tenant))
    await billing.call(an_issue(quota.id, [customer]), principal=an_administrator(tenant))
    voucher_id = uuid_of(issued.results[0].voucher.id)
    held = await Funds(billing, tenant).hold_voucher(voucher_id, 1200)

    await billing.call(a_closing(customer), principal=a_system(tenant))
    closing = await billing.call(a_reclaim_of_vouchers(customer), principal=a_system(tenant))
    late = await billing.call(an_issue(quota.id, [customer]), principal=an_administrator(tenant))
    found = await billing.call(
        voucher_quotas_pb2.BatchGetVoucherQuotasRequest(ids=[quota.id]),
        principal=an_administrator(tenant),
    )

    assert held
    assert closing.reclaimed_voucher_count == 2
    assert late.results[0].error.reason == "ACCOUNT_CLOSING"
    assert found.quotas[0].balance == money("100 CNY")
    assert await Funds(billing, tenant).violations() == {}


async def test_orders_that_are_not_paid_are_cancelled_when_the_accounts_close(
    billing: RunningService,
) -> None:
    shop = PayingTenant(billing.database)
    await shop.link()
    await shop.allocate(10_000)
    order = an_order(shop.customer_id, a_line(cents=4_000))
    held = await shop.hold(order, until=datetime(2099, 1, 1, tzinfo=UTC))
    customer = to_text("cus", shop.customer_id)

    await billing.call(a_closing(customer), principal=a_system(shop.tenant_id))

    assert (held.state, (await shop.payment(held.id)).state) == ("HELD", "CANCELLED")
    assert await shop.violations() == {}


async def test_each_step_can_be_asked_for_again_and_none_out_of_order(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    customer = await a_customer_with_funds(billing, tenant)
    system, funds = a_system(tenant), Funds(billing, tenant)
    steps = (a_closing, a_reclaim_of_vouchers, a_return)

    early = [
        (await billing.refusal(step(customer), principal=system)).reason
        for step in (a_reclaim_of_vouchers, a_return, a_reopening)
    ]
    await billing.call(a_closing(customer), principal=system)
    too_early = await billing.refusal(a_return(customer), principal=system)
    await billing.call(a_reclaim_of_vouchers(customer), principal=system)
    request = a_return(customer)
    first = await billing.call(request, principal=system)
    answers = [await billing.call(request, principal=system)]
    answers += [await billing.call(step(customer), principal=system) for step in steps]

    assert early == ["NOT_FOUND"] * 3
    assert (too_early.reason, too_early.metadata) == ("CLOSING_OUT_OF_ORDER", {"state": "CLOSED"})
    assert all(answer == first for answer in answers)
    assert await funds.cash(tenant) == "100"
    assert await funds.violations() == {}


async def test_a_late_step_of_an_earlier_attempt_changes_nothing(billing: RunningService) -> None:
    tenant = a_tenant()
    customer = await a_customer_with_funds(billing, tenant)
    system = a_system(tenant)
    await billing.call(a_closing(customer, fence=7), principal=system)

    refusals = [
        await billing.refusal(step(customer, fence=6), principal=system)
        for step in (a_closing, a_reclaim_of_vouchers, a_return, a_reopening)
    ]
    unknown = await billing.refusal(a_return(customer, fence=8), principal=system)

    assert {one.reason for one in refusals} == {"FENCE_OUTDATED"}
    assert {one.metadata["fence"] for one in refusals} == {"7"}
    assert unknown.reason == "CLOSING_OUT_OF_ORDER"
    assert await Funds(billing, tenant).cash(uuid_of(customer)) == "40"


async def test_before_the_balances_are_returned_a_closing_can_be_cancelled(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    customer = await a_customer_with_funds(billing, tenant)
    system, principal = a_system(tenant), an_administrator(tenant)
    await billing.call(a_closing(customer), principal=system)

    reopened = await billing.call(a_reopening(customer), principal=system)
    again = await billing.refusal(a_closing(customer), principal=system)
    await billing.call(an_allocation(to(customer), "2 CNY"), principal=principal)
    await billing.call(an_allocation(to(customer), "2 CNY", kind=CREDIT), principal=principal)

    assert reopened.state == closings_pb2.CLOSING_STATE_REOPENED
    assert again.reason == "CLOSING_OUT_OF_ORDER"
    assert await Funds(billing, tenant).cash(uuid_of(customer)) == "42"


async def test_afterwards_only_a_new_association_opens_the_accounts(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    customer = await a_customer_with_funds(billing, tenant)
    system = a_system(tenant)
    for step in (a_closing, a_reclaim_of_vouchers, a_return):
        await billing.call(step(customer), principal=system)

    refusal = await billing.refusal(a_reopening(customer), principal=system)
    await billing.call(a_reopening(customer, fence=2), principal=system)
    await billing.call(an_allocation(to(customer)), principal=an_administrator(tenant))

    assert (refusal.reason, refusal.metadata) == (
        "CLOSING_OUT_OF_ORDER",
        {"state": "BALANCES_RETURNED"},
    )
    assert await Funds(billing, tenant).cash(uuid_of(customer)) == "10"


async def test_a_customer_without_anything_is_closed_like_others(billing: RunningService) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)

    for step in (a_closing, a_reclaim_of_vouchers, a_return):
        closing = await billing.call(step(customer), principal=a_system(tenant))

    assert closing.state == closings_pb2.CLOSING_STATE_BALANCES_RETURNED
    assert not closing.HasField("transaction_id")


async def test_allocations_at_once_with_a_closing_are_returned_or_refused(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    customer = await a_customer_with_funds(billing, tenant)
    system, funds = a_system(tenant), Funds(billing, tenant)
    allocations = [an_allocation(to(customer), "1 CNY") for _ in range(10)]
    requests = [*allocations[:5], a_closing(customer), *allocations[5:]]

    answers = await asyncio.gather(
        *(
            billing.answer(
                request,
                principal=system
                if isinstance(request, closings_pb2.CloseCustomerAccountsRequest)
                else an_administrator(tenant),
            )
            for request in requests
        )
    )
    for step in (a_reclaim_of_vouchers, a_return):
        await billing.call(step(customer), principal=system)

    reasons = {answer.refusal.reason for answer in answers if answer.refusal}
    assert reasons <= {"ACCOUNT_CLOSING", "ADJUSTMENT_IN_PROGRESS"}
    assert (await funds.cash(tenant), await funds.cash(uuid_of(customer))) == ("100", "0")
    assert await funds.violations() == {}


async def test_balances_are_not_returned_while_an_adjustment_is_running(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    customer = await a_customer_with_funds(billing, tenant)
    system = a_system(tenant)
    for step in (a_closing, a_reclaim_of_vouchers):
        await billing.call(step(customer), principal=system)
    request = a_return(customer)

    running, refusal = await asyncio.gather(
        billing.answer(a_reclaim(to(customer)), principal=an_administrator(tenant)),
        billing.answer(request, principal=system),
    )
    await billing.call(request, principal=system)

    assert running.refusal is None or running.refusal.reason in {
        "ADJUSTMENT_IN_PROGRESS",
        "INSUFFICIENT_BALANCE",
    }
    assert refusal.refusal is None or refusal.refusal.reason == "ADJUSTMENT_IN_PROGRESS"
    funds = Funds(billing, tenant)
    assert (await funds.cash(tenant), await funds.cash(uuid_of(customer))) == ("100", "0")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (a_closing("cus_1"), "customer_id"),
        (a_closing(to_text("cus", new_id()), fence=0), "fence"),
        (a_return(to_text("cus", new_id()), fence=-1), "fence"),
    ],
)
async def test_steps_name_the_field_that_is_malformed(
    billing: RunningService, request_: closings_pb2.CloseCustomerAccountsRequest, field: str
) -> None:
    refusal = await billing.refusal(request_, principal=a_system(a_tenant()))

    assert (refusal.reason, refusal.violations[0][0]) == ("INVALID_ARGUMENT", field)
