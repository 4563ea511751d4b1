"""BatchAllocate over a real socket: the same for each, and who gets nothing."""

from datetime import date

from partner.type.v1 import terms_pb2
from services.kit.ids import new_id
from tests.builders.adjustments import CREDIT, Funds, a_batch, put_cash, put_credit, to, uuid_of
from tests.builders.billing import a_link, put_links, some_customers
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService

SOON, LATE = date(2097, 6, 30), date(2098, 1, 31)


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
