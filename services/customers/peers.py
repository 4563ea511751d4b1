"""What customers asks of other services: that billing takes over how customers are linked."""

from collections.abc import Sequence

from partner.billing.v1 import links_pb2, links_pb2_grpc
from partner.type.v1 import terms_pb2
from services.customers.customers.jobs import Link, PutLinks
from services.kit.client import Channels
from services.kit.identity import Principal
from services.kit.ids import to_text
from services.kit.wire import Words, id_text

ASSOCIATIONS = Words(terms_pb2.AssociationType, prefix="ASSOCIATION_TYPE_")


def billing_put_links(channels: Channels) -> PutLinks:
    """Make the call that tells billing of links."""

    async def put_links(principal: Principal, request_id: str, links: Sequence[Link]) -> None:
        billing = channels.to("billing")
        stub = links_pb2_grpc.CustomerLinkServiceStub(billing.channel)
        request = links_pb2.PutCustomerLinksRequest(
            request_id=request_id, links=map(to_message, links)
        )
        await billing(stub.PutCustomerLinks, request, principal=principal)

    return put_links


def to_message(link: Link) -> links_pb2.CustomerLink:
    return links_pb2.CustomerLink(
        customer_id=to_text("cus", link.customer_id),
        version=link.version,
        partner_id=to_text("ptr", link.partner_id),
        partner_name=link.partner_name,
        association_type=ASSOCIATIONS.number(link.association_type),
        account_manager_id=id_text("mgr", link.account_manager_id),
        account_manager_name=link.account_manager_name,
        customer_name=link.customer_name,
        account_name=link.account_name,
    )
