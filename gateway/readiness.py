"""Asks the four services whether they serve, by gRPC's own health protocol."""

import asyncio
from collections.abc import Mapping

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.kit.client import Channels

QUESTION_SECONDS = 1.0


class Readiness:
    """Whether each service serves; all are asked at once."""

    def __init__(self, channels: Channels, *, services: Mapping[str, str]) -> None:
        self._stubs = {
            service: health_pb2_grpc.HealthStub(channels.to(service).channel)
            for service in services
        }

    async def __call__(self) -> Mapping[str, bool]:
        answers = await asyncio.gather(*(self._serves(stub) for stub in self._stubs.values()))
        return dict(zip(self._stubs, answers, strict=True))

    async def _serves(self, stub: health_pb2_grpc.HealthStub) -> bool:
        try:
            answer = await stub.Check(
                health_pb2.HealthCheckRequest(), timeout=QUESTION_SECONDS, wait_for_ready=False
            )
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
