"""What customers asks of billing, as billing's end of the wire sees it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import grpc
import pytest

from partner.billing.v1 import links_pb2, links_pb2_grpc
from partner.type.v1 import terms_pb2
from services.customers.customers.jobs import Link
from services.customers.peers import billing_put_links
from services.kit.client import Channels, TokenSource
from services.kit.identity import Role
from services.kit.ids import new_id, to_text
from services.kit.jobs import system_principal
from tests.builders.keys import Keys


class BillingsEnd(links_pb2_grpc.CustomerLinkServiceServicer):
    """Keeps what comes in."""

    def __init__(self) -> None:
        self.requests: list[links_pb2.PutCustomerLinksRequest] = []
        self.metadata: dict[str, str] = {}

    async def PutCustomerLinks(  # type: ignore[override]  # noqa: N802 - the rpc's name
        self, request: links_pb2.PutCustomerLinksRequest, context: Any
    ) -> links_pb2.PutCustomerLinksResponse:
        self.requests.append(request)
        self.metadata = dict(context.invocation_metadata())
        return links_pb2.PutCustomerLinksResponse()


@pytest.fixture
async def billings_end() -> AsyncIterator[tuple[BillingsEnd, str]]:
    server, end = grpc.aio.server(), BillingsEnd()
    links_pb2_grpc.add_CustomerLinkServiceServicer_to_server(end, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield end, f"127.0.0.1:{port}"
    await server.stop(None)


async def test_billing_is_told_of_links_in_the_name_of_customers(
    billings_end: tuple[BillingsEnd, str], keys: Keys, tenant_id: UUID
) -> None:
    end, address = billings_end
    channels = Channels({"billing": address}, tokens=TokenSource(keys.signers["customers"]))
    principal = system_principal("customers", tenant_id=tenant_id)
    link = Link(
        customer_id=new_id(),
        version=7,
        partner_id=tenant_id,
        partner_name="Northern Cloud",
        association_type="ADVISORY",
        account_manager_id=None,
        account_manager_name=None,
        customer_name="张伟",
        account_name="zhang",
    )

    await billing_put_links(channels)(principal, "r1", [link])
    await channels.close()

    assert end.requests == [
        links_pb2.PutCustomerLinksRequest(
            request_id="r1",
            links=[
                links_pb2.CustomerLink(
                    customer_id=to_text("cus", link.customer_id),
                    version=7,
                    partner_id=to_text("ptr", tenant_id),
                    partner_name="Northern Cloud",
                    association_type=terms_pb2.ASSOCIATION_TYPE_ADVISORY,
                    customer_name="张伟",
                    account_name="zhang",
                )
            ],
        )
    ]
    token = end.metadata["authorization"].removeprefix("Bearer ")
    who = keys.verifier("billing").verify(token, now=datetime.now(UTC))
    assert (who.role, who.tenant_id, who.actor) == (Role.SYSTEM, tenant_id, "customers")
