"""The rpcs of consumption, over a real socket, on a real database."""

import csv
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from google.type import date_pb2

from partner.billing.v1 import consumption_pb2 as pb
from services.kit import ids
from tests.builders.consumption import SAMPLE, ImportingBilling, a_file, a_row
from tests.builders.consumption_lists import CYCLE, in_cycle, list_all
from tests.builders.principals import (
    a_customers_user,
    a_finance_operator,
    a_tenant,
    an_administrator,
    an_operator,
)


async def test_the_sums_of_the_sample_are_those_of_an_independent_computation(
    billing: ImportingBilling,
) -> None:
    tenant = a_tenant()
    expected: dict[str, Decimal] = defaultdict(Decimal)
    with SAMPLE.open(newline="") as file:
        for row in csv.DictReader(file):
            expected[row["SubAccountId"]] += Decimal(row["BilledCost"])

    first = await billing.import_file(SAMPLE.read_bytes(), principal=an_operator(tenant))
    second = await billing.import_file(SAMPLE.read_bytes(), principal=an_operator(tenant))

    assert (first.row_count, first.new_count, first.skipped_count) == (1000, 1000, 0)
    assert first.created_customer_count == 73
    assert [amount.amount for amount in first.new_payable_amounts] == ["20.52022672899"]
    assert (second.new_count, second.known_count) == (0, 1000)
    customers = {
        customer.id: key[2] for key, customer in billing.end.customers.items() if key[0] == tenant
    }
    groups = await billing.call(
        pb.BatchListConsumptionSummariesRequest(
            customer_ids=customers, billing_cycle_from=CYCLE, billing_cycle_to="2024-10"
        ),
        principal=an_administrator(tenant),
    )
    found = {
        customers[group.customer_id]: sum(
            (Decimal(each.payable_amount.amount) for each in group.summaries), Decimal(0)
        )
        for group in groups.groups
    }
    assert found == expected
    assert sum(found.values()) == Decimal("20.52022672899")


async def test_the_sums_by_kind_are_the_sums_of_the_details(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    await billing.import_file(SAMPLE.read_bytes(), principal=an_operator(tenant))
    expected: dict[Any, Decimal] = defaultdict(Decimal)
    for cycle in (CYCLE, "2024-10"):
        for one in await list_all(
            billing, principal=an_administrator(tenant), filter=in_cycle(cycle)
        ):
            key = (cycle, one.customer_id, one.service_type_code, one.charging_mode)
            expected[key] += Decimal(one.payable_amount.amount)

    found: dict[Any, Decimal] = {}
    token, places = "", []
    while True:
        page = await billing.call(
            pb.ListConsumptionSummariesRequest(
                page_size=7,
                page_token=token,
                filter=pb.ConsumptionSummaryFilter(
                    billing_cycle_from=CYCLE, billing_cycle_to="2024-10"
                ),
            ),
            principal=an_administrator(tenant),
        )
        for one in page.summaries:
            assert one.bill_type == pb.SUMMARY_BILL_TYPE_NORMAL
            key = (one.billing_cycle, one.customer_id, one.service_type_code, one.charging_mode)
            assert key not in found
            found[key] = Decimal(one.payable_amount.amount)
            places.append((one.billing_cycle, one.customer_id))
        token = page.next_page_token
        if not token:
            break

    assert found == expected
    assert [cycle for cycle, _ in places] == sorted((cycle for cycle, _ in places), reverse=True)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (pb.ConsumptionFilter(), "filter.billing_cycle"),
        (pb.ConsumptionFilter(billing_cycle="2024-9"), "filter.billing_cycle"),
        (in_cycle(customer_id="cus_x"), "filter.customer_id"),
        (in_cycle(account_manager_id="cus_x"), "filter.account_manager_id"),
        (in_cycle(customer_name=" "), "filter.customer_name"),
        (in_cycle(resource_name=""), "filter.resource_name"),
        (in_cycle(bill_types=[0]), "filter.bill_types[0]"),
        (in_cycle(bill_types=[77]), "filter.bill_types[0]"),
        (
            in_cycle(consume_date_from=date_pb2.Date(year=2024, month=8, day=31)),
            "filter.consume_date_from",
        ),
        (
            in_cycle(
                consume_date_from=date_pb2.Date(year=2024, month=9, day=5),
                consume_date_to=date_pb2.Date(year=2024, month=9, day=4),
            ),
            "filter.consume_date_to",
        ),
    ],
)
async def test_a_malformed_filter_is_refused_by_its_field(
    billing: ImportingBilling, wrong: pb.ConsumptionFilter, field: str
) -> None:
    refusal = await billing.refusal(
        pb.ListConsumptionDetailsRequest(filter=wrong), principal=an_administrator(a_tenant())
    )

    assert refusal.code == "INVALID_ARGUMENT"
    assert [path for path, _ in refusal.violations] == [field]


