"""The way to the services: who asks, and how long they wait, as a real server sees it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from gateway.context import contexts
from gateway.customers.customers import CUSTOMERS
from gateway.http.caller import Caller
from partner.customers.v1 import customers_pb2, customers_pb2_grpc
from services.kit import deadlines
from services.kit.client import Channels, TokenSource
from services.kit.errors import DeadlineExceeded
from services.kit.identity import Principal
from tests.builders.keys import Keys, make_keys
from tests.builders.principals import a_finance_operator, a_tenant, an_administrator

COUNT = CUSTOMERS["CountCustomers"]


class Counting(customers_pb2_grpc.CustomerServiceServicer):
    """Counts to seven, and remembers who asked and how much time they left."""

    def __init__(self, keys: Keys) -> None:
        self._verifier = keys.verifier("customers")
        self.principals: list[Principal] = []
        self.seconds: list[float] = []

    async def CountCustomers(self, _request: Any, context: Any) -> Any:  # noqa: N802 - the rpc's name
        metadata = dict(context.invocation_metadata())
        token = metadata["authorization"].removeprefix("Bearer ")
        self.principals.append(self._verifier.verify(token, now=datetime.now(UTC)))
        self.seconds.append(context.time_remaining())
        return customers_pb2.CountCustomersResponse(total_count=7)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return make_keys(tmp_path)


@pytest.fixture
def counting(keys: Keys) -> Counting:
    return Counting(keys)


@pytest.fixture
async def channels(keys: Keys, counting: Counting) -> AsyncIterator[Channels]:
    async with served(counting) as address:
        tokens = TokenSource(keys.signers["gateway"])
        channels = Channels({"customers": address}, tokens=tokens)
        yield channels
        await channels.close()


@asynccontextmanager
async def served(servicer: Counting) -> AsyncIterator[str]:
    server = grpc.aio.server()
    customers_pb2_grpc.add_CustomerServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(None)


async def test_every_context_speaks_for_its_caller(channels: Channels, counting: Counting) -> None:
    make, tenant = contexts(channels), a_tenant()
    people = [an_administrator(tenant), a_finance_operator(tenant)]

    for person in people:
        context = make(Caller(person, request_id="r"))
        response: Any = COUNT.response.FromString(
            await context.calls(COUNT, COUNT.request(), timeout=5)
        )
        assert response.total_count == 7

    assert [each.subject for each in counting.principals] == ["administrator", "finance"]
    assert {each.actor for each in counting.principals} == {"gateway"}
    assert {each.tenant_id for each in counting.principals} == {tenant}


async def test_a_call_waits_no_longer_than_it_may(channels: Channels, counting: Counting) -> None:
    context = contexts(channels)(Caller(an_administrator(a_tenant()), request_id="r"))

    await context.calls(COUNT, COUNT.request(), timeout=2)

    # On the wire gRPC rounds a deadline up to a few digits.
    assert 0 < counting.seconds[0] < 2 * 1.05


async def test_no_call_is_made_when_the_operation_has_no_time_left(
    channels: Channels, counting: Counting
) -> None:
    context = contexts(channels)(Caller(an_administrator(a_tenant()), request_id="r"))
    deadlines.set_remaining(0.01)

    with pytest.raises(DeadlineExceeded):
        await context.calls(COUNT, COUNT.request(), timeout=5)

    assert counting.principals == []


def test_operations_share_no_loaders(channels: Channels) -> None:
    make, caller = contexts(channels), Caller(an_administrator(a_tenant()), request_id="r")

    assert make(caller).loaders is not make(caller).loaders
