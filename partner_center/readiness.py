"""Asks processes whether they take requests: gRPC health, and the gateway's page."""

import asyncio

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

SECONDS_PER_QUESTION = 2.0


async def service_is_ready(address: str) -> bool:
    """Ask the standard health service of a gRPC server."""
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=SECONDS_PER_QUESTION
            )
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def gateway_is_ready(address: str) -> bool:
    """Ask `/health/ready`, which asks the services in turn."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(SECONDS_PER_QUESTION):
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                writer.write(
                    f"GET /health/ready HTTP/1.1\r\nHost: {address}\r\n"
                    "Connection: close\r\n\r\n".encode()
                )
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status.split()[1:2] == [b"200"]
