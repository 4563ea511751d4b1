"""Starts PostgreSQL, the services and the gateway, keeps them alive, stops them in order."""

import asyncio
import contextlib
import fcntl
import os
import shlex
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from partner_center import environments
from partner_center.databases import prepare_databases
from partner_center.environments import Databases
from partner_center.first_start import renew_page_token
from partner_center.keys import make_demo_keys, make_keys
from partner_center.migrations import is_at_head
from partner_center.postgres import EmbeddedPostgres
from partner_center.processes import Process
from partner_center.readiness import gateway_is_ready, service_is_ready
from partner_center.settings import Settings, Unusable
from partner_center.tokens import NAMES
from services.kit.config import SERVICES

SECONDS_TO_BE_READY: Final = 60.0
# Together with PostgreSQL's own at most ten; with the gateway gone nobody waits for the services.
GATEWAY_PATIENCE: Final = 2.0
SERVICE_PATIENCE: Final = 3.5
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Demo = Callable[[Settings], Coroutine[Any, Any, None]]


@dataclass
class Supervisor:
    """Everything that runs for one installation, from start to stop.

    `say` gets lines for people; `demo` loads the demo's data, once.
    """

    settings: Settings
    environment: Mapping[str, str]
    say: Callable[[str], None]
    demo: Demo | None = None
    postgres: EmbeddedPostgres | None = None
    processes: dict[str, Process] = field(default_factory=dict)
    _page_token: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Start everything and keep it until a signal asks to stop.

        :raises Unusable, NoPostgres, PostgresFailed, ProcessFailed: it did not come up
        """
        told_to_stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._on_signal, told_to_stop)
        with _only_one(self.settings.data_dir):
            start = asyncio.create_task(self.start())
            waiting = asyncio.create_task(told_to_stop.wait())
            try:
                await asyncio.wait({start, waiting}, return_when=asyncio.FIRST_COMPLETED)
                if start.done():
                    start.result()
                    await waiting
            finally:
                self.say("stopping")
                start.cancel()
                waiting.cancel()
                await asyncio.wait({start, waiting})
                await self.stop()

    async def start(self) -> None:
        production = environments.is_production(self.environment)
        (make_keys if production else make_demo_keys)(self.settings.keys.folder)
        gateway = environments.of_gateway(settings=self.settings, environment=self.environment)
        databases = await self._databases()
        await asyncio.gather(*(self._migrate(service, databases) for service in SERVICES))
        self.say("starting the services and the gateway")
        services = {service: await self._serve(service, databases) for service in SERVICES}
        # It needs as long to start as they do; it is asked only when they are ready.
        process = await self._start("gateway", ["gateway"], environment=gateway)
        await asyncio.gather(
            *(
                _kept(services[service], partial(service_is_ready, address))
                for service, address in self.settings.addresses.items()
            )
        )
        await _kept(process, partial(gateway_is_ready, self.settings.gateway))
        self.settings.announce()
        if not production:
            await self._be_a_demo()
        self.say(f"ready: {self.settings.url}/graphiql")
        if self.settings.demo_marker.exists():
            self.say(f"tokens: {self._token_command()}, where NAME is {', '.join(NAMES)}")

    def _token_command(self) -> str:
        """Say what to type in this shell."""
        program = Path(sys.executable).parent / "partner-center"
        elsewhere = self.settings.data_dir.resolve() != Path(".data").resolve()
        given = ["--data-dir", str(self.settings.data_dir)] if elsewhere else []
        return shlex.join([os.path.relpath(program), "token", "NAME", *given])

    async def _be_a_demo(self) -> None:
        if self.demo is not None and not self.settings.demo_marker.exists():
            await self.demo(self.settings)
        if self.settings.demo_marker.exists():
            self._page_token = asyncio.create_task(renew_page_token(self.settings))

    async def stop(self) -> None:
        """Stop the gateway, then the services and whatever else runs, the database last."""
        self.settings.withdraw()
        if self._page_token is not None:
            self._page_token.cancel()
        if (gateway := self.processes.pop("gateway", None)) is not None:
            await gateway.stop(patience=GATEWAY_PATIENCE)
        others = self.processes.values()
        await asyncio.gather(*(process.stop(patience=SERVICE_PATIENCE) for process in others))
        self.processes.clear()
        if self.postgres is not None:
            await self.postgres.stop()

    async def _databases(self) -> Databases:
        external = environments.external_databases(self.environment)
        if external is not None:
            return external
        self.postgres = EmbeddedPostgres(self.settings.data_dir)
        self.say("starting PostgreSQL")
        await self.postgres.start()
        self.postgres.keep(self.say)
        passwords = self.settings.keys.database_passwords()
        await prepare_databases(self.postgres.admin_url, passwords)
        return environments.embedded_databases(self.postgres.admin_url, passwords)

    async def _migrate(self, service: str, databases: Databases) -> None:
        if await is_at_head(service, url=databases.owner[service]):
            return
        self.say(f"upgrading the database of {service}")
        name = f"{service}-migration"
        environment = environments.of_migration(
            service,
            settings=self.settings,
            databases=databases,
            environment=self.environment,
        )
        argv = [f"services.{service}", "migrate"]
        process = await self._start(name, argv, environment=environment)
        await process.finish()
        await self.processes.pop(name).stop(patience=0)

    async def _serve(self, service: str, databases: Databases) -> Process:
        environment = environments.of_service(
            service,
            settings=self.settings,
            databases=databases,
            environment=self.environment,
        )
        return await self._start(service, [f"services.{service}"], environment=environment)

    async def _start(
        self, name: str, argv: list[str], *, environment: Mapping[str, str]
    ) -> Process:
        process = self._process(name, argv, environment=environment)
        await process.start()
        return process

    def _process(self, name: str, argv: list[str], *, environment: Mapping[str, str]) -> Process:
        logs = self.settings.data_dir / "logs"
        process = Process(name, argv, environment=environment, logs=logs, say=self.say)
        self.processes[name] = process
        return process

    def _on_signal(self, told_to_stop: asyncio.Event) -> None:
        """Stop in order at the first signal, in a hurry at the second."""
        if told_to_stop.is_set():
            for process in self.processes.values():
                process.kill()
        told_to_stop.set()


async def _kept(process: Process, question: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    """Wait until a process is ready, and keep it so."""
    await process.ready(question, seconds=SECONDS_TO_BE_READY)
    process.keep()


@contextlib.contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Keep a second supervisor out of this folder for as long as we live."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unusable(f"another supervisor works in {data_dir}") from None
        yield
    finally:
        os.close(descriptor)
