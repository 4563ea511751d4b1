"""Allocating and reclaiming over a real socket: the twelve rules of domain.md 6.2."""

import asyncio
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text

from partner.billing.v1 import adjustments_pb2
from partner.type.v1 import terms_pb2
from services.billing.accounts.model import Holder
from services.billing.adjustments import operations
from services.billing.adjustments.model import AdjustmentInProgress, AdjustmentKind, Target
from services.kit.ids import new_id, to_text
from services.kit.money import Money
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
from tests.builders.billing import a_link, money, put_links, some_customers
from tests.builders.principals import (
    a_finance_operator,
    a_tenant,
    an_administrator,
)
from tests.builders.running import RunningService
from tests.builders.verification import a_switch, a_wrong_answer, an_answer, ask_for_code

SOON, LATE, PAST = date(2097, 6, 30), date(2098, 1, 31), date(2020, 1, 31)


async def reasons(
    billing: RunningService, tenant: UUID, *targets: adjustments_pb2.AdjustmentTarget
) -> list[str]:
    """Say why an allocation to each target is refused."""
    return [
        (await billing.refusal(an_allocation(one), principal=an_administrator(tenant))).reason
        for one in targets
    ]


async def test_rule_1_a_target_must_be_associated_with_the_caller(billing: RunningService) -> None:
    tenant = a_tenant()
    await put_cash(billing, tenant, "100 CNY")
    (foreign,) = await some_customers(billing, a_tenant(), 1)
    (of_reseller,) = await some_customers(billing, tenant, 1, partner_id=new_id())
    unknown = to_text("cus", new_id())

    found = await reasons(billing, tenant, to(foreign), to(of_reseller), to(unknown))

    assert found == ["NOT_SUB_CUSTOMER"] * 3
    assert await Funds(billing, tenant).cash(tenant) == "100"


async def test_rule_2_an_advisory_customer_is_never_adjusted(billing: RunningService) -> None:
    tenant = a_tenant()
    await put_cash(billing, tenant, "100 CNY")
    advisory = a_link(partner_id=tenant, association_type=terms_pb2.ASSOCIATION_TYPE_ADVISORY)
    (customer,) = await put_links(billing, tenant, [advisory])

    for request in (an_allocation(to(customer)), a_reclaim(to(customer))):
        refusal = await billing.refusal(request, principal=an_administrator(tenant))
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "ADVISORY_NOT_ADJUSTABLE")
        assert refusal.metadata == {"customer_id": customer}


@pytest.mark.parametrize("amount", ["0 CNY", "-1 CNY", "1.001 CNY", "1000000000000000 CNY"])
async def test_rule_3_an_amount_is_above_zero_with_two_decimals(
    billing: RunningService, amount: str
) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)

    for request in (an_allocation(to(customer), amount), a_reclaim(to(customer), amount)):
        refusal = await billing.refusal(request, principal=an_administrator(tenant))
        assert (refusal.reason, refusal.violations[0][0]) == ("INVALID_ARGUMENT", "amount.amount")


async def test_rule_3_a_currency_without_decimals_takes_whole_amounts(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await put_cash(billing, tenant, "100 JPY")

    refusal = await billing.refusal(
        an_allocation(to(customer), "1.5 JPY"), principal=an_administrator(tenant)
    )
    await billing.call(an_allocation(to(customer), "3 JPY"), principal=an_administrator(tenant))

    assert refusal.violations[0][0] == "amount.amount"
    assert await Funds(billing, tenant).cash(uuid_of(customer)) == "3"


async def test_rule_4_no_more_is_allocated_than_the_caller_has(billing: RunningService) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await put_cash(billing, tenant, "10 CNY")
    await put_credit(billing, tenant, "5 CNY", expire_date=None)

    for kind, amount, available in ((1, "10.01", "10"), (2, "5.01", "5")):
        refusal = await billing.refusal(
            an_allocation(to(customer), f"{amount} CNY", kind=kind),
            principal=an_administrator(tenant),
        )
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "INSUFFICIENT_BALANCE")
        assert refusal.metadata == {"available": available, "required": amount}


