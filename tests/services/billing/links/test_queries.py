"""Links are read inside the scope of who asks."""

from services.kit.ids import new_id
from tests.builders.billing import a_link, known_link, put_links
from tests.builders.principals import a_tenant
from tests.builders.running import RunningService


async def test_links_are_seen_by_their_tenant_and_partner_only(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    (customer,) = await put_links(billing, tenant, [a_link(partner_id=reseller_id)])

    seen = [
        await known_link(billing, *where) for where in ((tenant, customer), (a_tenant(), customer))
    ]
    by_reseller = await known_link(billing, tenant, customer, partner_id=reseller_id)
    by_another = await known_link(billing, tenant, customer, partner_id=new_id())

    assert [link is not None for link in [*seen, by_reseller, by_another]] == [
        True, False, True, False,
    ]  # fmt: skip
