"""Puts programs together: settings, database, servicers, jobs; serves or migrates."""

from collections.abc import Sequence

from partner.programs.v1 import operation_logs_pb2_grpc
from services.kit.jobs import Job
from services.kit.operation_list import listing
from services.kit.rpc import Servicer
from services.kit.seals import sealing
from services.kit.server import Parts, run
from services.programs.programs.jobs import EXPIRE_MEMBERSHIPS
from services.programs.programs.servicer import ProgramServicer
from services.programs.tables import Operation


class OperationLogServicer(Servicer, operation_logs_pb2_grpc.OperationLogServiceServicer):
    ListOperationLogs = listing(Operation)


# One line for each slice.
SERVICERS: Sequence[type[Servicer]] = (ProgramServicer, OperationLogServicer)


def compose(parts: Parts) -> tuple[list[Servicer], list[Job]]:
    """Make what this process runs."""
    servicers = [servicer(parts.database, parts.pages) for servicer in SERVICERS]
    return servicers, [EXPIRE_MEMBERSHIPS, sealing("programs")]


if __name__ == "__main__":
    run("programs", compose)
