"""One operation from request to answer, the same for every transport."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import structlog
from graphql import OperationType

from gateway.engine.execution import Executor, Outcome
from gateway.http.admission import Admission
from gateway.http.budget import Budget
from gateway.http.caller import Caller, ContextFactory
from gateway.http.documents import Documents, Operation
from gateway.http.errors import Refused, Translate, describe, internal_error, is_request_error
from gateway.http.explain import explained
from gateway.http.measure import count_objects
from gateway.http.metrics import Metrics
from gateway.http.requests import GraphQLRequest
from gateway.http.time_limit import TimeLimit
from gateway.settings import Limits
from services.kit import deadlines

log = structlog.get_logger("gateway")

QUERIES = frozenset({OperationType.QUERY})
QUERIES_AND_MUTATIONS = frozenset({OperationType.QUERY, OperationType.MUTATION})


@dataclass(frozen=True)
class Answer:
    """A response before it is written: its body, and the status in either media type."""

    payload: dict[str, Any]
    status: int = 200
    legacy_status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    # How large it is.
    objects: int = 0

    @classmethod
    def refusing(cls, refused: Refused) -> "Answer":
        return cls(
            payload={"errors": refused.errors},
            status=refused.status(legacy=False),
            legacy_status=refused.status(legacy=True),
            headers=refused.headers,
        )

    @property
    def code(self) -> str:
        """Give the first error's code, for the log and the metrics."""
        errors = self.payload.get("errors")
        return str(errors[0]["extensions"].get("code", "UNKNOWN")) if errors else "OK"


