"""Imports: what is taken once, what is skipped and why, what goes with it."""

import asyncio
from decimal import Context, Decimal
from typing import Any
from uuid import UUID

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from partner.billing.v1 import consumption_pb2 as pb
from services.billing.consumption.model import ConsumptionImport
from services.billing.links.model import CustomerLink
from services.kit import ids
from services.kit.errors import Received, received
from services.kit.identity import Principal
from services.kit.money import decimal_text
from tests.builders.consumption import (
    ImportingBilling,
    a_file,
    a_row,
    import_requests,
    put_link,
)
from tests.builders.principals import a_system, a_tenant, an_administrator, an_operator

# The default context would round what the database does not.
WIDE = Context(prec=60)
AMOUNTS = st.decimals(
    min_value=Decimal(-99999999999999999999),
    max_value=Decimal(99999999999999999999),
    allow_nan=False,
    places=15,
)


async def refusal_of(billing: ImportingBilling, requests: Any, *, principal: Principal) -> Received:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await billing.stream(requests, of=pb.ImportConsumptionRequest, principal=principal)
    return received(error.value)


async def imports_of(billing: ImportingBilling, tenant: UUID) -> list[ConsumptionImport]:
    async with billing.database.transaction(a_system(tenant)) as session:
        return list(await session.scalars(select(ConsumptionImport)))


async def details_of(billing: ImportingBilling, tenant: UUID) -> list[pb.ConsumptionDetail]:
    answer = await billing.call(
        pb.ListConsumptionDetailsRequest(
            page_size=500,
            filter=pb.ConsumptionFilter(billing_cycle="2024-09"),
            order_by=pb.CONSUMPTION_ORDER_CONSUME_TIME_ASC,
        ),
        principal=an_administrator(tenant),
    )
    return list(answer.details)


@settings(max_examples=15, deadline=None)
@given(values=st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=8))
async def test_amounts_come_out_as_they_went_in_and_add_up(
    billing: ImportingBilling, values: list[tuple[Decimal, Decimal]]
) -> None:
    tenant = a_tenant()
    kept = [pair for pair in values if abs(WIDE.subtract(pair[1], pair[0])) < Decimal(10) ** 20]
    rows = [
        a_row(BilledCost=format(billed, "f"), ListCost=str(listed), x_TradeId=str(number))
        for number, (billed, listed) in enumerate(values)
    ]

    report = await billing.import_file(a_file(*rows), principal=an_operator(tenant))

    assert report.new_count == len(kept)
    assert report.skipped_count == len(values) - len(kept)
    found = {one.trade_number: one for one in await details_of(billing, tenant)}
    for number, (billed, listed) in enumerate(values):
        if (billed, listed) in kept:
            detail = found[str(number)]
            assert detail.payable_amount.amount == decimal_text(billed)
            assert detail.list_amount.amount == decimal_text(listed)
            assert detail.discount_amount.amount == decimal_text(WIDE.subtract(listed, billed))
    total = Decimal(0)
    for billed, _ in kept:
        total = WIDE.add(total, billed)
    if kept:
        assert report.new_payable_amounts[0].amount == decimal_text(total)
        assert await sum_of(billing, tenant) == decimal_text(total)


async def sum_of(billing: ImportingBilling, tenant: UUID) -> str:
    answer = await billing.call(
        pb.BatchListConsumptionSummariesRequest(
            customer_ids=[billing.end.customer_id(tenant, "4711")],
            billing_cycle_from="2024-09",
            billing_cycle_to="2024-09",
        ),
        principal=an_administrator(tenant),
    )
    amount: str = answer.groups[0].summaries[0].payable_amount.amount
    return amount


