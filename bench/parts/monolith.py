"""One process without services: four statements by hand in their databases, one endpoint.

What a careful engineer would write if there were neither a graph nor a contract: the same tables,
roles, scope settings, token verification, middleware and log; asyncpg, dicts and orjson.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import structlog
import uvloop
from aiohttp import web

from bench.parts.handwritten import HEADERS
from bench.parts.statements import CUSTOMERS, DETAILS, RESOURCES, SAY_WHO, VOUCHERS
from gateway.http.access import REQUEST_ID, access, finish_headers
from gateway.http.authentication import Authentication
from gateway.http.keys import KeyDirectory
from gateway.http.metrics import Metrics
from gateway.http.tokens import TokenReader
from gateway.serve import serve
from gateway.settings import Settings
from partner.customers.v1 import customers_pb2
from services.billing.consumption.cycles import cycle_from_text
from services.kit import ids, log
from services.kit.database import POOL_SIZE, SERVER_SETTINGS
from services.kit.identity import Principal
from services.kit.paging import PageTokens

logger = structlog.get_logger("gateway")


class Monolith:
    """The endpoint, over the two databases that it reads."""

    def __init__(
        self,
        *,
        authentication: Authentication,
        tokens: PageTokens,
        customers: asyncpg.Pool,
        billing: asyncpg.Pool,
    ) -> None:
        self._authentication = authentication
        self._tokens = tokens
        self._customers = customers
        self._billing = billing

    async def customer_360(self, request: web.Request) -> web.Response:
        started = time.perf_counter()
        caller = await self._authentication.caller(
            request.headers, request_id=request[REQUEST_ID], transport="http"
        )
        asked = orjson.loads(await request.read())
        principal = caller.principal
        tenant, partner, first = principal.tenant_id, principal.partner_id, asked["first"]
        async with _transaction(self._customers, principal) as connection:
            rows = await connection.fetch(CUSTOMERS, tenant, partner, first + 1)
            page = rows[:first]
            keys = [row["id"] for row in page]
            resources, (details, vouchers) = await asyncio.gather(
                connection.fetch(RESOURCES, tenant, keys),
                self._of_billing(principal, keys, asked["billingCycle"]),
            )
        below = (_grouped(resources), _grouped(details), _grouped(vouchers))
        data = {
            "customers": {
                "nodes": [
                    _customer(row, *(group.get(row["id"], ()) for group in below)) for row in page
                ],
                "pageInfo": {
                    "hasNextPage": len(rows) > first,
                    "endCursor": self._cursor(page[-1], principal) if page else None,
                },
            }
        }
        logger.info(
            "operation",
            request_id=caller.request_id,
            name="Customer360",
            subject=principal.subject,
            role=principal.role,
            tenant_id=str(tenant),
            partner_id=str(partner),
            code="OK",
            milliseconds=round((time.perf_counter() - started) * 1000, 2),
        )
        return web.Response(body=orjson.dumps({"data": data}), headers=HEADERS)

    async def _of_billing(
        self, principal: Principal, keys: Sequence[Any], cycle: str
    ) -> tuple[Sequence[Any], Sequence[Any]]:
        tenant, partner = principal.tenant_id, principal.partner_id
        month = cycle_from_text(cycle, field="billingCycle")
        async with _transaction(self._billing, principal) as connection:
            details = await connection.fetch(DETAILS, tenant, partner, keys, month)
            return details, await connection.fetch(VOUCHERS, tenant, keys)

    def _cursor(self, row: Mapping[str, Any], principal: Principal) -> str:
        order = customers_pb2.CUSTOMER_ORDER_ASSOCIATE_TIME_DESC
        request = customers_pb2.ListCustomersRequest(order_by=order)
        page = self._tokens.page(request, scope=principal.scope)
        return self._tokens.token(page, [row["associate_time"]], row["id"])


@asynccontextmanager
async def _transaction(pool: asyncpg.Pool, principal: Principal) -> AsyncIterator[Any]:
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        scope = principal.scope
        partner = "" if scope.partner_id is None else str(scope.partner_id)
        await connection.fetch(
            SAY_WHO, str(scope.tenant_id), partner, principal.role.value, principal.subject
        )
        yield connection


def _grouped(rows: Sequence[Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for row in rows:
        groups.setdefault(row["customer_id"], []).append(row)
    return groups


def _customer(
    row: Any, resources: Sequence[Any], details: Sequence[Any], vouchers: Sequence[Any]
) -> dict[str, Any]:
    return {
        "id": ids.to_text("cus", row["id"]),
        "name": row["name"],
        "accountName": row["account_name"],
        "associationType": row["association_type"],
        "associateTime": _time(row["associate_time"]),
        "level": row["level"],
        "tags": row["tags"],
        "monthToDateSpend": _money(row["spend"], row),
        "resources": {
            "nodes": [
                {
                    "cloudResourceId": each["cloud_resource_id"],
                    "resourceName": each["resource_name"],
                    "serviceTypeName": each["service_type_name"],
                    "state": each["state"],
                    "expireTime": _time(each["expire_time"]),
                }
                for each in resources[:5]
            ],
            "pageInfo": {"hasNextPage": len(resources) > 5},  # noqa: PLR2004 - the query's own
        },
        "consumptionDetails": {
            "nodes": [
                {
                    "serviceTypeName": each["service_type_name"],
                    "consumeTime": _time(each["consume_time"]),
                    "payableAmount": _money(each["payable"], each),
                }
                for each in details
            ]
        },
        "vouchers": {
            "nodes": [
                {
                    "faceValue": _money(each["face"], each),
                    "balance": _money(each["balance"], each),
                    "state": each["state"],
                    "expireTime": _time(each["expire_time"]),
                }
                for each in vouchers
            ]
        },
    }


def _money(amount: str, row: Any) -> dict[str, str]:
    return {"amount": amount, "currencyCode": row["currency_code"]}


def _time(value: datetime | None) -> str | None:
    if value is None:
        return None
    text = value.isoformat()
    if not value.microsecond:
        return f"{text[:19]}Z"
    return f"{text[:26] if value.microsecond % 1000 else text[:23]}Z"


async def run(settings: Settings, *, page_token_key: bytes) -> None:
    """Serve until told to stop."""
    keys = KeyDirectory(settings.oidc_jwks)
    authentication = Authentication(
        TokenReader(keys, issuer=settings.oidc_issuer, audience=settings.oidc_audience)
    )
    options: dict[str, Any] = {
        "min_size": POOL_SIZE,
        "max_size": POOL_SIZE,
        "server_settings": SERVER_SETTINGS,
    }
    async with (
        asyncpg.create_pool(os.environ["CUSTOMERS_DATABASE_URL"], **options) as customers,
        asyncpg.create_pool(os.environ["BILLING_DATABASE_URL"], **options) as billing,
    ):
        monolith = Monolith(
            authentication=authentication,
            tokens=PageTokens(page_token_key),
            customers=customers,
            billing=billing,
        )
        app = web.Application(middlewares=[access(Metrics())])
        app.on_response_prepare.append(finish_headers(settings))
        app.router.add_post("/customer-360", monolith.customer_360)
        await serve(app, settings)


if __name__ == "__main__":
    log.configure(human=False)
    key = Path(os.environ["PAGE_TOKEN_KEY"]).read_bytes().strip()
    uvloop.run(run(Settings.from_environment(os.environ), page_token_key=key))
