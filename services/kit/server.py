"""A service as a process: its gRPC server, health, metrics, jobs, and an orderly end."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import grpc
import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import start_http_server

from services.kit import contract, jobs, log
from services.kit.client import Channels, TokenSource
from services.kit.config import (
    Environment,
    ServiceSettings,
    SettingsRefused,
    host_and_port,
    owner_database_url,
)
from services.kit.database import Database
from services.kit.identity import TokenSigner, TokenVerifier
from services.kit.migrations import run_migrations
from services.kit.paging import PageTokens
from services.kit.protected import writes_finished
from services.kit.rpc import Servicer

RECEIVE_BYTES_MAX: Final = 1024 * 1024
METADATA_BYTES_MAX: Final = 8 * 1024
CONCURRENT_CALLS_MAX: Final = 200
OPTIONS: Final = (
    ("grpc.max_receive_message_length", RECEIVE_BYTES_MAX),
    ("grpc.max_metadata_size", METADATA_BYTES_MAX),
    # Clients ping every 30 s; the default would send them away for it.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 20_000),
    # Connections end now and then, so that callers notice new replicas.
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    # A second process on the same port is a mistake, not a replica.
    ("grpc.so_reuseport", 0),
)
HEALTH_EVERY_SECONDS: Final = 5
# Between "not serving" and the end of new calls: time for callers to look elsewhere.
DRAIN_SECONDS: Final = 5
GRACE_SECONDS: Final = 20

_log: Final = log.logger("server")


class ServiceServer:
    """A gRPC server of some servicers, with health and, if wanted, reflection."""

    def __init__(
        self,
        servicers: Sequence[Servicer],
        *,
        verifier: TokenVerifier,
        listen: str = "127.0.0.1:0",
        reflects: bool = False,
    ) -> None:
        self._server = grpc.aio.server(
            options=OPTIONS, maximum_concurrent_rpcs=CONCURRENT_CALLS_MAX
        )
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._names = [contract.service_of(type(servicer)).full_name for servicer in servicers]
        for servicer in servicers:
            servicer.verifier = verifier
            contract.registration_of(type(servicer))(servicer, self._server)
        if reflects:
            names = (*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self._server)
        try:
            self.port = self._server.add_insecure_port(listen)
        except RuntimeError:
            raise SettingsRefused(f"nobody can listen on {listen}; is it taken?") from None

    async def start(self) -> None:
        await self._server.start()

    async def say(self, *, healthy: bool) -> None:
        status = health_pb2.HealthCheckResponse
        value = status.SERVING if healthy else status.NOT_SERVING
        for name in ("", *self._names):
            await self._health.set(name, value)

    async def stop(self, *, grace: float = GRACE_SECONDS) -> None:
        """End new calls, let running ones finish, and wait for writes without a client."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace)
        await writes_finished()


@dataclass(frozen=True)
class Parts:
    """What a composition root builds its servicers and jobs from."""

    settings: ServiceSettings
    database: Database
    pages: PageTokens

    @cached_property
    def channels(self) -> Channels:
        """Give the way to other services, signed by this one."""
        settings = self.settings
        if settings.signing_key is None:
            raise SettingsRefused(f"{settings.service.upper()}_SIGNING_KEY is not set")
        signer = TokenSigner.from_file(settings.signing_key, workload=settings.service)
        return Channels(settings.addresses, tokens=TokenSource(signer))


Compose = Callable[[Parts], tuple[list[Servicer], list[jobs.Job]]]


def run(service: str, compose: Compose) -> None:
    """Do what `python -m services.<service> [migrate]` asks for."""
    try:
        match sys.argv[1:]:
            case []:
                settings = ServiceSettings.from_environment(service)
                log.configure(human=settings.environment is not Environment.PRODUCTION)
                uvloop.run(serve(settings, compose, until=told_to_stop))
            case ["migrate"]:
                run_migrations(service, url=owner_database_url(service))
            case _:
                sys.exit(f"usage: python -m services.{service} [migrate]")
    except SettingsRefused as refused:
        sys.exit(f"{service}: {refused}")


async def serve(
    settings: ServiceSettings, compose: Compose, *, until: Callable[[], Awaitable[None]]
) -> None:
    """Serve until it is time to stop, then in order: no new calls, no jobs, no connections."""
    database = Database(settings.database_url, name=settings.service)
    parts = Parts(settings, database, PageTokens(settings.page_token_key.read_bytes().strip()))
    servicers, due = compose(parts)
    server = ServiceServer(
        servicers,
        verifier=TokenVerifier.from_file(settings.internal_jwks, audience=settings.service),
        listen=settings.listen,
        reflects=not settings.is_production,
    )
    if settings.metrics_listen is not None:
        host, port = host_and_port(settings.metrics_listen, name="METRICS_LISTEN")
        start_http_server(port, addr=host)
    # Who asks at once shall get an answer.
    await server.say(healthy=await database.is_reachable())
    await server.start()
    _log.info("serving", service=settings.service, port=server.port)
    background = [
        asyncio.create_task(_watch(server, database)),
        asyncio.create_task(jobs.run_until_cancelled(due, database)),
    ]
    await until()
    await server.say(healthy=False)
    if settings.is_production:
        await asyncio.sleep(DRAIN_SECONDS)
    for task in background:
        task.cancel()
    await asyncio.gather(*background, return_exceptions=True)
    await server.stop(grace=GRACE_SECONDS if settings.is_production else 3)
    if "channels" in parts.__dict__:
        await parts.channels.close()
    await database.close()
    _log.info("stopped", service=settings.service)


async def _watch(server: ServiceServer, database: Database) -> None:
    """Say healthy as long as the database answers."""
    while True:
        await server.say(healthy=await database.is_reachable())
        await asyncio.sleep(HEALTH_EVERY_SECONDS)


async def told_to_stop() -> None:
    """Wait for SIGTERM or SIGINT."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, told.set)
    await told.wait()
