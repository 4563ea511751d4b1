"""Bearer tokens over HTTP, and the tenant that an operator opens with a reason."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.gateway.http.conftest import Client, OpenGateway
from tests.gateway.http.small_gateway import TENANT, TENANT_ID, Issuer


async def tenant(gateway: Client, **headers: str) -> dict[str, Any]:
    response = await gateway.post("/graphql", json={"query": "{ tenant }"}, headers=headers)
    answer: dict[str, Any] = await response.json()
    return answer


def operator(issuer: Issuer) -> str:
    return issuer.token(sub="olga", role="OPERATOR", tenant_id=None, partner_id=None)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c"])
async def test_bad_authorization_is_unauthenticated(open_gateway: OpenGateway, header: str) -> None:
    gateway = await open_gateway(token="")

    response = await gateway.post(
        "/graphql", json={"query": "{ hello }"}, headers={"Authorization": header}
    )

    assert response.status == 401
    assert "WWW-Authenticate" in response.headers
    body = await response.json()
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_operator_has_no_tenant_until_one_is_opened(
    open_gateway: OpenGateway, issuer: Issuer
) -> None:
    gateway = await open_gateway(token=operator(issuer))

    before = await tenant(gateway)
    with capture_logs() as logs:
        opened = await tenant(gateway, **{"X-Tenant-Id": TENANT, "X-Tenant-Reason": "Ticket 7"})

    assert before["data"] == {"tenant": None}
    assert opened["data"] == {"tenant": str(TENANT_ID)}
    opening = next(line for line in logs if line["event"] == "tenant opened")
    assert (opening["subject"], opening["reason"]) == ("olga", "Ticket 7")
    done = next(line for line in logs if line["event"] == "operation")
    assert done["tenant_reason"] == "Ticket 7"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"X-Tenant-Id": TENANT}, "BAD_REQUEST"),
        ({"X-Tenant-Id": TENANT, "X-Tenant-Reason": "  "}, "BAD_REQUEST"),
        ({"X-Tenant-Id": TENANT, "X-Tenant-Reason": "x" * 201}, "BAD_REQUEST"),
        ({"X-Tenant-Id": "nonsense", "X-Tenant-Reason": "Ticket 7"}, "BAD_REQUEST"),
    ],
)
async def test_a_tenant_is_not_opened_without_an_id_and_a_reason(
    open_gateway: OpenGateway, issuer: Issuer, headers: dict[str, str], code: str
) -> None:
    gateway = await open_gateway(token=operator(issuer))

    answer = await tenant(gateway, **headers)

    assert answer["errors"][0]["extensions"]["code"] == code


async def test_nobody_else_opens_a_tenant(gateway: Client) -> None:
    answer = await tenant(gateway, **{"X-Tenant-Id": TENANT, "X-Tenant-Reason": "Curious"})

    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_tokens_never_reach_the_log(gateway: Client, issuer: Issuer) -> None:
    with capture_logs() as logs:
        await gateway.post("/graphql", json={"query": "{ hello broken }"})
        await gateway.post(
            "/graphql", json={"query": "{"}, headers={"Authorization": "Bearer a.secret.c"}
        )

    assert len(logs) >= 3
    assert issuer.token().split(".")[0] not in str(logs)
    assert "secret" not in str(logs)
