"""Newer links replace older ones, never the reverse."""

from services.kit.ids import new_id
from tests.builders.billing import a_link, known_link, put_links
from tests.builders.principals import a_tenant
from tests.builders.running import RunningService


async def test_put_customer_links_passes_over_older_versions(billing: RunningService) -> None:
    tenant, customer = a_tenant(), new_id()

    for version, name in ((2, "Orchid"), (1, "Old"), (2, "Twin"), (3, "New")):
        link = a_link(customer_id=customer, partner_id=tenant, version=version, customer_name=name)
        await put_links(billing, tenant, [link])
        found = await known_link(billing, tenant, link.customer_id)
        assert found is not None
        assert found.customer_name == {2: "Orchid", 1: "Orchid", 3: "New"}[version]


async def test_put_customer_links_takes_the_newest_of_several_in_one_push(
    billing: RunningService,
) -> None:
    tenant, customer, manager = a_tenant(), new_id(), new_id()
    links = [
        a_link(customer_id=customer, partner_id=tenant, version=version, account_manager_id=one)
        for version, one in ((5, manager), (4, new_id()))
    ]

    await put_links(billing, tenant, links)
    await put_links(billing, tenant, [])

    found = await known_link(billing, tenant, links[0].customer_id)
    assert found is not None
    assert (found.version, found.account_manager_id) == (5, manager)
