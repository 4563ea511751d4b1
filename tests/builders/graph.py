"""The graph over fake rpcs: what each rpc answers, what was asked, what a client sees."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.message import Message

from gateway.context import Context
from gateway.engine.executor import Engine
from gateway.http.caller import Caller
from gateway.http.documents import Documents
from gateway.http.errors import describe, translate_refusal
from gateway.http.requests import GraphQLRequest
from gateway.kit.contract import Rpc
from gateway.schema import schema
from gateway.settings import Limits
from services.kit.errors import DETAILS_KEY, Refusal, status_code, status_of
from services.kit.identity import Principal
from tests.builders.principals import a_tenant, an_administrator

ENGINE = Engine(schema)
OPERATIONS = Documents(ENGINE.reference.schema, limits=Limits(), hides_the_schema=False)

Answer = Message | Exception | Callable[[Any], Message | Awaitable[Message]]


class Rpcs:
    """Stands for the four services: answers by the rpc's name, and remembers what was asked."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any]] = []
        self.timeouts: list[float] = []

    @property
    def counts(self) -> Counter[str]:
        return Counter(name for name, _ in self.asked)

    def requests(self, name: str) -> list[Any]:
        return [request for asked, request in self.asked if asked == name]

    def request(self, name: str) -> Any:
        """Give the only request to an rpc."""
        [request] = self.requests(name)
        return request

    async def __call__(self, rpc: Rpc, request: Message, *, timeout: float) -> bytes:  # noqa: ASYNC109 - gRPC's own deadline
        self.asked.append((rpc.name, request))
        self.timeouts.append(timeout)
        # A real call never answers at once.
        await asyncio.sleep(0)
        answer = self.answers[rpc.name]
        if isinstance(answer, Exception):
            raise answer
        if not isinstance(answer, Message):
            given = answer(request)
            answer = given if isinstance(given, Message) else await given
        return answer.SerializeToString()


@dataclass(frozen=True)
class Shown:
    """What a client sees."""

    data: Any
    errors: list[dict[str, Any]] = field(default_factory=list)
    # Why the reference executor answered; none where a plan did.
    reason: str | None = None

    @property
    def extensions(self) -> dict[str, Any]:
        """Give the extensions of the only error."""
        [error] = self.errors
        given: dict[str, Any] = error["extensions"]
        return given


async def ask(
    text: str, *, rpcs: Rpcs, principal: Principal | None = None, **variables: Any
) -> Shown:
    """Execute a document that must be valid, as an administrator unless said otherwise."""
    operation = OPERATIONS.operation(GraphQLRequest(query=text, variables=variables))
    caller = Caller(principal or an_administrator(a_tenant()), request_id="r")
    context = Context(calls=rpcs, caller=caller)
    outcome = await ENGINE.execute(operation, variables=variables, context=context)
    return Shown(
        outcome.data,
        describe(outcome.errors, request_id="r", translate=translate_refusal),
        outcome.reason,
    )


def refusing(refusal: Refusal, *, service: str) -> grpc.aio.AioRpcError:
    """Give the error that a call raises where a service refuses."""
    status = status_of(refusal, service=service)
    return grpc.aio.AioRpcError(
        status_code(refusal.code),
        grpc.aio.Metadata(),
        grpc.aio.Metadata((DETAILS_KEY, status.SerializeToString())),
        details=status.message,
        debug_error_string="",
    )


def failing(code: grpc.StatusCode, details: str = "") -> grpc.aio.AioRpcError:
    """Give the error that a call raises where nothing refuses, it just fails."""
    return grpc.aio.AioRpcError(
        code, grpc.aio.Metadata(), grpc.aio.Metadata(), details=details, debug_error_string=""
    )
