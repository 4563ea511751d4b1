"""The PDF of a contract over HTTP: put together of its parts, or refused with a status."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest
from aiohttp.test_utils import TestClient, TestServer

from gateway.app import create_app
from gateway.context import Context
from gateway.http.caller import Caller
from gateway.schema import schema
from partner.billing.v1 import contracts_pb2
from services.kit.errors import InvalidArgument, NotFound, PermissionDenied, ResourceExhausted
from services.kit.identity import Role
from tests.builders.graph import Rpcs, failing, refusing
from tests.builders.graph_messages import an_id
from tests.gateway.http.small_gateway import TENANT, TENANT_ID, Issuer

PDF = bytes(range(256)) * 1000
PART = 65_536
Open = Callable[[Rpcs], Awaitable[TestClient[Any, Any]]]


@pytest.fixture
def callers() -> list[Caller]:
    """Collect for whom services were called."""
    return []


@pytest.fixture
async def open_before(issuer: Issuer, callers: list[Caller]) -> Any:
    """Start a gateway before these rpcs."""
    async with AsyncExitStack() as stack:

        async def open_(rpcs: Rpcs) -> TestClient[Any, Any]:
            def context(caller: Caller) -> Context:
                callers.append(caller)
                return Context(calls=rpcs, caller=caller)

            app = create_app(
                issuer.settings(),
                schema=schema,
                context_factory=context,
                readiness=_all_serving,
            )
            return await stack.enter_async_context(TestClient(TestServer(app)))

        yield open_


async def _all_serving() -> dict[str, bool]:
    return {"billing": True}


def in_parts(request: Any) -> contracts_pb2.ReadContractDocumentResponse:
    return contracts_pb2.ReadContractDocumentResponse(
        data=PDF[request.offset : request.offset + PART],
        size_bytes=len(PDF),
        number="PA-20261128-7K3QX9MD",
    )


async def test_a_document_is_put_together_of_its_parts(
    open_before: Open, issuer: Issuer, callers: list[Caller]
) -> None:
    rpcs, contract_id = Rpcs(ReadContractDocument=in_parts), an_id("ctr")
    client = await open_before(rpcs)

    response = await client.get(
        f"/contracts/{contract_id}.pdf", headers={"Authorization": f"Bearer {issuer.token()}"}
    )

    assert response.status == 200
    assert await response.read() == PDF
    assert response.content_type == "application/pdf"
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="PA-20261128-7K3QX9MD.pdf"'
    )
    assert response.headers["Cache-Control"] == "no-store"
    asked = rpcs.requests("ReadContractDocument")
    assert [(one.contract_id, one.offset) for one in asked] == [
        (contract_id, offset) for offset in range(0, len(PDF), PART)
    ]
    assert [caller.principal.role for caller in callers] == [Role.ADMINISTRATOR]


async def test_an_operator_opens_the_tenant_by_headers(
    open_before: Open, issuer: Issuer, callers: list[Caller]
) -> None:
    client = await open_before(Rpcs(ReadContractDocument=in_parts))
    token = issuer.token(role="OPERATOR", tenant_id=None, partner_id=None)
    headers = {
        "Authorization": f"Bearer {token}",
        "X-Tenant-Id": TENANT,
        "X-Tenant-Reason": "a complaint",
    }

    response = await client.get(f"/contracts/{an_id('ctr')}.pdf", headers=headers)

    assert response.status == 200
    assert [caller.principal.tenant_id for caller in callers] == [TENANT_ID]


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (NotFound("there is no such document"), 404, "NOT_FOUND"),
        (InvalidArgument("must be an id", field="contract_id"), 404, "BAD_USER_INPUT"),
        (PermissionDenied("your role may not do this"), 403, "FORBIDDEN"),
        (ResourceExhausted("too much"), 429, "THROTTLED"),
    ],
)
async def test_a_refusal_has_a_status_and_a_code(
    open_before: Open, issuer: Issuer, refusal: Any, status: int, code: str
) -> None:
    client = await open_before(Rpcs(ReadContractDocument=refusing(refusal, service="billing")))

    response = await client.get(
        "/contracts/ctr_x.pdf", headers={"Authorization": f"Bearer {issuer.token()}"}
    )

    assert response.status == status
    (error,) = (await response.json())["errors"]
    assert error["extensions"]["code"] == code


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (failing(grpc.StatusCode.UNAVAILABLE), 503),
        (failing(grpc.StatusCode.DEADLINE_EXCEEDED), 504),
        (failing(grpc.StatusCode.INTERNAL), 500),
    ],
)
async def test_an_outage_has_a_status_and_a_defect_no_words(
    open_before: Open, issuer: Issuer, error: Exception, status: int
) -> None:
    client = await open_before(Rpcs(ReadContractDocument=error))

    response = await client.get(
        "/contracts/ctr_x.pdf", headers={"Authorization": f"Bearer {issuer.token()}"}
    )

    assert response.status == status
    assert "Traceback" not in await response.text()


async def test_nobody_gets_a_document_without_a_token(open_before: Open) -> None:
    rpcs = Rpcs(ReadContractDocument=in_parts)
    client = await open_before(rpcs)

    response = await client.get(f"/contracts/{an_id('ctr')}.pdf")

    assert response.status == 401
    assert (await response.json())["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert rpcs.asked == []
