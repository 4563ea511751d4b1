"""Measures everything at once: gateway, services and PostgreSQL, against one process with SQL.

The demo's data in an installation of its own, run as in production. Prints one JSON line per
figure; the notes beside the medians say what each process took of a processor.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.parts.arena import ENGINE, REFERENCE
from bench.parts.figures import report, say
from bench.parts.installation import LIMITS
from bench.parts.issuer import Issuer
from bench.parts.load import ask, post, query
from bench.parts.processes import Running, cpu_seconds, family_cpu_seconds
from bench.parts.queries import CUSTOMER_360
from bench.parts.rounds import Contender, Meter, contest, refuse_different
from partner_center import environments
from partner_center.demo.load import load
from partner_center.keys import DEMO_WORKLOAD
from partner_center.postgres import HOST, free_port
from partner_center.settings import Settings
from partner_center.supervisor import Supervisor
from services.billing.consumption.cycles import cycle_at, cycle_text, months_later
from services.kit.config import SERVICES
from services.kit.identity import TokenSigner

MONOLITH: Final = "monolith"
CLIENTS: Final = (1, 16)


@dataclass(frozen=True)
class Installation:
    """What runs, and how it is asked."""

    supervisor: Supervisor
    others: Mapping[str, Running]
    token: str

    def meters(self) -> dict[str, Meter]:
        """Meter the services, the database and the clients, which are this process."""
        postgres = self.supervisor.postgres
        assert postgres is not None
        assert postgres.child is not None
        services = {service: partial(cpu_seconds, self._pid(service)) for service in SERVICES}
        return {
            **services,
            "postgres": partial(family_cpu_seconds, postgres.child.pid),
            "clients": time.process_time,
        }

    async def contenders(self) -> dict[str, Contender]:
        """Let all sides answer the same, alike."""
        # The last month that is complete.
        cycle = cycle_text(months_later(cycle_at(datetime.now(UTC)), -1))
        variables = {"first": 50, "billingCycle": cycle}
        graph = query(CUSTOMER_360, token=self.token, variables=variables)
        by_hand = post("/customer-360", variables, token=self.token)
        places = {ENGINE: (self.supervisor.settings.gateway, self._pid("gateway"))} | {
            name: (running.address, running.pid) for name, running in self.others.items()
        }
        contenders, data = {}, {}
        for name, (address, pid) in places.items():
            request = by_hand if name == MONOLITH else graph
            answer = await ask(address, request)
            data[name] = answer["data"]
            contenders[name] = Contender.repeating(request, address=address, pid=pid, answer=answer)
        refuse_different(data)
        return contenders

    def _pid(self, name: str) -> int:
        child = self.supervisor.processes[name].child
        assert child is not None
        return child.pid


async def measure(installation: Installation) -> None:
    contenders = await installation.contenders()
    for clients in CLIENTS:
        say(f"{clients} clients")
        measured = await contest(contenders, clients=clients, others=installation.meters())
        sides = {name: each.per_second(name) for name, each in measured.items()}
        for name in (MONOLITH, REFERENCE):
            report(f"whole.{clients}_clients.to_{name}", sides[ENGINE], to=sides[name])


async def load_data(settings: Settings) -> dict[str, Any]:
    """Run a demo until its data are there, and give the claims of its administrator."""
    identities: dict[str, Any] = {}

    async def demo(settings: Settings) -> None:
        key = settings.keys.signing_key(DEMO_WORKLOAD)
        signer = TokenSigner.from_file(key, workload=DEMO_WORKLOAD)
        today = datetime.now(UTC).date()
        identities.update(await load(settings.addresses, signer=signer, today=today, progress=say))

    supervisor = Supervisor(settings, os.environ, say=say, demo=demo)
    try:
        await supervisor.start()
    finally:
        await supervisor.stop()
    claims: dict[str, Any] = identities["admin"]
    return claims


@asynccontextmanager
async def installation(folder: Path) -> AsyncIterator[Installation]:
    settings = Settings.chosen(folder, port=0, environment={})
    claims = await load_data(settings)
    issuer = Issuer(folder)
    environment = {
        **os.environ,
        **LIMITS,
        **issuer.environment(),
        "ENVIRONMENT": "production",
        "GATEWAY_EXECUTOR": "compiled",
    }
    supervisor = Supervisor(settings, environment, say=say)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(supervisor.stop)
        await supervisor.start()
        others = {
            name: await stack.enter_async_context(running)
            for name, running in _others(supervisor, environment).items()
        }
        yield Installation(supervisor, others, issuer.token(**claims))


def _others(supervisor: Supervisor, environment: Mapping[str, str]) -> dict[str, Running]:
    """Say what runs beside the supervisor's own gateway, on the same services and databases."""
    postgres, settings = supervisor.postgres, supervisor.settings
    assert postgres is not None
    passwords = settings.keys.database_passwords()
    databases = environments.embedded_databases(postgres.admin_url, passwords)
    further = {
        REFERENCE: ("gateway", {"GATEWAY_EXECUTOR": "reference"}),
        MONOLITH: (
            "bench.parts.monolith",
            {
                "CUSTOMERS_DATABASE_URL": databases.runtime["customers"],
                "BILLING_DATABASE_URL": databases.runtime["billing"],
                "PAGE_TOKEN_KEY": str(settings.keys.page_token_key),
            },
        ),
    }
    others = {}
    for name, (module, own) in further.items():
        address = f"{HOST}:{free_port()}"
        told = environments.of_gateway(
            settings=replace(settings, gateway=address), environment=environment
        )
        others[name] = Running(
            name, [module], address=address, folder=settings.data_dir, environment=told | own
        )
    return others


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with installation(Path(folder)) as running:
            await measure(running)


if __name__ == "__main__":
    asyncio.run(main())
