"""No read of programs runs more statements because there are more programs or rows."""

from typing import Any

import pytest

from partner.type.v1 import options_pb2
from services.kit.contract import Rpc
from services.kit.ids import to_text
from services.programs.__main__ import SERVICERS
from tests.builders.principals import a_tenant, an_administrator, an_operator
from tests.builders.programs import a_membership, a_program, an_application
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
    service = await running("programs")

    few, of_few = await read(service, rpc, programs=1, rows=1)
    many, of_many = await read(service, rpc, programs=20, rows=10)

    assert many.ByteSize() > few.ByteSize() > 0
    assert (of_few, of_many) == (1, 1)


async def read(service: RunningService, rpc: Rpc, *, programs: int, rows: int) -> tuple[Any, int]:
    """Read what a new tenant has; give the response and how many statements it took."""
    tenant_id = a_tenant()
    things: dict[str, list[Any]] = {
        "prg": [a_program(tenant_id, code=f"P{number}") for number in range(programs)]
    }
    things["app"] = [an_application(one) for one in things["prg"] for _ in range(rows)]
    things["mem"] = [a_membership(one) for one in things["prg"] for _ in range(rows)]
    async with service.database.transaction(an_operator(tenant_id)) as session:
        for kind in things.values():
            session.add_all(kind)
            await session.flush()
    request: Any = rpc.request()
    for field in request.DESCRIPTOR.fields:
        prefix = field.GetOptions().Extensions[options_pb2.resource]
        if field.is_repeated and prefix:
            ids = [to_text(prefix, thing.id) for thing in things[prefix]]
            getattr(request, field.name).extend(ids)
    with statements(service.database) as asked:
        response = await service.call(request, principal=an_administrator(tenant_id))
    return response, len(asked)
