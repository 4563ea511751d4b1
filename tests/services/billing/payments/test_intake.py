"""Usage is taken once, for resale customers, in the tenant's currency."""

import asyncio

import pytest
from sqlalchemy import text

from services.billing.accounts.model import CurrencyMismatch
from services.billing.consumption.charges import cycle_of_id
from services.billing.links.model import NotSubCustomer
from services.billing.payments.model import AdvisoryPaysItself
from services.kit.ids import new_id
from tests.builders.payments import CYCLE, PayingTenant, some_usage


async def waiting(tenant: PayingTenant) -> int:
    async with tenant.transaction() as session:
        return int(await session.scalar(text("SELECT count(*) FROM usages")) or 0)


async def test_usage_is_known_by_its_customer_month_and_number(tenant: PayingTenant) -> None:
    other = await tenant.link(customer_id=new_id())
    usage = some_usage(tenant.customer_id, usage_number="1")

    first = await tenant.bring(usage, usage, some_usage(other, usage_number="1"))
    second = await tenant.bring(usage, some_usage(tenant.customer_id, usage_number="2"))

    assert (first.new_count, first.known_count) == (2, 1)
    assert (second.new_count, second.known_count) == (1, 1)
    assert await waiting(tenant) == 3
    assert cycle_of_id(usage.id_in(tenant.tenant_id)) == CYCLE


async def test_the_same_usage_at_once_is_taken_once(tenant: PayingTenant) -> None:
    usages = [some_usage(tenant.customer_id) for _ in range(5)]

    taken = await asyncio.gather(*[tenant.bring(*usages) for _ in range(6)])

    assert sum(one.new_count for one in taken) == 5
    assert await waiting(tenant) == 5


async def test_usage_of_strangers_and_of_referral_sale_is_refused_one_by_one(
    tenant: PayingTenant,
) -> None:
    advisory = await tenant.link(customer_id=new_id(), association_type="ADVISORY")

    taken = await tenant.bring(
        some_usage(new_id()), some_usage(advisory), some_usage(tenant.customer_id)
    )

    assert [type(refusal) for _, refusal in taken.refused] == [NotSubCustomer, AdvisoryPaysItself]
    assert taken.new_count == await waiting(tenant) == 1


async def test_usage_in_another_currency_is_refused(tenant: PayingTenant) -> None:
    await tenant.allocate(1)

    with pytest.raises(CurrencyMismatch):
        await tenant.bring(some_usage(tenant.customer_id, currency_code="USD"))


async def test_nothing_is_taken_of_nothing(tenant: PayingTenant) -> None:
    taken = await tenant.bring()

    assert (taken.new_count, taken.known_count, taken.refused) == (0, 0, [])
