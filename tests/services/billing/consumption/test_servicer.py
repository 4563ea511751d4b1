"""The rpcs of consumption, over a real socket, on a real database."""

import csv
from collections import defaultdict
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest_asyncio

from services.kit.paging import PageTokens
from tests.builders.consumption import SAMPLE, ImportingBilling, importing_billing
from tests.builders.keys import Keys
from tests.builders.principals import a_tenant, an_operator


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def billing(database, pages: PageTokens, keys: Keys) -> AsyncIterator[ImportingBilling]:
    async with importing_billing(await database("billing"), pages=pages, keys=keys) as running:
        yield running


async def test_import_of_the_sample_gives_the_sums_that_the_file_gives(
    billing: ImportingBilling,
) -> None:
    tenant = a_tenant()
    expected: dict[str, Decimal] = defaultdict(Decimal)
    with SAMPLE.open(newline="") as file:
        for row in csv.DictReader(file):
            expected[row["SubAccountId"]] += Decimal(row["BilledCost"])

    first = await billing.import_file(SAMPLE.read_bytes(), principal=an_operator(tenant))
    second = await billing.import_file(SAMPLE.read_bytes(), principal=an_operator(tenant))

    print(first, second)
    assert (first.row_count, first.new_count, first.skipped_count) == (1000, 1000, 0)
    assert (second.new_count, second.known_count) == (0, 1000)
