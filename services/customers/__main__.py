"""Puts customers together: settings, database, servicers, jobs; serves or migrates."""

from collections.abc import Sequence

from partner.customers.v1 import exports_pb2, operation_logs_pb2_grpc
from services.customers.account_managers.servicer import AccountManagerServicer
from services.customers.customers.jobs import customer_jobs
from services.customers.customers.servicer import CustomerServicer
from services.customers.exports.messages import LISTS
from services.customers.exports.model import TABLES
from services.customers.exports.servicer import ExportServicer
from services.customers.partners.servicer import PartnerServicer
from services.customers.peers import billing_put_links
from services.customers.resources.servicer import ResourceServicer
from services.customers.tables import Operation
from services.kit.exports.jobs import export_jobs
from services.kit.exports.lists import Exports
from services.kit.exports.storage import DirectoryStorage
from services.kit.jobs import Job
from services.kit.operation_list import listing
from services.kit.rpc import Servicer
from services.kit.seals import sealing
from services.kit.server import Parts, run


class OperationLogServicer(Servicer, operation_logs_pb2_grpc.OperationLogServiceServicer):
    ListOperationLogs = listing(Operation)


# One line for each slice.
SERVICERS: Sequence[type[Servicer]] = (
    PartnerServicer,
    AccountManagerServicer,
    CustomerServicer,
    ResourceServicer,
    OperationLogServicer,
)


def compose(parts: Parts) -> tuple[list[Servicer], list[Job]]:
    """Make what this process runs."""
    servicers = [servicer(parts.database, parts.pages) for servicer in SERVICERS]
    exports = Exports(
        service="customers",
        tables=TABLES,
        lists=LISTS,
        chooses=exports_pb2.ExportedList,
        storage=DirectoryStorage(parts.settings.export_directory / "customers"),
        rows_max=parts.settings.export_rows_max,
    )
    servicers.append(ExportServicer(parts.database, parts.pages, exports=exports))
    jobs = customer_jobs(billing_put_links(parts.channels))
    return servicers, [*jobs, *export_jobs(exports), sealing("customers")]


if __name__ == "__main__":
    run("customers", compose)