async def test_rule_5_in_a_resellers_name_the_resellers_account_pays(
    billing: RunningService,
) -> None:
    tenant, reseller = a_tenant(), new_id()
    (customer,) = await some_customers(billing, tenant, 1, partner_id=reseller)
    await put_cash(billing, tenant, "100 CNY")
    await put_cash(billing, tenant, "30 CNY", partner_id=reseller)
    target = to(customer, reseller_id=reseller)

    made = await billing.call(an_allocation(target, "20 CNY"), principal=a_finance_operator(tenant))
    short = await billing.refusal(
        an_allocation(target, "20 CNY"), principal=a_finance_operator(tenant)
    )

    assert made.partner_id == to_text("ptr", reseller)
    assert (short.reason, short.metadata["available"]) == ("INSUFFICIENT_BALANCE", "10")
    funds = Funds(billing, tenant)
    assert await funds.cash(tenant) == "100"
    assert await funds.cash(reseller) == "10"
    assert await funds.cash(uuid_of(customer)) == "20"
    assert await funds.violations() == {}


async def test_rule_6_what_is_spent_or_held_can_not_be_reclaimed(billing: RunningService) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await put_cash(billing, tenant, "100 CNY")
    await billing.call(an_allocation(to(customer), "50 CNY"), principal=an_administrator(tenant))
    funds = Funds(billing, tenant)
    await funds.spend(uuid_of(customer), 1000)
    await funds.hold(uuid_of(customer), 500)

    refusal = await billing.refusal(
        a_reclaim(to(customer), "35.01 CNY"), principal=an_administrator(tenant)
    )
    await billing.call(a_reclaim(to(customer), "35 CNY"), principal=an_administrator(tenant))

    assert refusal.reason == "INSUFFICIENT_BALANCE"
    assert refusal.metadata == {"available": "35", "required": "35.01"}
    assert await funds.cash(tenant) == "85"
    assert await funds.cash(uuid_of(customer)) == "0"
    assert await funds.violations() == {}


