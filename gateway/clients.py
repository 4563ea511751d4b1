"""The ways from this process to the rpcs of the four services, in the name of a principal."""

from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import Message

from gateway.kit.contract import Rpc
from gateway.kit.loading import Calls
from services.kit.client import Channels
from services.kit.identity import Principal

MultiCallable = grpc.aio.UnaryUnaryMultiCallable[Any, Any]
StreamCall = grpc.aio.UnaryStreamCall[Any, Any]


class Clients:
    """Makes each rpc of the contract callable once, over the channel to its service."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._rpcs: dict[str, MultiCallable] = {}

    def speaking_for(self, principal: Principal) -> Calls:
        """Give the calls of one principal; every call carries a token that says so."""
        return Speaking(self, principal)

    async def call(
        self,
        rpc: Rpc,
        request: Message,
        *,
        principal: Principal,
        timeout: float,  # noqa: ASYNC109 - gRPC's own deadline
    ) -> bytes:
        """Give the response as it came: gRPC would read all that come at once in one go."""
        caller = self._channels.to(rpc.service)
        callable_ = self._rpcs.get(rpc.path)
        if callable_ is None:
            callable_ = self._rpcs[rpc.path] = caller.channel.unary_unary(
                rpc.path,
                request_serializer=rpc.request.SerializeToString,
                response_deserializer=None,
            )
        response: bytes = await caller(callable_, request, principal=principal, timeout=timeout)
        return response

    def stream(
        self, rpc: Rpc, request: Message, *, principal: Principal, timeout: float
    ) -> StreamCall:
        """Call an rpc that answers with a stream; whoever does cancels the call at the end."""
        caller = self._channels.to(rpc.service)
        method = caller.channel.unary_stream(
            rpc.path,
            request_serializer=rpc.request.SerializeToString,
            response_deserializer=rpc.response.FromString,
        )
        return method(request, timeout=timeout, metadata=caller.metadata(principal))


@dataclass(frozen=True, slots=True)
class Speaking:
    """Calls in the name of one principal."""

    clients: Clients
    principal: Principal

    async def __call__(self, rpc: Rpc, request: Message, *, timeout: float) -> bytes:  # noqa: ASYNC109 - gRPC's own deadline
        return await self.clients.call(rpc, request, principal=self.principal, timeout=timeout)
