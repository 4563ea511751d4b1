"""CustomerLinkService over a real socket: who may push, and what is malformed."""

from partner.billing.v1 import links_pb2
from tests.builders.billing import a_link
from tests.builders.principals import a_system, a_tenant, an_administrator
from tests.builders.running import RunningService


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
