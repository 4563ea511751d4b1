"""One wrapper around every rpc: who, when, in which transaction, and the same answer again."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, TypeVar, cast

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit import contract, deadlines, metrics, operation_log
from services.kit.arrivals import Arrival, code_name
from services.kit.calls import Call, StreamCall
from services.kit.contract import Declared, Rpc
from services.kit.database import Database
from services.kit.errors import (
    InvalidArgument,
    PermissionDenied,
    Refusal,
    Unauthenticated,
    status_of,
)
from services.kit.identity import Principal, Role, TokenVerifier
from services.kit.paging import PageTokens
from services.kit.protected import protected
from services.kit.replies import KEPT_CODES, Outcome, claim_of
from services.kit.requests import validate

__all__ = (
    "Call",
    "Servicer",
    "StreamCall",
    "read",
    "utc_now",
    "write",
    "write_stream",
)

# A write goes on when its client is gone, but not for ever.
WRITE_SECONDS_MAX: Final = 10
# A deadline further away than a day is none.
DEADLINE_SECONDS_MAX: Final = 86_400

_S = TypeVar("_S", bound="Servicer")
_Q = TypeVar("_Q", bound=Message)
_R = TypeVar("_R", bound=Message)
_Wrapped = Callable[[_S, _Q, Any], Coroutine[Any, Any, _R]]
# Looks at what a write brings to prove who sends it, in transactions of its own: what it notes
# stays where the write is refused. It gives the principal, with what was proved.
StepUp = Callable[[Database, Message, Principal, datetime], Awaitable[Principal]]


def read(*roles: Role) -> Callable[[Callable[[_S, _Q, Call], Awaitable[_R]]], _Wrapped[_S, _Q, _R]]:
    """Make a method an rpc that reads; without roles, all that its scope lets in may call it."""

    def decorate(method: Callable[[_S, _Q, Call], Awaitable[_R]]) -> _Wrapped[_S, _Q, _R]:
        @functools.wraps(method)
        async def answer(self: _S, request: _Q, context: Any) -> _R:
            async def run(arrival: Arrival, principal: Principal) -> _R:
                validate(request)
                async with self.database.reading(principal) as session:
                    return await method(self, request, _call(self, arrival, principal, session))

            return await self._answer(method.__name__, context, run)

        return _declare(answer, roles=roles, is_write=False, is_stream=False)

    return decorate


def write(
    *roles: Role,
) -> Callable[[Callable[[_S, _Q, Call], Awaitable[_R]]], _Wrapped[_S, _Q, _R]]:
    """Make a method an rpc that writes: in one transaction, once for each request_id."""

    def decorate(method: Callable[[_S, _Q, Call], Awaitable[_R]]) -> _Wrapped[_S, _Q, _R]:
        @functools.wraps(method)
        async def answer(self: _S, request: _Q, context: Any) -> _R:
            async def run(arrival: Arrival, principal: Principal) -> _R:
                validate(request)
                outcome = await protected(_write(self, method, request, arrival, principal))
                arrival.is_replay = outcome.is_replay
                if outcome.is_refusal:
                    raise _KeptRefusal(outcome)
                context.set_trailing_metadata(arrival.replay_metadata())
                return cast("_R", arrival.rpc.response.FromString(outcome.answer))

            return await self._answer(method.__name__, context, run)

        return _declare(answer, roles=roles, is_write=True, is_stream=False)

    return decorate


def write_stream(
    *roles: Role,
) -> Callable[
    [Callable[[_S, AsyncIterator[_Q], StreamCall], Awaitable[_R]]],
    _Wrapped[_S, Any, _R],
]:
    """Make a method an rpc that takes a stream and opens its transactions itself.

    It must be harmless when repeated: no reply is kept for it.
    """

    def decorate(
        method: Callable[[_S, AsyncIterator[_Q], StreamCall], Awaitable[_R]],
    ) -> _Wrapped[_S, Any, _R]:
        @functools.wraps(method)
        async def answer(self: _S, request_iterator: Any, context: Any) -> _R:
            async def run(arrival: Arrival, principal: Principal) -> _R:
                call = StreamCall(
                    method=arrival.rpc.full_name,
                    database=self.database,
                    principal=principal,
                    scope=principal.scope,
                    now=arrival.now,
                    pages=self.pages,
                )
                async with aclosing(_validated(request_iterator, context, call)) as requests:
                    return await method(self, requests, call)

            return await self._answer(method.__name__, context, run)

        return _declare(answer, roles=roles, is_write=True, is_stream=True)

    return decorate


class _KeptRefusal(Exception):
    """A refusal whose answer is in the table of replies."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("refused")
        self.outcome = outcome


