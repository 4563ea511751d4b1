"""Who sees which consumption, how it is narrowed, ordered and cut into pages."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from google.type import date_pb2

from partner.billing.v1 import consumption_pb2 as pb
from partner.type.v1 import terms_pb2
from services.kit import ids
from tests.builders.consumption import ImportingBilling, a_file, a_row, put_link
from tests.builders.consumption_lists import CYCLE, amounts, in_cycle, list_all
from tests.builders.principals import (
    a_customers_user,
    a_director,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)


@pytest.mark.parametrize("order", ["CONSUME_TIME", "PAYABLE_AMOUNT"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_give_each_detail_once_in_order(
    billing: ImportingBilling, order: str, direction: str
) -> None:
    tenant = a_tenant()
    rows = [
        a_row(
            BilledCost=("-10", "-9.5", "0", "0.000000000000001", "9.5", "10")[number % 6],
            ChargePeriodStart=f"2024-09-0{number % 3 + 1}",
            x_TradeId=str(number),
        )
        for number in range(23)
    ]
    await billing.import_file(a_file(*rows), principal=an_operator(tenant))
    chosen = pb.ConsumptionOrder.Value(f"CONSUMPTION_ORDER_{order}_{direction}")

    found = await list_all(
        billing,
        principal=an_administrator(tenant),
        page_size=5 if direction == "ASC" else 23,
        filter=in_cycle(),
        order_by=chosen,
    )

    keys = [
        detail.consume_time.seconds
        if order == "CONSUME_TIME"
        else Decimal(detail.payable_amount.amount)
        for detail in found
    ]
    assert keys == sorted(keys, reverse=direction == "DESC")
    assert sorted(int(detail.trade_number) for detail in found) == list(range(23))


async def test_the_latest_of_many_customers_come_in_one_call(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    rows = [
        a_row(
            SubAccountId=account,
            ChargePeriodStart=f"2024-09-{day:02}",
            x_TradeId=f"{account}-{day}",
        )
        for account in ("first", "second")
        for day in range(1, 8)
    ]
    await billing.import_file(a_file(*rows), principal=an_operator(tenant))
    asked = [
        billing.end.customer_id(tenant, "second"),
        ids.to_text("cus", ids.new_id()),
        billing.end.customer_id(tenant, "first"),
    ]

    answer = await billing.call(
        pb.BatchListConsumptionDetailsRequest(
            customer_ids=asked, page_size=3, filter=in_cycle(), with_item_tokens=True
        ),
        principal=an_administrator(tenant),
    )

    assert [group.customer_id for group in answer.groups] == asked
    trades = [[detail.trade_number for detail in group.details] for group in answer.groups]
    assert trades == [["second-7", "second-6", "second-5"], [], ["first-7", "first-6", "first-5"]]
    following = await billing.call(
        pb.ListConsumptionDetailsRequest(
            page_size=10,
            page_token=answer.groups[0].next_page_token,
            filter=in_cycle(customer_id=asked[0]),
        ),
        principal=an_administrator(tenant),
    )
    assert [detail.trade_number for detail in following.details] == [
        f"second-{day}" for day in (4, 3, 2, 1)
    ]
    assert answer.groups[0].item_tokens[2] == answer.groups[0].next_page_token


async def test_details_are_got_in_the_order_asked_without_foreign_ones(
    billing: ImportingBilling,
) -> None:
    tenant, other = a_tenant(), a_tenant()
    data = a_file(a_row(), a_row(BilledCost="2"), a_row(BillingPeriodStart="2024-08-01"))
    for each in (tenant, other):
        await billing.import_file(data, principal=an_operator(each))
    own = await list_all(billing, principal=an_administrator(tenant), filter=in_cycle())
    own += await list_all(billing, principal=an_administrator(tenant), filter=in_cycle("2024-08"))
    foreign = await list_all(billing, principal=an_administrator(other), filter=in_cycle())
    asked = [own[2].id, foreign[0].id, ids.to_text("con", ids.new_id()), own[0].id]

    answer = await billing.call(
        pb.BatchGetConsumptionDetailsRequest(ids=asked), principal=an_administrator(tenant)
    )

    assert [detail.id for detail in answer.details] == [own[2].id, own[0].id]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"customer_name": "imbu"}, ["1", "2"]),
        ({"account_name": "zen"}, ["3"]),
        ({"partner_name": "root"}, ["1", "2", "3"]),
        ({"account_manager_name": "wang"}, ["3"]),
        ({"trade_number": "T-2"}, ["2"]),
        ({"cloud_resource_id": "i-1"}, ["1"]),
        ({"resource_name": "WEB"}, ["1"]),
        ({"service_type_code": "object-storage"}, ["2"]),
        ({"association_type": terms_pb2.ASSOCIATION_TYPE_ADVISORY}, ["3"]),
        ({"charging_mode": terms_pb2.CHARGING_MODE_PERIOD}, ["3"]),
        ({"bill_types": [pb.BILL_TYPE_USAGE]}, ["1", "2"]),
        ({"bill_types": [pb.BILL_TYPE_USAGE, pb.BILL_TYPE_YEARLY_PAYMENT]}, ["1", "2", "3"]),
        ({"region_code": "cn-north-4"}, ["2"]),
        ({"consume_date_from": date_pb2.Date(year=2024, month=9, day=11)}, ["2", "3"]),
        ({"consume_date_to": date_pb2.Date(year=2024, month=9, day=11)}, ["1"]),
        ({"customer_name": "nobody"}, []),
        ({"resource_name": "%"}, []),
        ({"trade_number": "T-"}, []),
    ],
)
async def test_a_list_can_be_narrowed(
    billing: ImportingBilling, condition: dict[str, Any], expected: list[str]
) -> None:
    tenant = a_tenant()
    await billing.import_file(
        a_file(
            a_row(BilledCost="1", ResourceId="i-1", ResourceName="web-1", ChargePeriodEnd=""),
            a_row(
                BilledCost="2",
                ServiceName="Object Storage",
                RegionId="cn-north-4",
                # The eleventh already, at the site.
                ChargePeriodStart="2024-09-10 16:00:00",
                ChargePeriodEnd="",
                x_TradeId="T-2",
            ),
            a_row(
                BilledCost="3",
                SubAccountId="0815",
                ChargePeriodStart="2024-09-20",
                ChargePeriodEnd="",
                x_AssociationType="ADVISORY",
                x_ChargingMode="PERIOD",
                x_BillType="103",
            ),
        ),
        principal=an_operator(tenant),
    )
    for account, link in (
        ("4711", {}),
        (
            "0815",
            {"customer_name": "Zenith", "account_name": "zenith", "account_manager_name": "Wang"},
        ),
    ):
        customer_id = billing.end.customer_id(tenant, account)
        await put_link(billing.database, tenant_id=tenant, customer_id=customer_id, **link)

    found = await list_all(
        billing, principal=an_administrator(tenant), filter=in_cycle(**condition)
    )

    assert sorted(amounts(found)) == expected


async def two_managed_customers(billing: ImportingBilling) -> tuple[UUID, tuple[UUID, UUID]]:
    """Import a charge of 1 for one manager's customer and of 2 for another's."""
    tenant, managers = a_tenant(), (ids.new_id(), ids.new_id())
    await billing.import_file(
        a_file(a_row(BilledCost="1"), a_row(BilledCost="2", SubAccountId="0815")),
        principal=an_operator(tenant),
    )
    for account, manager in zip(("4711", "0815"), managers, strict=True):
        await put_link(
            billing.database,
            tenant_id=tenant,
            customer_id=billing.end.customer_id(tenant, account),
            account_manager_id=manager,
        )
    return tenant, managers


async def test_a_director_looks_at_one_manager_at_a_time(billing: ImportingBilling) -> None:
    tenant, managers = await two_managed_customers(billing)
    director = a_director(tenant, team=managers)
    named = ids.to_text("mgr", managers[1])
    stranger = ids.to_text("mgr", ids.new_id())
    months = {"billing_cycle_from": CYCLE, "billing_cycle_to": CYCLE}

    found = await list_all(billing, principal=director, filter=in_cycle(account_manager_id=named))
    refusals = [
        await billing.refusal(request, principal=director)
        for request in (
            pb.ListConsumptionDetailsRequest(filter=in_cycle()),
            pb.ListConsumptionDetailsRequest(filter=in_cycle(account_manager_id=stranger)),
            pb.ListConsumptionSummariesRequest(filter=pb.ConsumptionSummaryFilter(**months)),
        )
    ]

    assert amounts(found) == ["2"]
    assert {refusal.reason for refusal in refusals} == {"ACCOUNT_MANAGER_REQUIRED"}


async def test_an_account_manager_sees_own_customers_as_assigned_now(
    billing: ImportingBilling,
) -> None:
    tenant, managers = await two_managed_customers(billing)
    manager = an_account_manager(tenant, account_manager_id=managers[0])
    customer_ids = [billing.end.customer_id(tenant, account) for account in ("4711", "0815")]
    foreign = await list_all(
        billing,
        principal=an_administrator(tenant),
        filter=in_cycle(customer_id=customer_ids[1]),
    )

    listed = await list_all(billing, principal=manager, filter=in_cycle())
    batch = await billing.call(
        pb.BatchListConsumptionDetailsRequest(customer_ids=customer_ids, filter=in_cycle()),
        principal=manager,
    )
    sums = await billing.call(
        pb.BatchListConsumptionSummariesRequest(
            customer_ids=customer_ids, billing_cycle_from=CYCLE, billing_cycle_to=CYCLE
        ),
        principal=manager,
    )
    got = await billing.call(
        pb.BatchGetConsumptionDetailsRequest(ids=[foreign[0].id]), principal=manager
    )

    assert amounts(listed) == ["1"]
    assert [len(group.details) for group in batch.groups] == [1, 0]
    assert [len(group.summaries) for group in sums.groups] == [1, 0]
    assert not got.details


async def test_a_customer_sees_only_itself(billing: ImportingBilling) -> None:
    tenant, _ = await two_managed_customers(billing)
    own = billing.end.customer_id(tenant, "4711")
    customer = a_customers_user(tenant, customer_id=ids.from_text("cus", own, field="id"))

    found = await list_all(billing, principal=customer, filter=in_cycle())

    assert amounts(found) == ["1"]


async def test_a_distributor_names_the_reseller_whose_consumption_it_wants(
    billing: ImportingBilling,
) -> None:
    tenant, reseller_id = a_tenant(), ids.new_id()
    reseller = an_administrator(tenant, partner_id=reseller_id)
    named = ids.to_text("ptr", reseller_id)
    await billing.import_file(a_file(a_row(BilledCost="1")), principal=an_operator(tenant))
    await billing.import_file(
        a_file(a_row(BilledCost="2", SubAccountId="below")),
        principal=an_operator(tenant),
        indirect_partner_id=named,
    )

    own = await list_all(billing, principal=an_administrator(tenant), filter=in_cycle())
    below = await list_all(
        billing, principal=an_administrator(tenant), filter=in_cycle(indirect_partner_id=named)
    )
    resellers = await list_all(billing, principal=reseller, filter=in_cycle())
    refusal = await billing.refusal(
        pb.ListConsumptionDetailsRequest(
            filter=in_cycle(indirect_partner_id=ids.to_text("ptr", ids.new_id()))
        ),
        principal=reseller,
    )

    assert (amounts(own), amounts(below), amounts(resellers)) == (["1"], ["2"], ["2"])
    assert below[0].indirect_partner_id == below[0].partner_id == named
    assert not own[0].HasField("indirect_partner_id")
    assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", "INDIRECT_PARTNER_FORBIDDEN")


async def test_a_distributor_sums_up_what_customers_spent_under_a_reseller(
    billing: ImportingBilling,
) -> None:
    tenant, named = a_tenant(), ids.to_text("ptr", ids.new_id())
    await billing.import_file(
        a_file(a_row(BilledCost="2")), principal=an_operator(tenant), indirect_partner_id=named
    )
    details = await list_all(
        billing, principal=an_administrator(tenant), filter=in_cycle(indirect_partner_id=named)
    )
    asked = pb.BatchListConsumptionSummariesRequest(
        customer_ids=[details[0].customer_id], billing_cycle_from=CYCLE, billing_cycle_to=CYCLE
    )

    own = await billing.call(asked, principal=an_administrator(tenant))
    asked.indirect_partner_id = named
    below = await billing.call(asked, principal=an_administrator(tenant))

    assert [sum_.payable_amount.amount for sum_ in own.groups[0].summaries] == []
    assert [sum_.payable_amount.amount for sum_ in below.groups[0].summaries] == ["2"]


async def test_another_tenant_sees_nothing(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    await billing.import_file(a_file(a_row()), principal=an_operator(tenant))
    customer_id = billing.end.customer_id(tenant, "4711")
    stranger = an_administrator(a_tenant())

    listed = await list_all(billing, principal=stranger, filter=in_cycle())
    batch = await billing.call(
        pb.BatchListConsumptionDetailsRequest(customer_ids=[customer_id], filter=in_cycle()),
        principal=stranger,
    )
    sums = await billing.call(
        pb.BatchListConsumptionSummariesRequest(
            customer_ids=[customer_id], billing_cycle_from=CYCLE, billing_cycle_to=CYCLE
        ),
        principal=stranger,
    )

    assert not listed
    assert not batch.groups[0].details
    assert not sums.groups[0].summaries
