"""The operation logs of the four services (操作日志): who wrote what, for administrators."""

from enum import Enum

import strawberry

from gateway.customers.partners import Partner
from gateway.kit.contract import rpcs
from gateway.kit.inputs import takes
from gateway.kit.lists import listing
from gateway.kit.nodes import one
from gateway.kit.pages import Connection
from gateway.kit.scalars import DateTime
from gateway.kit.shows import shows
from gateway.kit.words import words
from partner.billing.v1 import operation_logs_pb2 as billing_pb2
from partner.customers.v1 import operation_logs_pb2 as customers_pb2
from partner.incentives.v1 import operation_logs_pb2 as incentives_pb2
from partner.programs.v1 import operation_logs_pb2 as programs_pb2
from partner.type.v1 import operation_logs_pb2

_IN_BILLING = rpcs(billing_pb2.DESCRIPTOR, "OperationLogService")
_IN_CUSTOMERS = rpcs(customers_pb2.DESCRIPTOR, "OperationLogService")
_IN_INCENTIVES = rpcs(incentives_pb2.DESCRIPTOR, "OperationLogService")
_IN_PROGRAMS = rpcs(programs_pb2.DESCRIPTOR, "OperationLogService")


@words(operation_logs_pb2.OperationLogOrder)
class OperationLogOrder(Enum):
    """Filled from the contract."""


@shows(operation_logs_pb2.OperationLog)
class OperationLog:
    request_id: strawberry.ID | None
    operate_time: DateTime
    operator: str
    role: str
    method: str
    outcome: str
    things: list[str]
    partner: Partner | None = one("partner_id")


@takes(operation_logs_pb2.OperationLogFilter)
class OperationLogFilter:
    operate_time_from: DateTime | None
    operate_time_to: DateTime | None
    operator: str | None
    method: str | None
    thing: str | None


@strawberry.type
class OperationLogQuery:
    """One list for each service: each keeps its own log, in an order of its own."""

    billing_operation_logs: Connection[OperationLog] | None = listing(
        _IN_BILLING["ListOperationLogs"]
    )
    customers_operation_logs: Connection[OperationLog] | None = listing(
        _IN_CUSTOMERS["ListOperationLogs"]
    )
    incentives_operation_logs: Connection[OperationLog] | None = listing(
        _IN_INCENTIVES["ListOperationLogs"]
    )
    programs_operation_logs: Connection[OperationLog] | None = listing(
        _IN_PROGRAMS["ListOperationLogs"]
    )
