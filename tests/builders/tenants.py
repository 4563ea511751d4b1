"""A partner with customers that billing knows, ready for a journey."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from partner.customers.v1 import customers_pb2
from partner.type.v1 import terms_pb2
from services.kit import ids
from tests.builders.billing import a_link, put_links
from tests.builders.customers import a_new_customer, add_customers
from tests.builders.running import RunningService


async def add_known_customers(
    services: Mapping[str, RunningService], tenant_id: UUID, count: int, **known: Any
) -> list[str]:
    """Make customers and tell billing of them, as the job would a moment later; give their ids."""
    made = await add_customers(
        services["customers"], tenant_id, *(a_new_customer(**known) for _ in range(count))
    )
    await tell_billing(services, tenant_id, made)
    return [one.id for one in made]


async def tell_billing(
    services: Mapping[str, RunningService],
    tenant_id: UUID,
    customers: Sequence[customers_pb2.Customer],
) -> None:
    """Tell billing of customers without waiting for the job."""
    await put_links(services["billing"], tenant_id, [_link_of(one) for one in customers])


def _link_of(customer: customers_pb2.Customer) -> Any:
    def own(prefix: str, text: str) -> UUID:
        return ids.from_text(prefix, text, field=prefix)

    manager_id = customer.account_manager_id
    return a_link(
        customer_id=own("cus", customer.id),
        partner_id=own("ptr", customer.indirect_partner_id or customer.partner_id),
        association_type=customer.association_type or terms_pb2.ASSOCIATION_TYPE_RESALE,
        account_manager_id=own("mgr", manager_id) if manager_id else None,
    )
