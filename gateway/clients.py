"""The ways from this process to the four services."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.kit.contract import Rpc
from gateway.kit.loading import Calls
from gateway.settings import Settings
from services.kit.client import Channels, TokenSource
from services.kit.config import SERVICES, SettingsRefused
from services.kit.identity import Principal, TokenSigner

HEALTH_SECONDS = 1.5

MultiCallable = grpc.aio.UnaryUnaryMultiCallable[Any, Any]


class Clients:
    """One channel to each service, one callable for each rpc."""

    def __init__(self, addresses: Mapping[str, str], *, signer: TokenSigner) -> None:
        self._channels = Channels(addresses, tokens=TokenSource(signer))
        self._rpcs: dict[str, MultiCallable] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Open the ways that the settings name.

        :raises SettingsRefused: where the key is missing that internal tokens are signed with.
        """
        if settings.signing_key is None:
            raise SettingsRefused("GATEWAY_SIGNING_KEY is not set.")
        signer = TokenSigner.from_file(settings.signing_key, workload="gateway")
        return cls(settings.addresses, signer=signer)

    def speaking_for(self, principal: Principal) -> Calls:
        return _Speaking(self, principal)

    async def call(
        self,
        rpc: Rpc,
        request: Message,
        *,
        principal: Principal,
        timeout: float,  # noqa: ASYNC109 - gRPC's own deadline
    ) -> Any:
        caller = self._channels.to(rpc.service)
        callable_ = self._rpcs.get(rpc.path)
        if callable_ is None:
            callable_ = self._rpcs[rpc.path] = caller.channel.unary_unary(
                rpc.path,
                request_serializer=rpc.request.SerializeToString,
                response_deserializer=rpc.response.FromString,
            )
        return await caller(callable_, request, principal=principal, timeout=timeout)

    async def readiness(self) -> dict[str, bool]:
        """Ask each service whether it serves."""
        answers = await asyncio.gather(*(self._serves(service) for service in SERVICES))
        return dict(zip(SERVICES, answers, strict=True))

    async def close(self) -> None:
        await self._channels.close()

    async def _serves(self, service: str) -> bool:
        stub = health_pb2_grpc.HealthStub(self._channels.to(service).channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=HEALTH_SECONDS)
        except grpc.aio.AioRpcError:
            return False
        serving: bool = answer.status == health_pb2.HealthCheckResponse.SERVING
        return serving


@dataclass(frozen=True, slots=True)
class _Speaking:
    """Calls in the name of one principal."""

    clients: Clients
    principal: Principal

    async def __call__(self, rpc: Rpc, request: Message, *, timeout: float) -> Any:  # noqa: ASYNC109
        return await self.clients.call(rpc, request, principal=self.principal, timeout=timeout)