async def test_rule_7_what_is_reclaimed_keeps_its_kind_and_its_day_of_expiry(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await put_cash(billing, tenant, "100 CNY")
    await put_credit(billing, tenant, "30 CNY", expire_date=SOON)
    await put_credit(billing, tenant, "60 CNY", expire_date=LATE)
    funds, principal = Funds(billing, tenant), an_administrator(tenant)

    await billing.call(an_allocation(to(customer), "40 CNY", kind=CREDIT), principal=principal)
    given = await funds.lots(uuid_of(customer))
    await billing.call(a_reclaim(to(customer), "15 CNY", kind=CREDIT), principal=principal)

    assert given == {str(LATE): "40"}
    assert await funds.lots(uuid_of(customer)) == {str(LATE): "25"}
    assert await funds.lots(tenant) == {str(SOON): "30", str(LATE): "35"}
    assert (await funds.cash(tenant), await funds.cash(uuid_of(customer))) == ("100", "0")


async def test_credit_comes_out_of_the_first_lot_that_suffices_or_else_out_of_several(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    for amount, day in (("60 CNY", None), ("20 CNY", SOON), ("30 CNY", LATE)):
        await put_credit(billing, tenant, amount, expire_date=day)
    funds, principal = Funds(billing, tenant), an_administrator(tenant)
    left = []

    for amount in ("25 CNY", "70 CNY"):
        made = await billing.call(
            an_allocation(to(customer), amount, kind=CREDIT), principal=principal
        )
        left.append(await funds.lots(tenant))

    assert left == [
        {str(SOON): "20", str(LATE): "5", "never": "60"},
        {str(SOON): "0", str(LATE): "0", "never": "15"},
    ]
    assert await funds.lots(uuid_of(customer)) == {str(SOON): "20", str(LATE): "30", "never": "45"}
    assert made.amount == money("70 CNY")
    async with funds.ledger.transaction() as session:
        legs = await session.scalar(
            text("SELECT count(*) FROM transfers WHERE group_id = :id"),
            {"id": uuid_of(made.transaction_id)},
        )
    assert legs == 3
    assert await funds.violations() == {}


async def test_expired_credit_is_neither_allocated_nor_reclaimed(billing: RunningService) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await put_credit(billing, tenant, "10 CNY", expire_date=SOON)
    for holder in (
        Holder.partner(tenant),
        Holder.customer(uuid_of(customer), partner_id=tenant),
    ):
        await Funds(billing, tenant).put_old_credit(holder, "60 CNY", expire_date=PAST)

    for request in (
        an_allocation(to(customer), "20 CNY", kind=CREDIT),
        a_reclaim(to(customer), "20 CNY", kind=CREDIT),
    ):
        refusal = await billing.refusal(request, principal=an_administrator(tenant))
        assert (refusal.reason, refusal.metadata) == ("CREDIT_EXPIRED", {"expire_date": str(PAST)})


async def test_rule_8_of_two_adjustments_between_the_same_two_one_is_refused(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    first, second = await some_customers(billing, tenant, 2)
    await put_cash(billing, tenant, "100 CNY")
    principal = an_administrator(tenant)
    terms = operations.Terms(
        kind=AdjustmentKind.CASH,
        amount=Money.from_message(money("10 CNY"), field="amount"),
        memo=None,
    )

    async def allocate(session: object, request_id: str) -> None:
        await operations.allocate(
            session,  # type: ignore[arg-type]
            principal=principal,
            target=Target(uuid_of(first), None),
            terms=terms,
            request_id=request_id,
            now=billing.servicers[0].clock(),
        )

    async with billing.database.transaction(principal) as running:
        await allocate(running, "one")
        async with billing.database.transaction(principal) as other:
            with pytest.raises(AdjustmentInProgress):
                await allocate(other, "two")
        again = await billing.refusal(an_allocation(to(first)), principal=principal)
        back = await billing.refusal(a_reclaim(to(first)), principal=principal)
        batch = a_batch([to(first)])
        (of_batch,) = (await billing.call(batch, principal=principal)).results

    assert (again.code, again.reason) == ("ABORTED", "ADJUSTMENT_IN_PROGRESS")
    assert back.reason == of_batch.error.reason == "ADJUSTMENT_IN_PROGRESS"
    await billing.call(an_allocation(to(first)), principal=principal)
    await billing.call(an_allocation(to(second)), principal=principal)
    assert await Funds(billing, tenant).cash(tenant) == "70"


async def test_rule_9_a_distributor_adjusts_its_resellers_but_not_their_customers(
    billing: RunningService,
) -> None:
    tenant, reseller = a_tenant(), new_id()
    (customer,) = await some_customers(billing, tenant, 1, partner_id=reseller)
    await put_cash(billing, tenant, "100 CNY")
    distributor = an_administrator(tenant)
    itself = an_administrator(tenant, partner_id=reseller)

    directly = await reasons(billing, tenant, to(customer))
    made = await billing.call(
        an_allocation(to(reseller_id=reseller), "50 CNY"), principal=distributor
    )
    await billing.call(an_allocation(to(customer), "20 CNY"), principal=itself)
    await billing.call(a_reclaim(to(reseller_id=reseller), "5 CNY"), principal=distributor)

    assert directly == ["NOT_SUB_CUSTOMER"]
    assert (made.partner_id, made.target_partner_id, made.customer_id) == (
        to_text("ptr", tenant),
        to_text("ptr", reseller),
        "",
    )
    funds = Funds(billing, tenant)
    assert await funds.cash(tenant) == "55"
    assert await funds.cash(reseller) == "25"
    assert await funds.cash(uuid_of(customer)) == "20"
    assert await funds.violations() == {}


async def test_rule_9_only_a_distributor_names_resellers_and_only_its_own(
    billing: RunningService,
) -> None:
    tenant, reseller, foreign = a_tenant(), new_id(), new_id()
    (customer,) = await some_customers(billing, tenant, 1, partner_id=reseller)
    await some_customers(billing, a_tenant(), 1, partner_id=foreign)
    await put_cash(billing, tenant, "100 CNY")
    itself = an_administrator(tenant, partner_id=reseller)
    distributor = an_administrator(tenant)

    refusals = [
        await billing.refusal(an_allocation(target), principal=principal)
        for principal, target in (
            (distributor, to(reseller_id=foreign)),
            (distributor, to(reseller_id=new_id())),
            (distributor, to(reseller_id=tenant)),
            (itself, to(reseller_id=reseller)),
            (itself, to(customer, reseller_id=reseller)),
        )
    ]

    assert {one.reason for one in refusals} == {"INDIRECT_PARTNER_FORBIDDEN"}
    assert {one.code for one in refusals} == {"PERMISSION_DENIED"}
    assert len({one.message for one in refusals}) == 1


async def test_rule_11_a_code_is_asked_for_where_the_partner_wants_it(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await put_cash(billing, tenant, "100 CNY")
    principal = an_administrator(tenant)
    await billing.call(a_switch(enabled=True), principal=principal)
    for request in (an_allocation(to(customer)), a_reclaim(to(customer)), a_batch([to(customer)])):
        challenge = await ask_for_code(billing, principal, operation="ADJUST")

        without = await billing.refusal(request, principal=principal)
        request.verification.CopyFrom(a_wrong_answer(billing, challenge))
        wrong = await billing.refusal(request, principal=principal)
        request.verification.CopyFrom(an_answer(billing, challenge))
        await billing.call(request, principal=principal)

        assert (without.reason, wrong.reason) == ("VERIFICATION_REQUIRED", "VERIFICATION_FAILED")
    assert await Funds(billing, tenant).cash(uuid_of(customer)) == "10"


async def test_rule_12_what_is_done_is_final(billing: RunningService) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await put_cash(billing, tenant, "100 CNY")
    await billing.call(an_allocation(to(customer)), principal=an_administrator(tenant))
    methods = adjustments_pb2.DESCRIPTOR.services_by_name["AdjustmentService"].methods_by_name

    for change in ("UPDATE adjustments SET amount = 1", "DELETE FROM adjustments"):
        with pytest.raises(Exception, match="permission denied"):
            async with billing.database.transaction(an_administrator(tenant)) as session:
                await session.execute(text(change))

    assert {name for name in methods if "Get" not in name and "List" not in name} == {
        "Allocate",
        "Reclaim",
        "BatchAllocate",
    }


async def test_fifty_equal_requests_at_once_have_one_effect_and_equal_answers(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await put_cash(billing, tenant, "100 CNY")
    request = an_allocation(to(customer))

    answers = await asyncio.gather(
        *(billing.call(request, principal=an_administrator(tenant)) for _ in range(50))
    )
    request.amount.amount = "11"
    other = await billing.refusal(request, principal=an_administrator(tenant))

    assert all(answer == answers[0] for answer in answers)
    assert other.reason == "REQUEST_ID_REUSED"
    assert await Funds(billing, tenant).cash(tenant) == "90"


async def test_another_currency_than_the_tenants_is_refused(billing: RunningService) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)
    await put_cash(billing, tenant, "100 CNY")

    for request in (an_allocation(to(customer), "1 USD"), a_reclaim(to(customer), "1 USD")):
        refusal = await billing.refusal(request, principal=an_administrator(tenant))
        assert refusal.reason == "CURRENCY_MISMATCH"


async def test_requests_at_once_never_allocate_more_than_there_is(billing: RunningService) -> None:
    tenant = a_tenant()
    customers = await some_customers(billing, tenant, 12)
    await put_cash(billing, tenant, "50 CNY")
    await put_credit(billing, tenant, "30 CNY", expire_date=SOON)
    await put_credit(billing, tenant, "20 CNY", expire_date=LATE)

    answers = await asyncio.gather(
        *(
            billing.answer(an_allocation(to(one), kind=kind), principal=an_administrator(tenant))
            for one in customers
            for kind in (1, 2)
        )
    )

    refused = [answer.refusal.reason for answer in answers if answer.refusal]
    # Cash and credit of one customer at once are two adjustments between the same two.
    assert set(refused) <= {"INSUFFICIENT_BALANCE", "ADJUSTMENT_IN_PROGRESS"}
    done = len(answers) - len(refused)
    funds = Funds(billing, tenant)
    left = [await funds.cash(tenant), *(await funds.lots(tenant)).values()]
    assert sum(map(int, left)) == 100 - 10 * done
    assert await funds.violations() == {}


async def test_a_batch_gives_each_the_same_and_says_who_gets_nothing(
    billing: RunningService,
) -> None:
    tenant, reseller = a_tenant(), new_id()
    first, second = await some_customers(billing, tenant, 2)
    (theirs,) = await some_customers(billing, tenant, 1, partner_id=reseller)
    advisory = a_link(partner_id=tenant, association_type=terms_pb2.ASSOCIATION_TYPE_ADVISORY)
    await put_links(billing, tenant, [advisory])
    await put_cash(billing, tenant, "100 CNY")
    await put_cash(billing, tenant, "20 CNY", partner_id=reseller)
    targets = [
        to(first),
        to(advisory.customer_id),
        to(theirs, reseller_id=reseller),
        to(reseller_id=reseller),
        to(reseller_id=new_id()),
        to(first),
        to(second),
    ]

    answer = await billing.call(
        a_batch(targets, "10 CNY", memo="for spring"), principal=an_administrator(tenant)
    )

    assert [one.error.reason for one in answer.results] == [
        "",
        "ADVISORY_NOT_ADJUSTABLE",
        "",
        "",
        "INDIRECT_PARTNER_FORBIDDEN",
        "",
    ]
    assert [one.customer_id for one in answer.results] == [
        first,
        advisory.customer_id,
        theirs,
        "",
        "",
        second,
    ]
    assert {one.adjustment.memo for one in answer.results if not one.error.reason} == {"for spring"}
    funds = Funds(billing, tenant)
    assert await funds.cash(tenant) == "70"
    assert await funds.cash(reseller) == "20"
    assert await funds.cash(uuid_of(theirs)) == "10"
    assert await funds.violations() == {}


async def test_a_batch_is_refused_whole_where_the_account_is_short(billing: RunningService) -> None:
    tenant = a_tenant()
    customers = await some_customers(billing, tenant, 3)
    await put_cash(billing, tenant, "29.99 CNY")
    await put_credit(billing, tenant, "15 CNY", expire_date=SOON)
    await put_credit(billing, tenant, "20 CNY", expire_date=LATE)
    principal = an_administrator(tenant)
    targets = [to(one) for one in customers]

    refusal = await billing.refusal(a_batch(targets), principal=principal)
    answer = await billing.call(a_batch(targets, kind=CREDIT), principal=principal)

    assert refusal.reason == "INSUFFICIENT_BALANCE"
    assert refusal.metadata == {"available": "29.99", "required": "30"}
    assert [one.error.reason for one in answer.results] == ["", "", ""]
    funds = Funds(billing, tenant)
    assert await funds.lots(tenant) == {str(SOON): "5", str(LATE): "0"}
    assert await funds.cash(tenant) == "29.99"
    assert await funds.violations() == {}


async def test_a_batch_of_a_hundred_is_taken_and_one_more_is_not(billing: RunningService) -> None:
    tenant = a_tenant()
    customers = await some_customers(billing, tenant, 101)
    await put_cash(billing, tenant, "1000 CNY")
    targets = [to(one) for one in customers]

    refusal = await billing.refusal(a_batch(targets), principal=an_administrator(tenant))
    answer = await billing.call(a_batch(targets[:100]), principal=an_administrator(tenant))

    assert refusal.violations[0][0] == "targets"
    assert {one.error.reason for one in answer.results} == {""}
    assert await Funds(billing, tenant).cash(tenant) == "0"


async def test_nobody_can_be_given_nothing_named(billing: RunningService) -> None:
    tenant = a_tenant()
    cases = [
        (an_allocation(to()), "target"),
        (a_batch([]), "targets"),
        (a_batch([to()]), "targets[0]"),
        (an_allocation(to("cus_1")), "target.customer_id"),
        (an_allocation(to(to_text("cus", new_id())), kind=0), "kind"),
        (an_allocation(to(to_text("cus", new_id())), memo="m" * 201), "memo"),
        (an_allocation(to(to_text("cus", new_id())), request_id=""), "request_id"),
    ]

    for request, field in cases:
        refusal = await billing.refusal(request, principal=an_administrator(tenant))
        assert (refusal.reason, refusal.violations[0][0]) == ("INVALID_ARGUMENT", field)
