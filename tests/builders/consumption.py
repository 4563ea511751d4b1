"""FOCUS files, the customers service's end of an import, and a billing service that imports."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from partner.billing.v1 import consumption_pb2
from partner.customers.v1 import (
    customers_pb2,
    customers_pb2_grpc,
    resources_pb2,
    resources_pb2_grpc,
)
from partner.type.v1 import money_pb2, terms_pb2
from services.billing.consumption.charges import Charge
from services.billing.consumption.focus import FocusReader, SkippedRow
from services.billing.consumption.servicer import ConsumptionServicer
from services.billing.links import operations as links
from services.billing.peers import Customers
from services.kit import ids
from services.kit.client import Caller, TokenSource
from services.kit.database import Database
from services.kit.errors import InvalidArgument, Unavailable
from services.kit.identity import Principal
from services.kit.money import Money
from services.kit.paging import PageTokens
from services.kit.rpc import Call, Servicer, read
from tests.builders.keys import Keys
from tests.builders.principals import a_system
from tests.builders.running import RunningService

SAMPLE = Path(__file__).parents[2] / "examples" / "focus" / "focus_1.0_sample.csv"
NOW = datetime(2024, 10, 20, 3, 0, tzinfo=UTC)
PIECE_BYTES = 64 * 1024

# An ordinary line; tests say what is different about theirs.
ORDINARY = {
    "BilledCost": "1.5",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2024-09-01 00:00:00",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2024-09-10 08:00:00",
    "ChargePeriodEnd": "2024-09-10 09:00:00",
    "ListCost": "2",
    "ProviderName": "Cloud",
    "ServiceName": "Elastic Cloud Server",
    "SubAccountId": "4711",
    "SubAccountName": "Atlas Nimbus",
}


def a_row(**cells: str) -> dict[str, str]:
    return ORDINARY | cells


def a_file(*rows: Mapping[str, str], delimiter: str = ",") -> bytes:
    """Write rows as a FOCUS file; its columns are those that any row names."""
    names = list(dict.fromkeys(name for row in rows or [ORDINARY] for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, restval="NULL", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read_file(data: bytes, *, now: datetime = NOW) -> tuple[list[Charge], list[SkippedRow]]:
    """Read a whole file; give its charges and its flaws."""
    rows = list(FocusReader(now=now).feed(data, is_last=True))
    charges = [row for row in rows if isinstance(row, Charge)]
    return charges, [row for row in rows if isinstance(row, SkippedRow)]


def a_charge(**cells: str) -> Charge:
    charges, flaws = read_file(a_file(a_row(**cells)))
    assert not flaws, flaws
    return charges[0]


def a_flaw(**cells: str) -> SkippedRow:
    charges, flaws = read_file(a_file(a_row(**cells)))
    assert not charges, charges
    return flaws[0]


class CustomersEnd:
    """What the customers service knows, and what it was told."""

    def __init__(self, *, currency_code: str = "USD") -> None:
        self.currency_code = currency_code
        self.customers: dict[tuple[UUID, str, str], customers_pb2.Customer] = {}
        self.resources: dict[tuple[str, str], resources_pb2.Resource] = {}
        self.spends: dict[str, customers_pb2.CustomerSpend] = {}
        self.calls: list[str] = []

    def customer_id(self, tenant_id: UUID, external_id: str, *, platform: str = "cloud") -> str:
        return self.customers[tenant_id, platform, external_id].id


class FakeCustomers(Servicer, customers_pb2_grpc.CustomerServiceServicer):
    """The customers service at the edge of billing's process, over a real socket."""

    def __init__(self, database: Database, pages: PageTokens, *, end: CustomersEnd) -> None:
        super().__init__(database, pages)
        self._end = end

    @read()
    async def EnsureCustomers(self, request: Any, call: Call) -> Any:  # noqa: N802 - the rpc's name
        self._end.calls.append("EnsureCustomers")
        response = customers_pb2.EnsureCustomersResponse()
        for index, wanted in enumerate(request.customers):
            if wanted.external_id == "refused":
                raise InvalidArgument("is not wanted", field=f"customers[{index}].external_id")
            if wanted.external_id == "down":
                raise Unavailable("down for a moment")
            key = (call.scope.tenant_id, wanted.external_platform, wanted.external_id)
            if key not in self._end.customers:
                response.created_count += 1
                self._end.customers[key] = self._created(wanted, call.scope.tenant_id)
            response.customers.append(self._end.customers[key])
        return response

    @read()
    async def RecordCustomerSpend(self, request: Any, call: Call) -> Any:  # noqa: N802, ARG002
        self._end.calls.append("RecordCustomerSpend")
        for index, spend in enumerate(request.spends):
            Money.from_message(spend.amount, field=f"spends[{index}].amount")
        for spend in request.spends:
            self._end.spends[spend.customer_id] = spend
        return customers_pb2.RecordCustomerSpendResponse()

    def _created(self, wanted: Any, tenant_id: UUID) -> customers_pb2.Customer:
        return customers_pb2.Customer(
            id=ids.to_text("cus", ids.new_id()),
            account_name=wanted.account_name or wanted.external_id,
            name=wanted.name if wanted.HasField("name") else None,
            association_type=wanted.association_type or terms_pb2.ASSOCIATION_TYPE_RESALE,
            associate_time=wanted.associate_time,
            partner_id=wanted.indirect_partner_id or ids.to_text("ptr", tenant_id),
            external_id=wanted.external_id,
            external_platform=wanted.external_platform,
            month_to_date_spend=money_pb2.Money(amount="0", currency_code=self._end.currency_code),
        )

    async def _unused(self, request: Any, context: Any) -> Any:
        raise NotImplementedError

    _unused.declared = EnsureCustomers.declared  # type: ignore[attr-defined]
    BatchGetCustomers = CountCustomers = GetCustomer = ListCustomers = _unused
    RevealCustomers = UpdateCustomer = _unused


