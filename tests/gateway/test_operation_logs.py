"""The operation logs as administrators see them, one list for each service."""

import pytest

from partner.customers.v1 import partners_pb2
from partner.type.v1 import operation_logs_pb2
from services.kit.config import SERVICES
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask

ASKED = {
    "operateTimeFrom": "2026-01-01T00:00:00Z",
    "operateTimeTo": "2026-02-01T00:00:00Z",
    "operator": "mei",
    "method": "partner.billing.v1.VoucherService/IssueVouchers",
    "thing": messages.an_id("cpn"),
}


@pytest.mark.parametrize("service", SERVICES)
async def test_operations_are_shown_with_who_did_them(service: str) -> None:
    partner = messages.a_partner()
    logged = operation_logs_pb2.OperationLog(
        request_id="r-1",
        id=messages.an_id("opl"),
        partner_id=partner.id,
        operate_time=messages.TIME,
        operator="mei",
        role="FINANCE",
        method=ASKED["method"],
        outcome="QUOTA_INSUFFICIENT",
        things=[ASKED["thing"]],
    )
    rpcs = Rpcs(
        ListOperationLogs=operation_logs_pb2.ListOperationLogsResponse(operation_logs=[logged]),
        BatchGetPartners=messages.found(
            partners_pb2.BatchGetPartnersResponse, "partners", [partner]
        ),
    )

    shown = await ask(
        f"""query ($filter: OperationLogFilter) {{
          {service}OperationLogs(filter: $filter, orderBy: OPERATE_TIME_ASC) {{ nodes {{
            requestId operateTime operator role method outcome things partner {{ name }}
          }} }}
        }}""",
        rpcs=rpcs,
        filter=ASKED,
    )

    assert shown.errors == []
    assert shown.data[f"{service}OperationLogs"]["nodes"] == [
        {
            "requestId": "r-1",
            "operateTime": "2026-05-28T20:26:40Z",
            "operator": "mei",
            "role": "FINANCE",
            "method": ASKED["method"],
            "outcome": "QUOTA_INSUFFICIENT",
            "things": [ASKED["thing"]],
            "partner": {"name": "Lakeside"},
        }
    ]
    request = rpcs.request("ListOperationLogs")
    assert {field.json_name for field, _ in request.filter.ListFields()} == set(ASKED)
    assert request.order_by == operation_logs_pb2.OPERATION_LOG_ORDER_OPERATE_TIME_ASC