class Servicer:
    """What every servicer has: a database, page tokens, a verifier, a clock.

    A class with an rpc that is neither @read nor @write can not be made.
    """

    rpcs: ClassVar[dict[str, Rpc]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.rpcs = contract.rpcs_of(cls)
        for name, rpc in cls.rpcs.items():
            contract.refuse_undeclared(cls, name, rpc)

    def __init__(self, database: Database, pages: PageTokens) -> None:
        self.database = database
        self.pages = pages
        # The server sets it; without one nobody is let in.
        self.verifier: TokenVerifier | None = None
        self.clock: Callable[[], datetime] = utc_now
        # The composition root sets it, where a service has one.
        self.step_up: StepUp | None = None

    async def _answer(
        self,
        name: str,
        context: Any,
        run: Callable[[Arrival, Principal], Awaitable[_R]],
    ) -> _R:
        arrival = Arrival(rpc=self.rpcs[name], context=context, now=self.clock())
        code, status = "CANCELLED", None
        try:
            message = await run(arrival, self._admit(arrival))
            code = "OK"
        except _KeptRefusal as kept:
            status = kept.outcome.status()
        except Refusal as refusal:
            status = status_of(refusal, service=arrival.rpc.service)
        except Exception as error:  # noqa: BLE001 - left alone, grpc would send its text
            status = status_of(arrival.fault(error), service=arrival.rpc.service)
        finally:
            arrival.write_line(code if status is None else code_name(status))
        if status is not None:
            await arrival.abort(status)
        return message

    def _admit(self, arrival: Arrival) -> Principal:
        """Read who calls and until when, and whether they may."""
        metadata = dict(arrival.context.invocation_metadata() or ())
        deadlines.start_trace(metadata.get("traceparent"))
        scheme, _, token = str(metadata.get("authorization", "")).partition(" ")
        if self.verifier is None or scheme.lower() != "bearer" or not token:
            raise Unauthenticated("the call needs a token")
        arrival.principal = principal = self.verifier.verify(token, now=arrival.now)
        remaining = arrival.context.time_remaining()
        if remaining is None or remaining > DEADLINE_SECONDS_MAX:
            raise InvalidArgument("the call needs a deadline")
        deadlines.set_remaining(remaining)
        declared: Declared = getattr(type(self), arrival.rpc.name).declared
        if principal.role not in (declared.roles or arrival.rpc.roles):
            raise PermissionDenied("your role may not do this", role=principal.role.value)
        # Refuses principals that belong nowhere.
        _ = principal.scope
        return principal


def utc_now() -> datetime:
    return datetime.now(UTC)


def _call(
    servicer: Servicer, arrival: Arrival, principal: Principal, session: AsyncSession
) -> Call:
    return Call(
        session=session,
        principal=principal,
        scope=principal.scope,
        now=arrival.now,
        request_id=arrival.request_id,
        pages=servicer.pages,
    )


async def _write(
    servicer: _S,
    method: Callable[[_S, _Q, Call], Awaitable[Message]],
    request: _Q,
    arrival: Arrival,
    principal: Principal,
) -> Outcome:
    claim = claim_of(request, method=arrival.rpc.full_name, principal=principal)
    arrival.request_id = claim.request_id
    if servicer.step_up is not None:
        principal = await servicer.step_up(servicer.database, request, principal, arrival.now)
    with metrics.IN_FLIGHT.track_inprogress():
        async with (
            asyncio.timeout(WRITE_SECONDS_MAX),
            servicer.database.transaction(principal) as session,
        ):
            known = await claim.take(session)
            if known is not None:
                return known
            call = _call(servicer, arrival, principal, session)
            word, said = operation_log.DONE, [cast("Message", request)]
            try:
                answer = await method(servicer, request, call)
            except Refusal as refusal:
                if refusal.code not in KEPT_CODES:
                    raise
                # What was done before it is undone, and the claim with it: a twin may be faster.
                await session.start_over()
                known = await claim.take(session)
                if known is not None:
                    return known
                status = status_of(refusal, service=arrival.rpc.service)
                outcome = Outcome(status.SerializeToString(), is_refusal=True, is_replay=False)
                word = refusal.reason
            else:
                outcome = Outcome(answer.SerializeToString(), is_refusal=False, is_replay=False)
                said.append(answer)
            operation = operation_log.described(
                principal, operate_time=arrival.now, outcome=word, said=said
            )
            await claim.keep(session, outcome, operation=operation)
        return outcome


async def _validated(requests: AsyncIterator[_Q], context: Any, call: StreamCall) -> Any:
    async for request in requests:
        validate(request)
        if call.opening is None:
            call.opening = request
        yield request
    if context.cancelled():
        # The client went away in the middle; grpc ends the stream as if it were whole.
        raise asyncio.CancelledError


def _declare(
    answer: _Wrapped[_S, _Q, _R], *, roles: tuple[Role, ...], is_write: bool, is_stream: bool
) -> _Wrapped[_S, _Q, _R]:
    declared = Declared(frozenset(roles), is_write=is_write, is_stream=is_stream)
    answer.declared = declared  # type: ignore[attr-defined]
    return answer
