"""No read of incentives runs more statements because there are more parents or rows."""

from typing import Any

import pytest

from partner.type.v1 import options_pb2
from services.incentives.__main__ import SERVICERS
from services.kit.contract import Rpc
from services.kit.ids import new_id, to_text
from tests.builders.incentives import an_incentive, record
from tests.builders.principals import a_tenant, an_administrator, an_operator
from tests.builders.running import RunningService
from tests.builders.statements import statements
from tests.conftest import RunService

READS = [
    rpc
    for servicer in SERVICERS
    for name, rpc in servicer.rpcs.items()
    # Every service has the same list of operations; the kit's tests count it.
    if not getattr(servicer, name).declared.is_write and name != "ListOperationLogs"
]


@pytest.mark.parametrize("rpc", READS, ids=lambda rpc: rpc.name)
async def test_a_read_runs_one_statement_however_many_rows(running: RunService, rpc: Rpc) -> None:
    service = await running("incentives")

    few, of_few = await read(service, rpc, customers=1, lines=1)
    many, of_many = await read(service, rpc, customers=20, lines=10)

    assert many.ByteSize() > few.ByteSize() > 0
    assert (of_few, of_many) == (1, 1)


async def read(service: RunningService, rpc: Rpc, *, customers: int, lines: int) -> tuple[Any, int]:
    """Read what a new tenant has; give the response and how many statements it took."""
    tenant_id = a_tenant()
    customer_ids = [to_text("cus", new_id()) for _ in range(customers)]
    sent = [an_incentive(customer_id=id_) for id_ in customer_ids for _ in range(lines)]
    recorded = await service.call(record(*sent), principal=an_operator(tenant_id))
    ids = {"cus": customer_ids, "inc": [line.id for line in recorded.incentives]}
    request: Any = rpc.request()
    for field in request.DESCRIPTOR.fields:
        prefix = field.GetOptions().Extensions[options_pb2.resource]
        if field.is_repeated and prefix:
            getattr(request, field.name).extend(ids[prefix])
    with statements(service.database) as asked:
        response = await service.call(request, principal=an_administrator(tenant_id))
    return response, len(asked)