@pytest.mark.parametrize(
    ("months", "field"),
    [
        (("", "2024-09"), "billing_cycle_from"),
        (("2024-09", "2024-13"), "billing_cycle_to"),
        (("2024-09", "2024-08"), "billing_cycle_to"),
        (("2023-01", "2024-08"), "billing_cycle_to"),
    ],
)
async def test_malformed_reversed_or_too_many_months_are_refused(
    billing: ImportingBilling, months: tuple[str, str], field: str
) -> None:
    customer_id = ids.to_text("cus", ids.new_id())
    first, last = months

    batch = await billing.refusal(
        pb.BatchListConsumptionSummariesRequest(
            customer_ids=[customer_id], billing_cycle_from=first, billing_cycle_to=last
        ),
        principal=an_administrator(a_tenant()),
    )
    listed = await billing.refusal(
        pb.ListConsumptionSummariesRequest(
            filter=pb.ConsumptionSummaryFilter(billing_cycle_from=first, billing_cycle_to=last)
        ),
        principal=an_administrator(a_tenant()),
    )

    assert [path for path, _ in batch.violations] == [field]
    assert [path for path, _ in listed.violations] == [f"filter.{field}"]


async def test_how_far_back_a_tenant_may_look_is_its_setting(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    await billing.import_file(a_file(a_row()), principal=an_operator(tenant))
    details = await list_all(billing, principal=an_administrator(tenant), filter=in_cycle())
    unset = await billing.call(
        pb.GetConsumptionSettingsRequest(), principal=a_finance_operator(tenant)
    )
    change = pb.UpdateConsumptionSettingsRequest(
        request_id="settings-1", settings=pb.ConsumptionSettings(history_months=18)
    )

    changed = await billing.call(change, principal=an_operator(tenant))
    refusal = await billing.refusal(
        pb.ListConsumptionDetailsRequest(filter=in_cycle("2006-01")),
        principal=an_administrator(tenant),
    )
    got = await billing.call(
        pb.BatchGetConsumptionDetailsRequest(ids=[details[0].id]),
        principal=an_administrator(tenant),
    )

    assert not unset.HasField("history_months")
    assert changed.history_months == 18
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "HISTORY_LIMIT_EXCEEDED")
    assert len(refusal.metadata["oldest_billing_cycle"]) == len("2024-09")
    assert not got.details
    again = await billing.call(
        pb.UpdateConsumptionSettingsRequest(request_id="settings-2", settings={}),
        principal=an_operator(tenant),
    )
    assert not again.HasField("history_months")


async def test_every_list_refuses_cycles_that_are_too_old_whoever_asks(
    billing: ImportingBilling,
) -> None:
    tenant = a_tenant()
    await billing.import_file(a_file(a_row()), principal=an_operator(tenant))
    customer_id = billing.end.customer_id(tenant, "4711")
    customer = a_customers_user(tenant, customer_id=ids.from_text("cus", customer_id, field="id"))
    months = {"billing_cycle_from": CYCLE, "billing_cycle_to": CYCLE}
    requests: list[Any] = [
        pb.ListConsumptionDetailsRequest(filter=in_cycle()),
        pb.BatchListConsumptionDetailsRequest(customer_ids=[customer_id], filter=in_cycle()),
        pb.ListConsumptionSummariesRequest(filter=pb.ConsumptionSummaryFilter(**months)),  # type: ignore[arg-type]
        pb.BatchListConsumptionSummariesRequest(customer_ids=[customer_id], **months),  # type: ignore[arg-type]
    ]
    settings = pb.ConsumptionSettings(history_months=0)

    before = [await billing.answer(one, principal=customer) for one in requests]
    await billing.call(
        pb.UpdateConsumptionSettingsRequest(request_id="settings-4", settings=settings),
        principal=an_operator(tenant),
    )

    assert [answer.refusal for answer in before] == [None] * 4
    for principal in (an_administrator(tenant), customer):
        refusals = [await billing.refusal(one, principal=principal) for one in requests]
        assert [refusal.reason for refusal in refusals] == ["HISTORY_LIMIT_EXCEEDED"] * 4


async def test_settings_beyond_reason_are_refused(billing: ImportingBilling) -> None:
    refusal = await billing.refusal(
        pb.UpdateConsumptionSettingsRequest(
            request_id="settings-3", settings=pb.ConsumptionSettings(history_months=-1)
        ),
        principal=an_operator(a_tenant()),
    )

    assert [path for path, _ in refusal.violations] == ["settings.history_months"]
