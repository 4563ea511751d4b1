"""Importing a FOCUS file from the command line, through billing and customers as they are."""

import csv
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from partner.billing.v1 import consumption_pb2
from partner.customers.v1 import customers_pb2
from partner.type.v1 import money_pb2
from partner_center.focus import FocusImport, ImportFailed, summary
from services.kit.ids import new_id, to_text
from tests.builders.consumption import SAMPLE, a_file, a_row
from tests.builders.customers import open_tenant
from tests.builders.principals import a_tenant, an_administrator, an_operator


async def focus_import(running: Any, path: Path, *, tenant: UUID) -> FocusImport:
    billing = await running("billing")
    return FocusImport(
        path=path,
        address=f"127.0.0.1:{billing.server.port}",
        token=billing.token(an_operator(tenant)),
    )


async def test_the_sample_is_imported_and_customers_and_sums_are_there(running: Any) -> None:
    tenant = await open_tenant(await running("customers"), currency_code="USD")
    expected: dict[str, Decimal] = defaultdict(Decimal)
    with SAMPLE.open(newline="") as file:
        for row in csv.DictReader(file):
            expected[row["SubAccountId"]] += Decimal(row["BilledCost"])
    chosen = await focus_import(running, SAMPLE, tenant=tenant)

    first, second = await chosen.run(), await chosen.run()

    assert (first.new_count, first.created_customer_count) == (1000, 73)
    assert (second.new_count, second.known_count, second.created_customer_count) == (0, 1000, 0)
    customers = await (await running("customers")).call(
        customers_pb2.ListCustomersRequest(page_size=100), principal=an_administrator(tenant)
    )
    accounts = {customer.id: customer.external_id for customer in customers.customers}
    sums = await (await running("billing")).call(
        consumption_pb2.BatchListConsumptionSummariesRequest(
            customer_ids=accounts, billing_cycle_from="2024-09", billing_cycle_to="2024-10"
        ),
        principal=an_administrator(tenant),
    )
    found = {
        accounts[group.customer_id]: sum(
            (Decimal(one.payable_amount.amount) for one in group.summaries), Decimal(0)
        )
        for group in sums.groups
    }
    assert found == expected


async def test_rows_of_another_currency_are_skipped(running: Any, tmp_path: Path) -> None:
    tenant = await open_tenant(await running("customers"), currency_code="CNY")
    path = tmp_path / "focus.csv"
    path.write_bytes(a_file(a_row(), a_row(BillingCurrency="CNY", SubAccountId="0815")))

    report = await (await focus_import(running, path, tenant=tenant)).run()

    assert (report.new_count, report.skipped_count) == (1, 1)
    assert report.skipped_rows[0].reason == "is USD and the partner's is CNY"


async def test_a_file_that_can_not_be_read_says_why(running: Any, tmp_path: Path) -> None:
    tenant = await open_tenant(await running("customers"), currency_code="USD")
    path = tmp_path / "focus.csv"
    path.write_bytes("BilledCost\n1".encode("utf-16"))

    with pytest.raises(ImportFailed, match="the file is UTF-16, not UTF-8"):
        await (await focus_import(running, path, tenant=tenant)).run()


async def test_a_reseller_of_somebody_else_gets_no_customers(running: Any, tmp_path: Path) -> None:
    tenant = await open_tenant(await running("customers"), currency_code="USD")
    path = tmp_path / "focus.csv"
    path.write_bytes(a_file(a_row()))
    chosen = await focus_import(running, path, tenant=tenant)

    with pytest.raises(ImportFailed, match="the reseller is not one of the caller's"):
        await replace(chosen, reseller_id=to_text("ptr", new_id())).run()


async def test_a_tenant_that_nobody_opened_gets_no_customers(running: Any, tmp_path: Path) -> None:
    await running("customers")
    path = tmp_path / "focus.csv"
    path.write_bytes(a_file(a_row()))

    with pytest.raises(ImportFailed, match="partner not found"):
        await (await focus_import(running, path, tenant=a_tenant())).run()


async def test_billing_that_does_not_answer_is_named() -> None:
    chosen = FocusImport(path=SAMPLE, address="127.0.0.1:1", token="none")

    with pytest.raises(ImportFailed, match=r"billing does not answer at 127\.0\.0\.1:1"):
        await chosen.run()


def test_the_summary_says_what_was_taken_skipped_and_why() -> None:
    report = consumption_pb2.ImportConsumptionResponse(
        row_count=2000,
        new_count=1900,
        known_count=75,
        skipped_count=25,
        skipped_rows=[
            consumption_pb2.SkippedRow(line=line, column="BilledCost", reason="is missing")
            for line in range(2, 27)
        ],
        created_customer_count=3,
        created_resource_count=4,
        new_payable_amounts=[money_pb2.Money(amount="20.5", currency_code="USD")],
        notes=["column Id is not known and was passed over"],
    )

    lines = summary(report, seconds=0.5).splitlines()

    assert lines[:6] == [
        "2,000 rows in 0.5 s, 4,000 rows/s",
        "  1,900 new, payable 20.5 USD",
        "  75 known already",
        "  25 skipped",
        "  3 customers and 4 resources made",
        "  line 2: BilledCost is missing",
    ]
    assert lines[-2:] == [
        "  and 5 more lines were skipped",
        "  note: column Id is not known and was passed over",
    ]
