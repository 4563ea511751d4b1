"""A file from the browser's point of view: asked for, watched, downloaded by its link."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest_asyncio

from services.kit import ids
from services.kit.identity import Principal
from tests.builders import exports
from tests.builders.graphs import Graph
from tests.builders.principals import a_tenant, an_administrator
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


async def test_a_workbook_is_downloaded_by_its_link(
    graph: Graph, services: dict[str, RunningService], spending: Spending
) -> None:
    administrator = an_administrator(spending.tenant)
    export = (await create(graph, spending, format="XLSX"))["export"]
    await exports.write_all(services["billing"])

    link = await link_to(graph, export["id"], principal=administrator)
    status, headers, file = await graph.download(link)

    assert status == 200
    assert headers["Content-Type"].endswith("spreadsheetml.sheet")
    assert file.startswith(b"PK")


async def test_a_refusal_names_the_input_at_fault(graph: Graph, spending: Spending) -> None:
    soon = {"consumptionDetails": {"billingCycle": "soon"}}
    both = {"consumptionDetails": {"billingCycle": "2024-09"}, "vouchers": {}}
    administrator = an_administrator(spending.tenant)

    payload = await create(graph, spending, list=soon)
    answer = await graph(CREATE, principal=administrator, input=an_input(spending, list=both))

    assert payload["export"] is None
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        ("INVALID_ARGUMENT", "input.list.consumptionDetails.billingCycle")
    ]
    assert answer.error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_link_is_good_for_its_file_and_its_requester_only(
    graph: Graph, services: dict[str, RunningService], spending: Spending
) -> None:
    administrator, stranger = an_administrator(spending.tenant), an_administrator(a_tenant())
    export = (await create(graph, spending))["export"]
    await exports.write_all(services["billing"])
    link, now = await link_to(graph, export["id"], principal=administrator), datetime.now(UTC)

    other_file = link.replace(export["id"], ids.to_text("exb", ids.new_id()))
    without_ticket = link.partition("?")[0]
    of_a_stranger = graph.links.path_to(export["id"], principal=stranger, now=now)
    too_late = graph.links.path_to(
        export["id"], principal=administrator, now=now - timedelta(minutes=15)
    )
    answers = [
        await graph.download(one) for one in (other_file, without_ticket, too_late, of_a_stranger)
    ]

    assert [status for status, _, _ in answers] == [403, 403, 403, 404]
    assert json.loads(answers[-1][2]) == {
        "errors": [{"message": "export not found", "extensions": {"code": "NOT_FOUND"}}]
    }
    assert await link_to(graph, export["id"], principal=stranger) is None


async def test_a_link_to_what_is_not_finished_is_a_conflict(
    graph: Graph, services: dict[str, RunningService], spending: Spending
) -> None:
    administrator = replace(an_administrator(spending.tenant), subject="impatient")
    answer = await graph.data(CREATE, principal=administrator, input=an_input(spending))
    id_ = answer["createBillingExport"]["export"]["id"]
    link = graph.links.path_to(id_, principal=administrator, now=datetime.now(UTC))

    status, _, body = await graph.download(link)

    assert (status, json.loads(body)["errors"][0]["extensions"]["code"]) == (409, "CONFLICT")


async def test_somebody_elses_export_can_not_be_watched(
    graph: Graph, services: dict[str, RunningService], spending: Spending
) -> None:
    export = (await create(graph, spending))["export"]
    await exports.write_all(services["billing"])

    foreign = await refusals(graph, export["id"], principal=an_administrator(a_tenant()))
    other = ids.to_text("cus", ids.new_id())
    no_export = await refusals(graph, other, principal=an_administrator(spending.tenant))

    assert [error["extensions"]["code"] for error in foreign] == ["NOT_FOUND"]
    assert [error["extensions"]["code"] for error in no_export] == ["BAD_USER_INPUT"]


async def link_to(graph: Graph, id_: str, *, principal: Principal) -> Any:
    query = "query($id: ID!) { node(id: $id) { ... on Export { downloadUrl } } }"
    node = (await graph.data(query, principal=principal, id=id_))["node"]
    return node and node["downloadUrl"]


async def watched(graph: Graph, id_: str, *, principal: Principal) -> list[Any]:
    """Follow an export as GraphiQL does, until the gateway says that it is complete."""
    messages = [message async for message in follow(graph, id_, principal=principal)]
    *events, last = messages
    assert last["type"] == "complete", last
    assert not [event for event in events if "errors" in event["payload"]]
    return [event["payload"]["data"]["exportProgress"] for event in events]


async def refusals(graph: Graph, id_: str, *, principal: Principal) -> list[Any]:
    """Follow what may not be followed, and give the errors."""
    [message, *_] = [one async for one in follow(graph, id_, principal=principal)]
    payload = message["payload"]
    errors: list[Any] = payload if message["type"] == "error" else payload["errors"]
    return errors


async def follow(graph: Graph, id_: str, *, principal: Principal) -> AsyncIterator[Any]:
    """Give the gateway's messages until it has no more."""
    async with graph.socket() as socket:
        headers = {name.lower(): value for name, value in graph.headers(principal).items()}
        await socket.send_json({"type": "connection_init", "payload": headers})
        assert (await socket.receive_json())["type"] == "connection_ack"
        payload = {"query": WATCH, "variables": {"id": id_}}
        await socket.send_json({"id": "1", "type": "subscribe", "payload": payload})
        async for received in socket:
            message = json.loads(received.data)
            yield message
            if message["type"] != "next":
                break