class FakeResources(Servicer, resources_pb2_grpc.ResourceServiceServicer):
    """The resources at the edge of billing's process."""

    def __init__(self, database: Database, pages: PageTokens, *, end: CustomersEnd) -> None:
        super().__init__(database, pages)
        self._end = end

    @read()
    async def EnsureResources(self, request: Any, call: Call) -> Any:  # noqa: N802, ARG002
        self._end.calls.append("EnsureResources")
        for index, resource in enumerate(request.resources):
            if resource.cloud_resource_id == "refused":
                path = f"resources[{index}].cloud_resource_id"
                raise InvalidArgument("is not wanted", field=path)
        before = len(self._end.resources)
        for resource in request.resources:
            key = (resource.customer_id, resource.cloud_resource_id)
            self._end.resources.setdefault(key, resource)
        return resources_pb2.EnsureResourcesResponse(
            created_count=len(self._end.resources) - before
        )

    async def _unused(self, request: Any, context: Any) -> Any:
        raise NotImplementedError

    _unused.declared = EnsureResources.declared  # type: ignore[attr-defined]
    BatchGetResources = ListResources = BatchListResources = _unused


class ImportingBilling(RunningService):
    """A billing service that takes imports, and the end at which it makes customers."""

    def __init__(self, *args: Any, end: CustomersEnd, customers: Customers, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.end = end
        self.customers = customers

    async def import_file(
        self,
        data: bytes,
        *,
        principal: Principal,
        file_name: str = "focus.csv",
        **header: Any,
    ) -> consumption_pb2.ImportConsumptionResponse:
        """Import a file as the command line does: a header, then pieces."""
        requests = import_requests(data, file_name=file_name, **header)
        response: consumption_pb2.ImportConsumptionResponse = await self.stream(
            requests, of=consumption_pb2.ImportConsumptionRequest, principal=principal
        )
        return response


def import_requests(
    data: bytes, *, request_id: str = "import-1", **header: Any
) -> Sequence[consumption_pb2.ImportConsumptionRequest]:
    first = consumption_pb2.ImportConsumptionRequest(
        header=consumption_pb2.ImportHeader(request_id=request_id, **header)
    )
    pieces = [data[start : start + PIECE_BYTES] for start in range(0, len(data), PIECE_BYTES)]
    return [first, *[consumption_pb2.ImportConsumptionRequest(data=piece) for piece in pieces]]


@asynccontextmanager
async def importing_billing(
    database: Database, *, pages: PageTokens, keys: Keys, currency_code: str = "USD"
) -> AsyncIterator[ImportingBilling]:
    """Run billing's consumption on a port, with a customers service of its own behind it."""
    end = CustomersEnd(currency_code=currency_code)
    behind = RunningService(
        "customers",
        [FakeCustomers(database, pages, end=end), FakeResources(database, pages, end=end)],
        database=database,
        keys=keys,
    )
    await behind.start()
    tokens = TokenSource(keys.signers["billing"])
    caller = Caller("customers", f"127.0.0.1:{behind.server.port}", tokens=tokens)
    customers = Customers(caller)
    billing = ImportingBilling(
        "billing",
        [ConsumptionServicer(database, pages, customers=customers)],
        database=database,
        keys=keys,
        end=end,
        customers=customers,
    )
    await billing.start()
    try:
        yield billing
    finally:
        await billing.stop()
        await caller.close()
        await behind.stop()


async def put_link(database: Database, *, tenant_id: UUID, customer_id: str, **link: Any) -> None:
    """Say how a customer is linked now, as the customers service would push it."""
    values = {
        "customer_id": ids.from_text("cus", customer_id, field="id"),
        "version": 1,
        "partner_id": tenant_id,
        "partner_name": "Root Partner",
        "association_type": "RESALE",
        "account_manager_id": None,
        "account_manager_name": None,
        "customer_name": "Atlas Nimbus",
        "account_name": "atlas",
    }
    async with database.transaction(a_system(tenant_id)) as session:
        await links.put_customer_links(session, tenant_id=tenant_id, links=[values | link])
