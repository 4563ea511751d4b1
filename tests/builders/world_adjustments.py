"""Adjustments and a closing in a world of tests: money for each customer, with its canary."""

from typing import Any

from tests.builders import principals
from tests.builders.adjustments import an_allocation, put_cash, to
from tests.builders.closings import a_closing, a_reopening
from tests.builders.holdings import Tenant


async def fill_adjustments(service: Any, tenant: Tenant) -> None:
    """Give each customer cash, out of its partner's account, and close and reopen one's."""
    await put_cash(service, tenant.id, "1000 USD")
    for holding in tenant.holdings:
        partner_id = holding.id("ptr")
        if partner_id != tenant.id:
            await put_cash(service, tenant.id, "100 USD", partner_id=partner_id)
        made = await service.call(
            an_allocation(to(holding.things["cus"]), "10 USD", memo=holding.canary),
            principal=principals.an_administrator(tenant.id, partner_id=partner_id),
        )
        holding.things |= {"adj": made.id, "txn": made.transaction_id}
    system = principals.a_system(tenant.id)
    leaving = tenant.of_second_reseller.things["cus"]
    for step in (a_closing, a_reopening):
        await service.call(step(leaving), principal=system)
