"""Rpcs that answer with a stream: who and when as everywhere, transactions of their own."""

import functools
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, TypeVar

from google.protobuf.message import Message

from services.kit.arrivals import Arrival
from services.kit.contract import Declared
from services.kit.identity import Principal, Role
from services.kit.requests import validate
from services.kit.rpc import Servicer, StreamCall

_S = TypeVar("_S", bound=Servicer)
_Q = TypeVar("_Q", bound=Message)
_R = TypeVar("_R", bound=Message)

__all__ = ["StreamCall", "read_stream"]


def read_stream(
    *roles: Role,
) -> Callable[
    [Callable[[_S, _Q, StreamCall], AsyncIterator[_R]]],
    Callable[[_S, _Q, Any], Any],
]:
    """Make a method an rpc that gives a stream; it opens its transactions itself.

    What it refuses before its first message is a refusal as of any other rpc.
    """

    def decorate(
        method: Callable[[_S, _Q, StreamCall], AsyncIterator[_R]],
    ) -> Callable[[_S, _Q, Any], Any]:
        @functools.wraps(method)
        async def answer(self: _S, request: _Q, context: Any) -> None:
            async def run(arrival: Arrival, principal: Principal) -> None:
                validate(request)
                call = StreamCall(
                    method=arrival.rpc.full_name,
                    database=self.database,
                    principal=principal,
                    scope=principal.scope,
                    now=arrival.now,
                    pages=self.pages,
                )
                async with aclosing(method(self, request, call)) as messages:  # type: ignore[type-var]
                    async for message in messages:
                        await context.write(message)

            await self._answer(method.__name__, context, run)  # type: ignore[type-var]

        declared = Declared(frozenset(roles), is_write=False, is_stream=True)
        answer.declared = declared  # type: ignore[attr-defined]
        return answer

    return decorate
