"""Services run in the test's own process, and called over a real socket as any principal."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

import grpc
from google.protobuf.message import Message

from services.kit.client import TokenSource, channel
from services.kit.contract import Rpc
from services.kit.database import Database
from services.kit.errors import Received, received
from services.kit.identity import Principal
from services.kit.rpc import Servicer
from services.kit.server import ServiceServer
from tests.builders.keys import Keys

TIMEOUT_SECONDS = 10.0
Response = TypeVar("Response", bound=Message)


@dataclass(frozen=True)
class Answer:
    """Everything that a call brought: a response or a refusal, and the metadata behind it."""

    response: Any = None
    refusal: Received | None = None
    trailers: dict[str, Any] = field(default_factory=dict)


class RunningService:
    """A service's servicers on a port, with the database behind them."""

    def __init__(
        self, service: str, servicers: Sequence[Servicer], *, database: Database, keys: Keys
    ) -> None:
        self.service = service
        self.servicers = servicers
        self.database = database
        self.keys = keys
        self._sources = {name: TokenSource(signer) for name, signer in keys.signers.items()}
        self._rpcs: dict[str, Rpc] = {
            rpc.request.DESCRIPTOR.full_name: rpc
            for servicer in servicers
            for rpc in type(servicer).rpcs.values()
        }

    async def start(self, *, listen: str = "127.0.0.1:0") -> None:
        verifier = self.keys.verifier(self.service)
        self.server = ServiceServer(self.servicers, verifier=verifier, listen=listen, reflects=True)
        await self.server.start()
        await self.server.say(healthy=True)
        self.channel = channel(f"127.0.0.1:{self.server.port}")

    async def stop(self) -> None:
        await self.channel.close(None)
        await self.server.stop(grace=0)

    def set_clock(self, now: datetime) -> None:
        """Let the servicers think it is now; tokens must be minted for that time, too."""
        for servicer in self.servicers:
            servicer.clock = lambda: now

    def token(self, principal: Principal) -> str:
        """Mint what the gateway would, or what the workload itself would for its jobs."""
        workload = principal.subject if principal.subject in self._sources else "gateway"
        return self._sources[workload].token(principal, self.service)

    async def call(
        self,
        request: Message,
        *,
        principal: Principal,
        timeout: float | None = TIMEOUT_SECONDS,  # noqa: ASYNC109 - gRPC's own deadline
        metadata: Iterable[tuple[str, str]] = (),
    ) -> Any:
        """Call the rpc that takes this request; its type says which.

        :raises grpc.aio.AioRpcError: where it is refused.
        """
        rpc = self._rpcs[request.DESCRIPTOR.full_name]
        return await self._unary(rpc)(
            request, timeout=timeout, metadata=(*self._authorization(principal), *metadata)
        )

    async def stream(
        self,
        requests: Sequence[Message] | AsyncIterator[Message],
        *,
        of: type[Message],
        principal: Principal,
        timeout: float = 60.0,  # noqa: ASYNC109 - gRPC's own deadline
    ) -> Any:
        """Call the client-streaming rpc that takes requests of this type."""
        rpc = self._rpcs[of.DESCRIPTOR.full_name]
        method = self.channel.stream_unary(
            f"/{rpc.full_name}",
            request_serializer=of.SerializeToString,
            response_deserializer=rpc.response.FromString,
        )
        return await method(
            iter(requests) if isinstance(requests, Sequence) else requests,
            timeout=timeout,
            metadata=self._authorization(principal),
        )

    async def collect(
        self,
        request: Message,
        *,
        principal: Principal,
        timeout: float = 60.0,  # noqa: ASYNC109 - gRPC's own deadline
    ) -> list[Any]:
        """Call the server-streaming rpc that takes this request, and give all it sends.

        :raises grpc.aio.AioRpcError: where it is refused.
        """
        rpc = self._rpcs[request.DESCRIPTOR.full_name]
        method = self.channel.unary_stream(
            f"/{rpc.full_name}",
            request_serializer=cast("Any", rpc.request.SerializeToString),
            response_deserializer=rpc.response.FromString,
        )
        call = method(request, timeout=timeout, metadata=self._authorization(principal))
        return [message async for message in call]

    async def refusal(self, request: Message, *, principal: Principal) -> Received:
        """Call an rpc that must refuse, and give what it said."""
        rpc = self._rpcs[request.DESCRIPTOR.full_name]
        ask = self.collect if rpc.is_server_streaming else self.call
        try:
            answer = await ask(request, principal=principal)
        except grpc.aio.AioRpcError as error:
            return received(error)
        message = f"was answered: {answer}"
        raise AssertionError(message)

    async def answer(self, request: Message, *, principal: Principal) -> Answer:
        """Call an rpc and give everything that came back, refused or not."""
        rpc = self._rpcs[request.DESCRIPTOR.full_name]
        if rpc.is_server_streaming:
            try:
                return Answer(response=await self.collect(request, principal=principal))
            except grpc.aio.AioRpcError as error:
                return Answer(refusal=received(error), trailers=_as_dict(error.trailing_metadata()))
        call = self._unary(rpc)(
            request, timeout=TIMEOUT_SECONDS, metadata=self._authorization(principal)
        )
        try:
            response = await call
        except grpc.aio.AioRpcError as error:
            return Answer(refusal=received(error), trailers=_as_dict(error.trailing_metadata()))
        return Answer(response=response, trailers=_as_dict(await call.trailing_metadata()))

    def _authorization(self, principal: Principal) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.token(principal)}"),)

    def _unary(self, rpc: Rpc) -> Any:
        return self.channel.unary_unary(
            f"/{rpc.full_name}",
            request_serializer=cast("Any", rpc.request.SerializeToString),
            response_deserializer=rpc.response.FromString,
        )


def _as_dict(metadata: Any) -> dict[str, Any]:
    return dict(metadata or ())
