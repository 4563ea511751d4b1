"""Measures allocations per second: GraphQL, gRPC and PostgreSQL against the same bare SQL.

On one hot account, from which a partner gives to many customers, and on the accounts of many
partners. Commits are durable. Prints one JSON line per figure.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg

from bench.parts.allocations import Bare, Partner, rate
from bench.parts.figures import ROUNDS, SECONDS, Side, report, say
from bench.parts.installation import LIMITS
from bench.parts.issuer import Issuer
from bench.parts.load import ask, load, query
from bench.parts.processes import cpu_seconds
from partner_center import environments
from partner_center.databases import with_database
from partner_center.settings import Settings
from partner_center.supervisor import Supervisor
from services.kit import ids, seals

CLIENTS: Final = 16
PARTNERS: Final = 32
# A service with nothing to do takes less of a core than this.
CALM_SHARE: Final = 0.1
CALM_SECONDS: Final = 1.0
CALM_LOOKS_MAX: Final = 20
# The whole stack may cost so many times what the database alone does.
TIMES_MAX: Final = 3
ALLOCATE: Final = """
mutation Allocate($input: AllocateInput!) {
  allocate(input: $input) {
    adjustment {
      id transactionId operationType kind amount { amount currencyCode } operateTime operator memo
    }
    userErrors { message }
  }
}
"""


@dataclass(frozen=True)
class Installation:
    """What runs, and the ways to allocate in it."""

    supervisor: Supervisor
    issuer: Issuer
    partners: Sequence[Partner]
    writers: Sequence[Bare]

    def requests(self, partners: Sequence[Partner]) -> Callable[[], bytes]:
        """Give a maker of requests: one partner after another gives one cent to a customer."""
        turns = cycle([(one, self._token(one)) for one in partners])

        def make() -> bytes:
            giver, token = next(turns)
            given = {
                "requestId": str(uuid4()),
                "target": {"customerId": ids.to_text("cus", giver.next_customer())},
                "kind": "CASH",
                "amount": {"amount": "0.01", "currencyCode": "USD"},
            }
            return query(ALLOCATE, token=token, variables={"input": given})

        return make

    def busy(self) -> dict[str, float]:
        """Give the seconds of a processor that each process has used so far."""
        used = {name: cpu_seconds(self._pid(name)) for name in ("gateway", "billing")}
        return used | {"clients": time.process_time()}

    def _token(self, partner: Partner) -> str:
        return self.issuer.token(role="ADMINISTRATOR", tenant_id=partner.id, partner_id=partner.id)

    def _pid(self, name: str) -> int:
        child = self.supervisor.processes[name].child
        assert child is not None
        return child.pid


async def calm(running: Installation) -> None:
    """Wait until billing has sealed what bare SQL wrote: that is not the other side's work."""
    # The sealer begins within so long, and ends when nothing is left.
    await asyncio.sleep(1.1 * seals.EVERY.total_seconds())
    for _ in range(CALM_LOOKS_MAX):
        before = running.busy()["billing"]
        await asyncio.sleep(CALM_SECONDS)
        if running.busy()["billing"] - before < CALM_SHARE * CALM_SECONDS:
            return


async def measure(running: Installation) -> None:
    cases = {"hot": running.partners[:1], "spread": running.partners}
    for case, partners in cases.items():
        make = running.requests(partners)
        address = running.supervisor.settings.gateway
        answer = await ask(address, make())
        assert answer["data"]["allocate"]["userErrors"] == [], answer
        whole: list[float] = []
        bare: list[float] = []
        latencies: list[float] = []
        shares: dict[str, float] = {}
        for number in range(ROUNDS):
            say(f"{case}, round {number + 1}")
            bare.append(await rate(running.writers, partners, seconds=SECONDS))
            await calm(running)
            before = running.busy()
            done = await load(
                address, make, clients=CLIENTS, seconds=SECONDS, length=len(str(answer))
            )
            whole.append(done.per_second)
            latencies.append(done.milliseconds(99))
            shares = {
                name: round((used - before[name]) / done.seconds, 2)
                for name, used in running.busy().items()
            }
        notes = {"p99_ms": [round(one, 1) for one in latencies], "processors": shares}
        report(
            f"allocate.{case}.whole_to_bare",
            Side("GraphQL to PostgreSQL", whole, "allocations/s", notes),
            to=Side("bare SQL", bare, "allocations/s"),
            at_least=round(1 / TIMES_MAX, 4),
        )


@asynccontextmanager
async def installation(folder: Path) -> AsyncIterator[Installation]:
    settings = Settings.chosen(folder, port=0, environment={})
    issuer = Issuer(folder)
    environment = {**os.environ, **LIMITS, **issuer.environment(), "ENVIRONMENT": "production"}
    supervisor = Supervisor(settings, environment, say=say)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(supervisor.stop)
        await supervisor.start()
        assert supervisor.postgres is not None
        partners = [Partner() for _ in range(PARTNERS)]
        owner = await asyncpg.connect(with_database(supervisor.postgres.admin_url, "billing"))
        for one in partners:
            await one.fill(owner)
        await owner.close()
        passwords = settings.keys.database_passwords()
        databases = environments.embedded_databases(supervisor.postgres.admin_url, passwords)
        writers = []
        for _ in range(CLIENTS):
            connection: Any = await asyncpg.connect(databases.runtime["billing"])
            stack.push_async_callback(partial(connection.close))
            writers.append(Bare(connection))
        yield Installation(supervisor, issuer, partners, writers)


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with installation(Path(folder)) as running:
            await measure(running)


if __name__ == "__main__":
    asyncio.run(main())