async def test_an_overlapping_file_adds_only_what_is_new(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    first = a_file(a_row(), a_row(), a_row(BilledCost="2"))
    second = a_file(a_row(BilledCost="2.0"), a_row(BilledCost="3"), a_row(), a_row(), a_row())

    await billing.import_file(first, principal=an_operator(tenant))
    report = await billing.import_file(second, principal=an_operator(tenant))

    assert (report.new_count, report.known_count) == (2, 3)
    # Three times 1.5, and 2, and 3.
    assert await sum_of(billing, tenant) == "9.5"


async def test_the_same_file_twice_at_once_is_taken_once(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    data = a_file(*[a_row(x_TradeId=str(number)) for number in range(300)])

    reports = await asyncio.gather(
        *[billing.import_file(data, principal=an_operator(tenant)) for _ in range(4)]
    )

    assert sum(report.new_count for report in reports) == 300
    assert await sum_of(billing, tenant) == "450"


async def test_rows_that_can_not_be_taken_are_reported_and_the_others_are_taken(
    billing: ImportingBilling,
) -> None:
    tenant = a_tenant()
    data = a_file(
        a_row(),
        a_row(BilledCost="NaN"),
        a_row(BillingCurrency="CNY"),
        a_row(SubAccountId="refused"),
        a_row(SubAccountId=""),
    )

    report = await billing.import_file(
        data + b"one,cell\n", principal=an_operator(tenant), file_name="flaws.csv"
    )

    assert (report.row_count, report.new_count, report.skipped_count) == (6, 1, 5)
    assert [(row.line, row.column) for row in report.skipped_rows] == [
        (3, "BilledCost"),
        (4, "BillingCurrency"),
        (5, "SubAccountId"),
        (6, "SubAccountId"),
        (7, ""),
    ]
    assert report.skipped_rows[1].reason == "is CNY and the partner's is USD"
    assert report.skipped_rows[2].reason == "external_id is not wanted"
    [noted] = await imports_of(billing, tenant)
    assert (noted.row_count, noted.new_count, noted.skipped_count) == (6, 1, 5)
    assert (noted.file_name, noted.subject) == ("flaws.csv", "operator")
    assert noted.finish_time is not None


async def test_a_resource_that_is_not_wanted_costs_no_row(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    data = a_file(a_row(ResourceId="refused"), a_row(ResourceId="i-1"), a_row(ResourceId="x" * 600))

    report = await billing.import_file(data, principal=an_operator(tenant))

    assert (report.new_count, report.created_resource_count) == (3, 1)
    assert report.notes == ["2 resources have ids that can not be kept and were not made"]


async def test_a_customer_is_associated_since_its_first_charge(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    data = a_file(
        a_row(ChargePeriodStart="2024-09-10", ChargePeriodEnd=""),
        a_row(ChargePeriodStart="2024-09-03", ChargePeriodEnd=""),
    )

    await billing.import_file(data, principal=an_operator(tenant))

    customer = billing.end.customers[tenant, "cloud", "4711"]
    assert customer.associate_time.ToJsonString() == "2024-09-03T00:00:00Z"


async def test_a_customer_is_linked_with_its_rows_and_a_known_link_stays(
    billing: ImportingBilling,
) -> None:
    tenant = a_tenant()
    await billing.import_file(a_file(a_row()), principal=an_operator(tenant))
    customer_id = billing.end.customer_id(tenant, "4711")
    made = await link_of(billing, tenant, customer_id)
    await put_link(
        billing.database, tenant_id=tenant, customer_id=customer_id, customer_name="Renamed"
    )

    await billing.import_file(a_file(a_row(BilledCost="2")), principal=an_operator(tenant))

    assert (made.version, made.customer_name) == (0, "Atlas Nimbus")
    assert (await link_of(billing, tenant, customer_id)).customer_name == "Renamed"


async def link_of(billing: ImportingBilling, tenant: UUID, customer_id: str) -> CustomerLink:
    async with billing.database.transaction(a_system(tenant)) as session:
        wanted = CustomerLink.customer_id == ids.from_text("cus", customer_id, field="id")
        return (await session.scalars(select(CustomerLink).where(wanted))).one()


async def test_a_file_of_many_pieces_and_batches_is_taken_whole(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    rows = [
        a_row(SubAccountId=str(number % 700), ResourceId=f"i-{number}", x_TradeId=str(number))
        for number in range(2600)
    ]

    report = await billing.import_file(a_file(*rows), principal=an_operator(tenant))

    assert (report.row_count, report.new_count) == (2600, 2600)
    assert (report.created_customer_count, report.created_resource_count) == (700, 2600)
    assert report.new_payable_amounts[0].amount == "3900"


async def test_a_header_without_rows_is_taken_and_said(billing: ImportingBilling) -> None:
    report = await billing.import_file(a_file(), principal=an_operator(a_tenant()))

    assert report.row_count == 0
    assert report.notes == ["the file has a header and no rows"]


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "it is empty"),
        (a_file(a_row()).decode().encode("utf-16"), "UTF-16"),
        (a_file(a_row()).replace(b"BilledCost", b"Cost"), "BilledCost"),
        (a_file(a_row()) + b"\xe9", "line 3 is not UTF-8"),
    ],
)
async def test_a_file_that_can_not_be_read_is_refused_and_noted(
    billing: ImportingBilling, data: bytes, cause: str
) -> None:
    tenant = a_tenant()

    refusal = await refusal_of(
        billing, import_requests(data, file_name="x.csv"), principal=an_operator(tenant)
    )

    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "FILE_NOT_READABLE")
    assert cause in refusal.metadata["cause"]
    [noted] = await imports_of(billing, tenant)
    assert cause in str(noted.failure)
    assert noted.finish_time is not None


async def test_what_was_kept_stays_when_customers_does_not_answer(
    billing: ImportingBilling,
) -> None:
    tenant = a_tenant()
    good = [a_row(x_TradeId=str(number)) for number in range(1000)]
    requests = import_requests(a_file(*good, a_row(SubAccountId="down")), file_name="x.csv")

    refusal = await refusal_of(billing, requests, principal=an_operator(tenant))

    assert refusal.code == "UNAVAILABLE"
    assert await sum_of(billing, tenant) == "1500"
    # The channel asks again by itself; each try is noted.
    noted = {(one.new_count, one.failure) for one in await imports_of(billing, tenant)}
    assert (1000, "the customers service does not answer") in noted


@pytest.mark.parametrize(
    ("requests", "field"),
    [
        ([], "header"),
        ([pb.ImportConsumptionRequest(data=b"x")], "header"),
        (import_requests(b"", file_name="x")[:1] * 2, "header"),
        (import_requests(b"", file_name=""), "header.file_name"),
        (import_requests(b"", file_name="x", request_id=""), "request_id"),
        (
            import_requests(b"", file_name="x", indirect_partner_id="x"),
            "header.indirect_partner_id",
        ),
        (
            [
                *import_requests(b"", file_name="x"),
                pb.ImportConsumptionRequest(data=b"x" * 300_000),
            ],
            "data",
        ),
    ],
)
async def test_a_stream_of_another_shape_is_refused(
    billing: ImportingBilling, requests: list[pb.ImportConsumptionRequest], field: str
) -> None:
    refusal = await refusal_of(billing, requests, principal=an_operator(a_tenant()))

    assert refusal.code == "INVALID_ARGUMENT"
    assert [path for path, _ in refusal.violations] == [field]


async def test_a_partners_people_import_nothing(billing: ImportingBilling) -> None:
    refusal = await refusal_of(
        billing,
        import_requests(a_file(), file_name="x"),
        principal=an_administrator(a_tenant()),
    )

    assert refusal.code == "PERMISSION_DENIED"
