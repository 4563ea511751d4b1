"""A service as a process: what it says of itself, and how it ends."""

import asyncio
import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from partner_center.postgres import EmbeddedPostgres, free_port
from services.kit.client import channel
from services.kit.config import ServiceSettings, SettingsRefused
from services.kit.database import Database
from services.kit.jobs import Job
from services.kit.paging import PageTokens
from services.kit.rpc import Servicer
from services.kit.server import Parts, serve, told_to_stop
from tests.builders.frogs import FrogServicer, frogs_pb2
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService
from tests.conftest import OpenDatabase, runtime_url

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def health(port: int, service: str = "") -> int:
    async with channel(f"127.0.0.1:{port}") as way:
        stub = health_pb2_grpc.HealthStub(way)
        request = health_pb2.HealthCheckRequest(service=service)
        answer = await stub.Check(request, timeout=10, wait_for_ready=True)
        return answer.status


async def test_health_is_told_for_all_and_for_each(frogs: RunningService) -> None:
    port = frogs.server.port

    assert await health(port) == SERVING
    assert await health(port, "partner.frogs.v1.FrogService") == SERVING
    await frogs.server.say(healthy=False)
    assert await health(port) == NOT_SERVING


async def test_reflection_lists_the_services(frogs: RunningService) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(frogs.channel)
    asked = [reflection_pb2.ServerReflectionRequest(list_services="")]

    answers = [answer async for answer in stub.ServerReflectionInfo(iter(asked), timeout=5)]

    names = {service.name for service in answers[0].list_services_response.service}
    assert {"partner.frogs.v1.FrogService", "grpc.health.v1.Health"} <= names


async def test_a_message_above_a_mebibyte_is_refused(frogs: RunningService) -> None:
    request = frogs_pb2.ListFrogsRequest(filter={"name": "x" * 2**20})

    refusal = await frogs.refusal(request, principal=an_administrator(a_tenant()))

    assert refusal.code == "RESOURCE_EXHAUSTED"


async def test_serving_runs_the_jobs_and_ends_when_told(
    pond: Database,
    postgres: EmbeddedPostgres,
    environment: dict[str, str],
) -> None:
    assert await pond.is_reachable()
    dsn = runtime_url(postgres, "programs", database="pond")
    port = free_port()
    settings = ServiceSettings.from_environment(
        "programs",
        environment
        | {"PROGRAMS_DATABASE_URL": dsn, "PROGRAMS_LISTEN": f"127.0.0.1:{port}"}
        | {"PROGRAMS_METRICS_LISTEN": f"127.0.0.1:{free_port()}"},
    )
    has_run, stop = asyncio.Event(), asyncio.Event()

    async def croak(_database: Database, _now: datetime) -> int:
        has_run.set()
        return 0

    def compose(parts: Parts) -> tuple[list[Servicer], list[Job]]:
        assert parts.channels.to("billing") is parts.channels.to("billing")
        job = Job(name="croak", every=timedelta(hours=1), run=croak)
        return [FrogServicer(parts.database, parts.pages)], [job]

    async def until() -> None:
        await stop.wait()

    serving = asyncio.create_task(serve(settings, compose, until=until))
    async with asyncio.timeout(20):
        assert await health(port, "partner.frogs.v1.FrogService") == SERVING
        await has_run.wait()
        stop.set()
        await serving

    with pytest.raises(OSError, match=r"refused|Connect"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_process_that_is_told_to_stop_notices() -> None:
    waiting = asyncio.create_task(told_to_stop())
    await asyncio.sleep(0)

    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(5):
        await waiting

    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)


def test_a_service_without_a_key_can_not_call_others(
    environment: dict[str, str], pond: Database, pages: PageTokens
) -> None:
    given = {key: value for key, value in environment.items() if key != "BILLING_SIGNING_KEY"}
    given |= {"BILLING_DATABASE_URL": "postgresql://x@y/z"}
    parts = Parts(ServiceSettings.from_environment("billing", given), pond, pages)

    with pytest.raises(SettingsRefused, match="BILLING_SIGNING_KEY is not set"):
        _ = parts.channels


async def test_two_servers_do_not_share_a_port(frogs: RunningService) -> None:
    twin = RunningService("frogs", frogs.servicers, database=frogs.database, keys=frogs.keys)

    with pytest.raises(SettingsRefused, match="is it taken"):
        await twin.start(listen=f"127.0.0.1:{frogs.server.port}")


class Process:
    """`python -m services.programs` with the environment of the tests."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.port, self.metrics = free_port(), free_port()
        self._log = folder / "log"
        self._environment = (
            os.environ
            | environment
            | {
                "PROGRAMS_LISTEN": f"127.0.0.1:{self.port}",
                "PROGRAMS_METRICS_LISTEN": f"127.0.0.1:{self.metrics}",
            }
        )

    async def start(self, *, production: bool) -> asyncio.subprocess.Process:
        name = "production" if production else "test"
        with self._log.open("wb") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "services.programs",
                env=self._environment | {"ENVIRONMENT": name},
                stderr=log,
            )

    def log(self) -> str:
        return self._log.read_text()


@pytest.fixture
def process(postgres: EmbeddedPostgres, environment: dict[str, str], tmp_path: Path) -> Process:
    dsn = {"PROGRAMS_DATABASE_URL": runtime_url(postgres, "programs")}
    return Process(environment | dsn, tmp_path)


async def test_a_service_serves_until_it_is_told_to_stop(
    process: Process, database: OpenDatabase
) -> None:
    assert isinstance(await database("programs"), Database)
    child = await process.start(production=False)

    async with asyncio.timeout(30):
        assert await health(process.port) == SERVING
        reader, writer = await asyncio.open_connection("127.0.0.1", process.metrics)
        writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
        metrics = (await reader.read()).decode()
        writer.close()
        child.send_signal(signal.SIGTERM)
        code = await child.wait()

    assert code == 0
    assert "# TYPE grpc_server_handled_total counter" in metrics
    assert "serving" in process.log()
    assert "stopped" in process.log()


async def test_reflection_is_off_in_production(process: Process, database: OpenDatabase) -> None:
    assert isinstance(await database("programs"), Database)
    child = await process.start(production=True)
    try:
        async with asyncio.timeout(30), channel(f"127.0.0.1:{process.port}") as way:
            assert await health(process.port) == SERVING
            stub = reflection_pb2_grpc.ServerReflectionStub(way)
            # Nothing is asked: a message on its way when the refusal comes is an error of its own.
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                _ = [one async for one in stub.ServerReflectionInfo(iter(()), timeout=5)]
    finally:
        child.kill()
        await child.wait()

    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("arguments", "said"), [(["nonsense"], "usage:"), ([], "PROGRAMS_DATABASE_URL is not set")]
)
async def test_a_service_says_why_it_does_not_start(arguments: list[str], said: str) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.programs",
        *arguments,
        env={"PATH": os.environ["PATH"]},
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await child.communicate()

    assert child.returncode == 1
    assert said in complaint.decode()
