"""The list of operations, in every service: what administrators find in it, and others do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from partner.type.v1.operation_logs_pb2 import (
    OPERATION_LOG_ORDER_OPERATE_TIME_ASC,
    ListOperationLogsRequest,
    OperationLog,
    OperationLogFilter,
)
from services.kit import ids
from services.kit.config import SERVICES
from services.kit.identity import Principal
from services.kit.operation_log import append, described
from tests.builders.principals import (
    a_customers_user,
    a_finance_operator,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService
from tests.builders.statements import statements
from tests.conftest import RunService

EVERY = pytest.mark.parametrize("service", SERVICES)
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
VOUCHER = ids.to_text("cpn", ids.new_id())


@dataclass
class Log:
    """The log of a new tenant in one service."""

    service: RunningService
    tenant_id: UUID

    async def write(self, principal: Principal, *, day: int = 0, **said: Any) -> None:
        values = described(
            principal, operate_time=BEGIN + timedelta(days=day), outcome="OK", said=[]
        )
        defaults = {"tenant_id": self.tenant_id, "method": "m", "request_id": "r"}
        async with self.service.database.transaction(principal) as session:
            await append(session, values | defaults | {"request_hash": bytes(32)} | said)

    async def list(
        self, *, principal: Principal | None = None, **asked: Any
    ) -> Sequence[OperationLog]:
        request = ListOperationLogsRequest(**asked)
        answer = await self.service.call(
            request, principal=principal or an_administrator(self.tenant_id)
        )
        listed: Sequence[OperationLog] = answer.operation_logs
        return listed


@pytest.fixture
def tenant() -> UUID:
    return a_tenant()


def at(day: int) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(BEGIN + timedelta(days=day))
    return timestamp


@EVERY
async def test_an_administrator_sees_who_did_what(
    running: RunService, tenant: UUID, service: str
) -> None:
    log = Log(await running(service), tenant)
    finance = a_finance_operator(tenant)
    await log.write(finance, method="s/Issue", request_id="one", things=[VOUCHER])

    [found] = await log.list()

    assert ids.from_text("opl", found.id, field="id")
    assert found == OperationLog(
        id=found.id,
        partner_id=ids.to_text("ptr", tenant),
        operate_time=at(0),
        operator="finance",
        role="FINANCE",
        method="s/Issue",
        request_id="one",
        outcome="OK",
        things=[VOUCHER],
    )


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        (OperationLogFilter(), ["five", "four", "three", "two", "one"]),
        (OperationLogFilter(operate_time_from=at(2), operate_time_to=at(4)), ["four", "three"]),
        (OperationLogFilter(operator="finance"), ["three"]),
        (OperationLogFilter(method="s/Issue"), ["four"]),
        (OperationLogFilter(thing=VOUCHER), ["five", "two"]),
    ],
)
async def test_a_list_is_narrowed_by_time_operator_method_and_thing(
    running: RunService, tenant: UUID, narrowed: OperationLogFilter, expected: list[str]
) -> None:
    log = Log(await running("billing"), tenant)
    administrator = an_administrator(tenant)
    await log.write(administrator, day=0, request_id="one")
    await log.write(administrator, day=1, request_id="two", things=[VOUCHER])
    await log.write(a_finance_operator(tenant), day=2, request_id="three")
    await log.write(administrator, day=3, request_id="four", method="s/Issue")
    await log.write(administrator, day=4, request_id="five", things=["cus_x", VOUCHER])

    found = await log.list(filter=narrowed)
    turned = await log.list(filter=narrowed, order_by=OPERATION_LOG_ORDER_OPERATE_TIME_ASC)

    assert [one.request_id for one in found] == expected
    assert list(turned) == list(reversed(found))


async def test_pages_go_on_where_they_ended(running: RunService, tenant: UUID) -> None:
    service = await running("billing")
    log = Log(service, tenant)
    for day in range(5):
        await log.write(an_administrator(tenant), day=day, request_id=str(day))
    request = ListOperationLogsRequest(page_size=2)
    found: list[str] = []

    while True:
        page = await service.call(request, principal=an_administrator(tenant))
        found += [one.request_id for one in page.operation_logs]
        request.page_token = page.next_page_token
        if not request.page_token:
            break

    assert found == ["4", "3", "2", "1", "0"]


async def test_a_stream_has_no_request_id(running: RunService, tenant: UUID) -> None:
    log = Log(await running("billing"), tenant)
    await log.write(an_operator(tenant), request_id=None)

    [found] = await log.list(read_mask={"paths": ["request_id", "operator"]})

    assert not found.HasField("request_id")
    assert found == OperationLog(operator="operator")


async def test_a_reseller_sees_its_own_operations_only(running: RunService, tenant: UUID) -> None:
    log = Log(await running("billing"), tenant)
    reseller = an_administrator(tenant, partner_id=ids.new_id())
    await log.write(an_administrator(tenant), request_id="roots")
    await log.write(reseller, request_id="resellers")

    assert [one.request_id for one in await log.list(principal=reseller)] == ["resellers"]
    assert len(await log.list()) == 2
    assert len(await log.list(principal=an_operator(tenant))) == 2
    assert await log.list(principal=an_administrator(a_tenant())) == []


@EVERY
async def test_others_than_administrators_see_none(
    running: RunService, tenant: UUID, service: str
) -> None:
    for principal in (
        a_finance_operator(tenant),
        an_account_manager(tenant, account_manager_id=ids.new_id()),
        a_customers_user(tenant, customer_id=ids.new_id()),
    ):
        refusal = await (await running(service)).refusal(
            ListOperationLogsRequest(), principal=principal
        )
        assert refusal.code == "PERMISSION_DENIED"


async def test_a_thing_that_is_no_id_is_refused(running: RunService, tenant: UUID) -> None:
    request = ListOperationLogsRequest(filter=OperationLogFilter(thing="13912345678"))

    refusal = await (await running("billing")).refusal(request, principal=an_administrator(tenant))

    assert refusal.violations == [("filter.thing", "must be an id")]


@EVERY
async def test_a_list_is_one_statement_whatever_is_asked_of_it(
    running: RunService, tenant: UUID, service: str
) -> None:
    log = Log(await running(service), tenant)
    for _ in range(3):
        await log.write(an_administrator(tenant), things=[VOUCHER])
    await log.list()

    for field in OperationLog.DESCRIPTOR.fields_by_name:
        with statements(log.service.database) as asked:
            found = await log.list(read_mask={"paths": [field]})

        assert len(asked) == 1
        assert {tuple(one.name for one, _ in row.ListFields()) for row in found} == {(field,)}
