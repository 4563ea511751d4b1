"""Two endpoints written by hand: what a careful engineer would write if there were no graph.

The same process, middleware, token verification, rpcs, masks, deadlines and log as the gateway has,
and nothing that a fixed query does not need.
"""

import asyncio
import time
from typing import Any, Final

import orjson
import structlog
from aiohttp import web
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from bench.parts.answers import one_of, page_of
from gateway.billing import consumption, vouchers
from gateway.clients import Clients
from gateway.customers import customers, resources
from gateway.http.access import REQUEST_ID, access, finish_headers
from gateway.http.authentication import Authentication
from gateway.http.caller import Caller
from gateway.http.metrics import Metrics
from gateway.kit.contract import Rpc
from gateway.kit.loading import READ_SECONDS, Calls
from gateway.settings import Settings
from partner.billing.v1 import consumption_pb2, vouchers_pb2
from partner.customers.v1 import customers_pb2, resources_pb2
from services.kit import deadlines
from services.kit.client import Channels

log = structlog.get_logger("gateway")

LIST_CUSTOMERS: Final = customers.CUSTOMERS["ListCustomers"]
GET_CUSTOMERS: Final = customers.CUSTOMERS["BatchGetCustomers"]
LIST_RESOURCES: Final = resources.RESOURCES["BatchListResources"]
LIST_DETAILS: Final = consumption.CONSUMPTION["BatchListConsumptionDetails"]
LIST_VOUCHERS: Final = vouchers.VOUCHERS["BatchListVouchers"]

CUSTOMER_MASK: Final = FieldMask(
    paths=[
        "id",
        "name",
        "account_name",
        "association_type",
        "associate_time",
        "level",
        "tags",
        "month_to_date_spend",
    ]
)
RESOURCE_MASK: Final = FieldMask(
    paths=["cloud_resource_id", "resource_name", "service_type_name", "state", "expire_time"]
)
DETAIL_MASK: Final = FieldMask(paths=["service_type_name", "consume_time", "payable_amount"])
VOUCHER_MASK: Final = FieldMask(paths=["face_value", "balance", "state", "expire_time"])
ONE_CUSTOMER_MASK: Final = FieldMask(paths=["id", "name", "level", "month_to_date_spend"])
ONE_VOUCHER_MASK: Final = FieldMask(paths=["balance", "state"])

HEADERS: Final = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-store",
}


class Handwritten:
    """The endpoints; each takes what the query of the same name takes as variables."""

    def __init__(
        self, channels: Channels, *, authentication: Authentication, seconds: float
    ) -> None:
        self._clients = Clients(channels)
        self._authentication = authentication
        self._seconds = seconds

    async def customer_360(self, request: web.Request) -> web.Response:
        started = time.perf_counter()
        caller, asked = await self._begin(request)
        calls = self._clients.speaking_for(caller.principal)
        page: Any = await _ask(
            calls,
            LIST_CUSTOMERS,
            customers_pb2.ListCustomersRequest(
                page_size=asked["first"],
                order_by=customers_pb2.CUSTOMER_ORDER_ASSOCIATE_TIME_DESC,
                with_item_tokens=True,
                read_mask=CUSTOMER_MASK,
            ),
        )
        keys = [customer.id for customer in page.customers]
        below = await asyncio.gather(
            _ask(
                calls,
                LIST_RESOURCES,
                resources_pb2.BatchListResourcesRequest(
                    customer_ids=keys, page_size=5, read_mask=RESOURCE_MASK
                ),
            ),
            _ask(
                calls,
                LIST_DETAILS,
                consumption_pb2.BatchListConsumptionDetailsRequest(
                    customer_ids=keys,
                    page_size=10,
                    filter=consumption_pb2.ConsumptionFilter(billing_cycle=asked["billingCycle"]),
                    read_mask=DETAIL_MASK,
                ),
            ),
            _ask(
                calls,
                LIST_VOUCHERS,
                vouchers_pb2.BatchListVouchersRequest(
                    customer_ids=keys, page_size=3, read_mask=VOUCHER_MASK
                ),
            ),
        )
        return self._answer(caller, page_of(page, *below), name="Customer360", started=started)

    async def one(self, request: web.Request) -> web.Response:
        started = time.perf_counter()
        caller, asked = await self._begin(request)
        calls = self._clients.speaking_for(caller.principal)
        keys = [asked["id"]]
        found: Any = await _ask(
            calls,
            GET_CUSTOMERS,
            customers_pb2.BatchGetCustomersRequest(ids=keys, read_mask=ONE_CUSTOMER_MASK),
        )
        if not found.customers:
            return self._answer(caller, {"customer": None}, name="One", started=started)
        below: Any = await _ask(
            calls,
            LIST_VOUCHERS,
            vouchers_pb2.BatchListVouchersRequest(
                customer_ids=keys, page_size=1, read_mask=ONE_VOUCHER_MASK
            ),
        )
        return self._answer(caller, one_of(found, below), name="One", started=started)

    async def _begin(self, request: web.Request) -> tuple[Caller, dict[str, Any]]:
        """Say who asks and what, and let the time run."""
        caller = await self._authentication.caller(
            request.headers, request_id=request[REQUEST_ID], transport="http"
        )
        asked: dict[str, Any] = orjson.loads(await request.read())
        deadlines.set_remaining(self._seconds)
        return caller, asked

    def _answer(
        self, caller: Caller, data: dict[str, Any], *, name: str, started: float
    ) -> web.Response:
        principal = caller.principal
        log.info(
            "operation",
            request_id=caller.request_id,
            transport=caller.transport,
            name=name,
            subject=principal.subject,
            role=principal.role,
            tenant_id=str(principal.tenant_id or ""),
            partner_id=str(principal.partner_id or ""),
            code="OK",
            milliseconds=round((time.perf_counter() - started) * 1000, 2),
        )
        return web.Response(body=orjson.dumps({"data": data}), headers=HEADERS)


async def _ask(calls: Calls, rpc: Rpc, request: Message) -> Any:
    return rpc.response.FromString(await calls(rpc, request, timeout=READ_SECONDS))


def make_app(
    settings: Settings, channels: Channels, *, authentication: Authentication
) -> web.Application:
    """Make the application, with what surrounds every request of the gateway."""
    endpoints = Handwritten(
        channels, authentication=authentication, seconds=settings.limits.execution_seconds
    )
    app = web.Application(middlewares=[access(Metrics())])
    app.on_response_prepare.append(finish_headers(settings))
    app.router.add_post("/customer-360", endpoints.customer_360)
    app.router.add_post("/one", endpoints.one)
    return app
