"""How often a read asks the database: as often for one parent with one row as for many."""

from google.protobuf.message import Message

from services.customers.exports.servicer import ExportServicer
from tests.builders.customer_reads import READS, Holdings, fill_tenant
from tests.builders.running import RunningService
from tests.builders.statements import statements


def test_every_read_rpc_is_counted(service: RunningService) -> None:
    reads = {
        name
        for servicer in service.servicers
        # The same in every service, and counted in billing's tests of them.
        if not isinstance(servicer, ExportServicer)
        for name in type(servicer).rpcs
        if not getattr(type(servicer), name).declared.is_write
    }

    # Every service has the same list of operations; the kit's tests count it.
    assert reads - {"ListOperationLogs"} == READS.keys()


async def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(
    service: RunningService,
) -> None:
    few = await fill_tenant(service, parents=1, rows=1)
    many = await fill_tenant(service, parents=20, rows=10)

    counts = [
        {
            rpc: await count_statements(service, request(held), held)
            for rpc, request in READS.items()
        }
        for held in (few, many)
    ]

    # Who names a reseller is asked first whether it is the caller's.
    names_a_reseller = {"ListCustomers", "CountCustomers"}
    assert counts[0] == {rpc: 2 if rpc in names_a_reseller else 1 for rpc in READS}
    assert counts[1] == counts[0]


async def count_statements(service: RunningService, request: Message, held: Holdings) -> int:
    with statements(service.database) as asked:
        await service.call(request, principal=held.principal)
    return len(asked)
