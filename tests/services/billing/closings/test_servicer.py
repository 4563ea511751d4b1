"""ClosingService over a real socket: for other services' jobs alone, and within one tenant."""

from services.kit.ids import new_id, to_text
from tests.builders.billing import some_customers
from tests.builders.closings import a_closing, a_reclaim_of_vouchers, a_reopening, a_return
from tests.builders.principals import a_system, a_tenant, an_administrator, an_operator
from tests.builders.running import RunningService


async def test_no_person_closes_accounts(billing: RunningService) -> None:
    tenant = a_tenant()
    (customer,) = await some_customers(billing, tenant, 1)

    refusals = [
        await billing.refusal(step(customer), principal=principal)
        for step in (a_closing, a_reclaim_of_vouchers, a_return, a_reopening)
        for principal in (an_administrator(tenant), an_operator(tenant))
    ]

    assert {refusal.reason for refusal in refusals} == {"PERMISSION_DENIED"}


async def test_a_foreign_customer_is_as_unknown_as_one_that_is_made_up(
    billing: RunningService,
) -> None:
    (foreign,) = await some_customers(billing, a_tenant(), 1)
    system = a_system(a_tenant())

    refusals = [
        await billing.refusal(a_closing(customer), principal=system)
        for customer in (foreign, to_text("cus", new_id()))
    ]

    assert {refusal.reason for refusal in refusals} == {"NOT_FOUND"}
    assert len({refusal.message for refusal in refusals}) == 1
