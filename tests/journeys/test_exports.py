"""A file from the browser's point of view: asked for, watched, downloaded by its link."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest_asyncio

from services.kit import ids
from services.kit.identity import Principal
from tests.builders import exports
from tests.builders.graphs import Graph
from tests.builders.principals import an_administrator
from tests.builders.running import RunningService
from tests.builders.spending import Spending, a_spending_tenant

CREATE = """
mutation($input: CreateBillingExportInput!) {
  createBillingExport(input: $input) {
    export { id kind format state rowsDone rowsTotal fileName downloadUrl }
    userErrors { message field ... on BillingUserError { code } }
  }
}
"""
WATCH = """
subscription($id: ID!) {
  exportProgress(id: $id) { __typename id state rowsDone rowsTotal downloadUrl }
}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def spending(services: dict[str, RunningService]) -> Spending:
    return await a_spending_tenant(services["billing"], customers=3, each=4)


def an_input(spending: Spending, **fields: Any) -> dict[str, Any]:
    reseller = ids.to_text("ptr", spending.reseller_id)
    narrowed = {"billingCycle": "2024-09", "indirectPartnerId": reseller}
    return {"requestId": str(uuid4()), "list": {"consumptionDetails": narrowed}} | fields


async def create(graph: Graph, spending: Spending, **fields: Any) -> Any:
    answer = await graph.data(
        CREATE, principal=an_administrator(spending.tenant), input=an_input(spending, **fields)
    )
    return answer["createBillingExport"]


async def test_an_export_is_watched_over_a_socket_and_downloaded_by_its_link(
    graph: Graph, services: dict[str, RunningService], spending: Spending
) -> None:
    billing, administrator = services["billing"], an_administrator(spending.tenant)
    export = (await create(graph, spending))["export"]

    watching = asyncio.create_task(watched(graph, export["id"], principal=administrator))
    await asyncio.sleep(0.2)
    await exports.write_all(billing, part_rows=5)
    events = await watching
    status, headers, file = await graph.download(events[-1]["downloadUrl"])

    assert (export["state"], export["rowsTotal"], export["downloadUrl"]) == ("QUEUED", None, None)
    assert [event["state"] for event in (events[0], events[-1])] == ["QUEUED", "COMPLETED"]
    assert (events[-1]["rowsDone"], events[-1]["rowsTotal"]) == (12, 12)
    assert status == 200
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == f'attachment; filename="{export["fileName"]}"'
    assert len(file.decode("utf-8-sig").splitlines()) == 13


async def watched(graph: Graph, id_: str, *, principal: Principal) -> list[Any]:
    """Follow an export as GraphiQL does, until the gateway says that it is complete."""
    events: list[Any] = []
    async with graph.socket() as socket:
        headers = {name.lower(): value for name, value in graph.headers(principal).items()}
        await socket.send_json({"type": "connection_init", "payload": headers})
        assert (await socket.receive_json())["type"] == "connection_ack"
        payload = {"query": WATCH, "variables": {"id": id_}}
        await socket.send_json({"id": "1", "type": "subscribe", "payload": payload})
        async for received in socket:
            message = json.loads(received.data)
            if message["type"] != "next":
                assert message["type"] == "complete", message
                break
            assert "errors" not in message["payload"], message
            events.append(message["payload"]["data"]["exportProgress"])
    return events
