"""Answers CustomerLinkService."""

from typing import Any, Final

from partner.billing.v1 import links_pb2, links_pb2_grpc
from partner.type.v1 import terms_pb2
from services.billing.links import operations
from services.kit import ids, wire
from services.kit.rpc import Call, Servicer, write

_ASSOCIATION_TYPES: Final = wire.Words(terms_pb2.AssociationType, prefix="ASSOCIATION_TYPE_")


class CustomerLinkServicer(Servicer, links_pb2_grpc.CustomerLinkServiceServicer):
    @write()
    async def PutCustomerLinks(
        self, request: links_pb2.PutCustomerLinksRequest, call: Call
    ) -> links_pb2.PutCustomerLinksResponse:
        await operations.put_customer_links(
            call.session,
            tenant_id=call.scope.tenant_id,
            links=[
                _link(message, path=f"links[{index}]")
                for index, message in enumerate(request.links)
            ],
        )
        return links_pb2.PutCustomerLinksResponse()


def _link(message: links_pb2.CustomerLink, *, path: str) -> dict[str, Any]:
    return {
        "customer_id": ids.from_text("cus", message.customer_id, field=f"{path}.customer_id"),
        "version": message.version,
        "partner_id": ids.from_text("ptr", message.partner_id, field=f"{path}.partner_id"),
        "partner_name": message.partner_name,
        "association_type": _ASSOCIATION_TYPES.required_word(
            message.association_type, field=f"{path}.association_type"
        ),
        "account_manager_id": wire.to_id(message, "account_manager_id", "mgr", path=path),
        "account_manager_name": wire.to_text(message, "account_manager_name"),
        "customer_name": wire.to_text(message, "customer_name"),
        "account_name": message.account_name,
    }
