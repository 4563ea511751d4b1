"""Calls between services: deadlines shrink on the way, failures that pass are asked again."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
import pytest_asyncio

from services.kit import deadlines
from services.kit.client import Caller, CallInTransaction, Channels, TokenSource, time_left
from services.kit.errors import DeadlineExceeded, received
from tests.builders.frogs import frogs_pb2, frogs_pb2_grpc
from tests.builders.keys import Keys
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService


class Echo(frogs_pb2_grpc.FrogServiceServicer):
    """Answers as told, and remembers how it was called."""

    def __init__(self) -> None:
        self.remaining: list[float] = []
        self.metadata: list[dict[str, Any]] = []
        self.codes: list[grpc.StatusCode] = []

    async def GetFrog(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - the rpc's shape
        self.remaining.append(context.time_remaining())
        self.metadata.append(dict(context.invocation_metadata()))
        if self.codes:
            await context.abort(self.codes.pop(0), "as told")
        return frogs_pb2.Frog(name="echo")


@pytest_asyncio.fixture(loop_scope="session")
async def echo(keys: Keys) -> AsyncIterator[tuple[Echo, Caller]]:
    servicer = Echo()
    server = grpc.aio.server()
    frogs_pb2_grpc.add_FrogServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    tokens = TokenSource(keys.signers["gateway"])
    caller = Caller("frogs", f"127.0.0.1:{port}", tokens=tokens)
    yield servicer, caller
    await caller.close()
    await server.stop(0)


async def ask(caller: Caller, **options: Any) -> Any:
    stub = frogs_pb2_grpc.FrogServiceStub(caller.channel)
    principal = an_administrator(a_tenant())
    return await caller(stub.GetFrog, frogs_pb2.GetFrogRequest(), principal=principal, **options)


async def test_a_call_always_has_a_deadline_a_token_and_a_trace(
    echo: tuple[Echo, Caller],
) -> None:
    servicer, caller = echo
    trace = deadlines.start_trace(None)

    await ask(caller)

    # On the wire gRPC rounds a deadline up to a few digits.
    assert 0 < servicer.remaining[0] < 5 * 1.05
    assert servicer.metadata[0]["authorization"].startswith("Bearer ey")
    assert trace in servicer.metadata[0]["traceparent"]


async def test_what_remains_of_the_running_call_is_passed_on(echo: tuple[Echo, Caller]) -> None:
    servicer, caller = echo

    async def within_a_call() -> None:
        deadlines.set_remaining(1.0)
        await ask(caller)

    await asyncio.create_task(within_a_call())

    assert servicer.remaining[0] < 1


async def test_no_call_leaves_when_no_time_remains() -> None:
    async def within_a_call() -> None:
        deadlines.set_remaining(0.04)
        with pytest.raises(DeadlineExceeded):
            time_left(5)

    await asyncio.create_task(within_a_call())


async def test_an_unavailable_service_is_asked_four_times(echo: tuple[Echo, Caller]) -> None:
    servicer, caller = echo
    servicer.codes = [grpc.StatusCode.UNAVAILABLE] * 3

    answer = await ask(caller)

    assert answer.name == "echo"
    assert len(servicer.remaining) == 4


@pytest.mark.parametrize(
    "code",
    [grpc.StatusCode.ABORTED, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.INTERNAL],
)
async def test_another_failure_is_not_asked_again(
    echo: tuple[Echo, Caller], code: grpc.StatusCode
) -> None:
    servicer, caller = echo
    servicer.codes = [code]

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(caller)

    assert received(caught.value).code == code.name
    assert len(servicer.remaining) == 1


async def test_a_call_inside_a_transaction_is_warned_of(
    echo: tuple[Echo, Caller], frogs: RunningService
) -> None:
    _, caller = echo

    with pytest.warns(CallInTransaction):
        async with frogs.database.transaction(an_administrator(a_tenant())):
            await ask(caller)


async def test_a_service_that_is_not_there_is_unavailable(keys: Keys) -> None:
    tokens = TokenSource(keys.signers["billing"])
    channels = Channels({"frogs": "127.0.0.1:1"}, tokens=tokens)

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await ask(channels.to("frogs"))

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert channels.to("frogs") is channels.to("frogs")
    await channels.close()


def test_one_token_serves_many_calls(keys: Keys) -> None:
    tokens = TokenSource(keys.signers["gateway"])
    ours, theirs = an_administrator(a_tenant()), an_administrator(a_tenant())

    assert tokens.token(ours, "billing") == tokens.token(ours, "billing")
    assert tokens.token(ours, "billing") != tokens.token(ours, "customers")
    assert tokens.token(ours, "billing") != tokens.token(theirs, "billing")
