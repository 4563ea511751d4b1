"""CustomerLinkService over a real socket: newer links replace older ones, never the reverse."""

from uuid import UUID

from partner.billing.v1 import links_pb2
from services.billing.links import queries
from services.billing.links.model import CustomerLink
from services.kit import ids
from services.kit.ids import new_id
from tests.builders.billing import a_link, put_links
from tests.builders.principals import a_system, a_tenant, an_administrator
from tests.builders.running import RunningService


async def known(
    billing: RunningService, tenant: UUID, customer_id: str, *, partner_id: UUID | None = None
) -> CustomerLink | None:
    principal = an_administrator(tenant, partner_id=partner_id)
    wanted = ids.from_text("cus", customer_id, field="id")
    async with billing.database.transaction(principal) as session:
        found = await queries.batch_get(session, scope=principal.scope, customer_ids=[wanted])
    return found.get(wanted)


async def test_put_customer_links_passes_over_older_versions(billing: RunningService) -> None:
    tenant, customer = a_tenant(), new_id()

    for version, name in ((2, "Orchid"), (1, "Old"), (2, "Twin"), (3, "New")):
        link = a_link(customer_id=customer, partner_id=tenant, version=version, customer_name=name)
        await put_links(billing, tenant, [link])
        found = await known(billing, tenant, link.customer_id)
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

    found = await known(billing, tenant, links[0].customer_id)
    assert found is not None
    assert (found.version, found.account_manager_id) == (5, manager)


async def test_links_are_seen_by_their_tenant_and_partner_only(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    (customer,) = await put_links(billing, tenant, [a_link(partner_id=reseller_id)])

    seen = [await known(billing, *where) for where in ((tenant, customer), (a_tenant(), customer))]
    by_reseller = await known(billing, tenant, customer, partner_id=reseller_id)
    by_another = await known(billing, tenant, customer, partner_id=new_id())

    assert [link is not None for link in [*seen, by_reseller, by_another]] == [
        True, False, True, False,
    ]  # fmt: skip


async def test_put_customer_links_is_for_services_and_names_what_is_malformed(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    link = a_link(partner_id=tenant)
    link.ClearField("association_type")
    request = links_pb2.PutCustomerLinksRequest(request_id="r", links=[link])

    by_person = await billing.refusal(request, principal=an_administrator(tenant))
    malformed = await billing.refusal(request, principal=a_system(tenant))

    assert by_person.reason == "PERMISSION_DENIED"
    assert malformed.violations[0][0] == "links[0].association_type"
