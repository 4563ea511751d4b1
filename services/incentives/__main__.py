"""Puts incentives together: settings, database, servicers, jobs; serves or migrates."""

from collections.abc import Sequence

from partner.incentives.v1 import exports_pb2, operation_logs_pb2_grpc
from services.incentives.exports.messages import LISTS
from services.incentives.exports.model import TABLES
from services.incentives.exports.servicer import ExportServicer
from services.incentives.incentives.servicer import IncentiveServicer
from services.incentives.tables import Operation
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
SERVICERS: Sequence[type[Servicer]] = (IncentiveServicer, OperationLogServicer)


def compose(parts: Parts) -> tuple[list[Servicer], list[Job]]:
    """Make what this process runs."""
    servicers = [servicer(parts.database, parts.pages) for servicer in SERVICERS]
    exports = Exports(
        service="incentives",
        tables=TABLES,
        lists=LISTS,
        chooses=exports_pb2.ExportedList,
        storage=DirectoryStorage(parts.settings.export_directory / "incentives"),
        rows_max=parts.settings.export_rows_max,
    )
    servicers.append(ExportServicer(parts.database, parts.pages, exports=exports))
    return servicers, [*export_jobs(exports), sealing("incentives")]


if __name__ == "__main__":
    run("incentives", compose)