@dataclass(frozen=True, kw_only=True)
class Operations:
    """Finds the operation, charges for it, runs it, and says what happened."""

    documents: Documents
    executor: Executor
    context_factory: ContextFactory
    translate: Translate
    limits: Limits
    budget: Budget
    admission: Admission
    time_limit: TimeLimit
    metrics: Metrics

    def find(self, request: GraphQLRequest) -> Operation:
        """Find the operation that a request asks for.

        :raises Refused: coded; nothing has been executed.
        """
        return self.documents.operation(request)

    def refuse(self, refused: Refused, *, request_id: str) -> None:
        """Count and log a request of which nothing was executed."""
        self.metrics.refused.labels(refused.code).inc()
        log.info("refused", request_id=request_id, code=refused.code, reason=str(refused))

    async def answer(
        self, request: GraphQLRequest, *, operation: Operation, caller: Caller
    ) -> Answer:
        """Run a query or a mutation; every failure is an answer too."""
        started = time.perf_counter()
        try:
            answer = await self._run(request, operation=operation, caller=caller)
        except Refused as refused:
            answer = Answer.refusing(refused)
        except Exception:
            log.exception("operation failed", request_id=caller.request_id)
            answer = Answer({"errors": [internal_error(caller.request_id)]}, 500, 500)
        self._tell(operation, answer, caller=caller, seconds=time.perf_counter() - started)
        return answer

    async def stream(
        self, request: GraphQLRequest, *, operation: Operation, caller: Caller
    ) -> AsyncGenerator[Answer]:
        """Run any operation as a stream of answers; queries and mutations give one."""
        if operation.node.operation is not OperationType.SUBSCRIPTION:
            yield await self.answer(request, operation=operation, caller=caller)
            return
        started = time.perf_counter()
        answer = Answer({})
        try:
            async with aclosing(self._events(request, operation, caller=caller)) as events:
                async for answer in events:
                    yield answer
        except Refused as refused:
            answer = Answer.refusing(refused)
            yield answer
        except Exception:
            log.exception("subscription failed", request_id=caller.request_id)
            answer = Answer({"errors": [internal_error(caller.request_id)]}, 500, 500)
            yield answer
        finally:
            self._tell(operation, answer, caller=caller, seconds=time.perf_counter() - started)

    async def _run(
        self, request: GraphQLRequest, *, operation: Operation, caller: Caller
    ) -> Answer:
        requested = operation.price.cost
        bucket = self.budget.spend(requested, of=caller.account)
        actual = requested
        try:
            outcome = await self._in_time(request, operation=operation, caller=caller)
            actual = _actual_cost(outcome, operation)
        except Refused as refused:
            # Nothing was executed, but for what took too long.
            actual = requested if refused.code == "TIMEOUT" else 0
            raise
        finally:
            cost = self.budget.settle(bucket, requested=requested, actual=actual)
        self.metrics.plans.executed(outcome)
        extensions: dict[str, Any] = {"cost": cost}
        if caller.explains:
            extensions["plan"] = explained(outcome)
        return self._answer(outcome, caller=caller, extensions=extensions, objects=actual)

    async def _in_time(
        self, request: GraphQLRequest, *, operation: Operation, caller: Caller
    ) -> Outcome:
        """Execute an operation when there is a place for it, unless that takes too long."""
        seconds, account = self.time_limit.seconds, caller.account
        task = self.time_limit.begin()
        try:
            deadlines.set_remaining(seconds)
            await self.admission.take(account)
            try:
                return await self.executor.execute(
                    operation, variables=request.variables, context=self.context_factory(caller)
                )
            finally:
                self.admission.leave(account)
        except asyncio.CancelledError:
            if self.time_limit.end(task) or task.uncancel():
                raise
            raise Refused("TIMEOUT", f"The operation took longer than {seconds} s.") from None
        finally:
            self.time_limit.end(task)

    async def _events(
        self, request: GraphQLRequest, operation: Operation, *, caller: Caller
    ) -> AsyncGenerator[Answer]:
        cost = operation.price.cost
        self.budget.spend(cost, of=caller.account)
        # Each event's calls get their own time; the stream itself has no end.
        deadlines.set_remaining(None)
        async with self.admission.enter(caller.account):
            started = await self.executor.subscribe(
                operation, variables=request.variables, context=self.context_factory(caller)
            )
        if isinstance(started, Outcome):
            yield self._answer(started, caller=caller)
            return
        try:
            async for outcome in started:
                yield self._answer(outcome, caller=caller)
                # Each event costs as the operation did, and waits rather than fails.
                self.budget.spend(cost, of=caller.account)
        finally:
            await _close(started)

    def _answer(
        self,
        outcome: Outcome,
        *,
        caller: Caller,
        extensions: dict[str, Any] | None = None,
        objects: int = 0,
    ) -> Answer:
        payload: dict[str, Any] = {"data": outcome.data}
        status = 200
        if outcome.errors:
            payload["errors"] = describe(
                outcome.errors, request_id=caller.request_id, translate=self.translate
            )
            if outcome.data is None and is_request_error(outcome.errors):
                del payload["data"]
                status = 400
        if extensions:
            payload["extensions"] = extensions
        return Answer(payload, status=status, objects=objects)

    def _tell(
        self, operation: Operation, answer: Answer, *, caller: Caller, seconds: float
    ) -> None:
        kind, name, code = operation.node.operation.value, operation.name or "", answer.code
        self.metrics.operations.ended(kind=kind, name=name, code=code, seconds=seconds)
        cost = answer.payload.get("extensions", {}).get("cost", {})
        principal = caller.principal
        reason = caller.tenant_reason
        told = log.bind(tenant_reason=reason) if reason else log
        told.info(
            "operation",
            request_id=caller.request_id,
            transport=caller.transport,
            kind=kind,
            name=name,
            document=operation.document.sha256[:16],
            subject=principal.subject,
            role=principal.role,
            tenant_id=str(principal.tenant_id or ""),
            partner_id=str(principal.partner_id or ""),
            code=code,
            errors=len(answer.payload.get("errors", ())),
            requested_cost=operation.price.cost,
            actual_cost=cost.get("actualQueryCost"),
            milliseconds=round(seconds * 1000, 2),
        )


def _actual_cost(outcome: Outcome, operation: Operation) -> int:
    counted = outcome.cost
    if counted is None:
        counted = count_objects(outcome.data, free_keys=operation.price.free_keys)
    # What introspection returns is free, and nobody pays more than was said.
    return min(counted, operation.price.cost)


async def _close(stream: AsyncIterator[Outcome]) -> None:
    if isinstance(stream, AsyncGenerator):
        await stream.aclose()
