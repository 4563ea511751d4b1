"""What a query text costs when it comes first: parsed, validated, planned, compiled."""

import time
from collections.abc import Sequence
from typing import Final

from google.protobuf.message import Message

from bench.parts.backends import Backends
from bench.parts.figures import ROUNDS
from bench.parts.queries import CUSTOMER_360, FIFTY, unused
from bench.parts.rows import an_id
from gateway.app import executor_for
from gateway.context import Context
from gateway.engine.execution import Executor
from gateway.engine.reference import core_schema
from gateway.http.caller import Caller
from gateway.http.documents import Documents
from gateway.http.requests import GraphQLRequest
from gateway.kit.contract import Rpc
from gateway.schema import schema
from gateway.settings import Settings
from services.kit import ids
from services.kit.identity import Principal, Role

TEXTS_A_ROUND: Final = 20
TENANT: Final = ids.from_text("ptr", an_id("ptr", 1), field="id")
CALLER: Final = Caller(
    Principal("bench", Role.ADMINISTRATOR, tenant_id=TENANT, partner_id=TENANT), request_id="bench"
)


class Calls:
    """Answers with prepared bytes, without a server between."""

    def __init__(self) -> None:
        self._prepares = Backends().prepares
        self._known: dict[tuple[Rpc, bytes], bytes] = {}

    async def __call__(self, rpc: Rpc, request: Message, *, timeout: float) -> bytes:  # noqa: ARG002, ASYNC109 - gRPC's own deadline
        key = (rpc, request.SerializeToString(deterministic=True))
        if key not in self._known:
            self._known[key] = self._prepares[rpc](request).SerializeToString()
        return self._known[key]


async def first_uses(settings: Settings) -> Sequence[float]:
    """Give for each round the milliseconds that a new text takes more than a known one."""
    documents = Documents(core_schema(schema), limits=settings.limits)
    executor, calls = executor_for(settings, schema), Calls()
    await _seconds(CUSTOMER_360, documents, executor, calls)
    rounds = []
    for _ in range(ROUNDS):
        extra = []
        for _ in range(TEXTS_A_ROUND):
            text = unused(CUSTOMER_360)
            first = await _seconds(text, documents, executor, calls)
            second = await _seconds(text, documents, executor, calls)
            extra.append((first - second) * 1_000)
        rounds.append(sorted(extra)[TEXTS_A_ROUND // 2])
    return rounds


async def _seconds(text: str, documents: Documents, executor: Executor, calls: Calls) -> float:
    request = GraphQLRequest(query=text, variables=dict(FIFTY))
    started = time.perf_counter()
    operation = documents.operation(request)
    outcome = await executor.execute(
        operation, variables=request.variables, context=Context(calls=calls, caller=CALLER)
    )
    elapsed = time.perf_counter() - started
    assert not outcome.errors, outcome.errors
    return elapsed
