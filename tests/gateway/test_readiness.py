"""Whether the gateway believes its services: serving, not serving, not there."""

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from joserfc.jwk import ECKey

from gateway.readiness import Readiness
from partner_center.postgres import free_port
from services.kit.client import Channels, TokenSource
from services.kit.identity import TokenSigner


async def serve(status: int) -> tuple[grpc.aio.Server, str]:
    server = grpc.aio.server()
    servicer = health.aio.HealthServicer()  # type: ignore[attr-defined]  # the stubs lack it
    await servicer.set("", status)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, f"127.0.0.1:{port}"


async def test_each_service_is_asked_for_itself() -> None:
    states = health_pb2.HealthCheckResponse
    serving, customers = await serve(states.SERVING)
    stopping, billing = await serve(states.NOT_SERVING)
    addresses = {
        "customers": customers,
        "billing": billing,
        "programs": f"127.0.0.1:{free_port()}",
    }
    key = ECKey.generate_key("P-256").as_dict(private=True)
    channels = Channels(addresses, tokens=TokenSource(TokenSigner(key, workload="gateway")))

    try:
        answer = await Readiness(channels, services=addresses)()
    finally:
        await channels.close()
        await serving.stop(None)
        await stopping.stop(None)

    assert answer == {"customers": True, "billing": False, "programs": False}
