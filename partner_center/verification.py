"""`partner-center verify`: proves what the services wrote once, and what must always hold."""

import asyncio
import importlib
import importlib.util
import pkgutil
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from partner_center.databases import with_database
from partner_center.environments import external_databases
from partner_center.postgres import EmbeddedPostgres, running_port
from partner_center.settings import Unusable
from services.kit import ids
from services.kit.config import SERVICES
from services.kit.proofs import Finding, Proof, holds_head, prove, tenants
from services.kit.seals import OPERATION_LOG, SealedTable

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
# By service and tenant: the number of the last block and its hash, as `heads` gives them.
Heads = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at in one service's database."""

    service: str
    invariants: int
    tenants: list[Proof] = field(default_factory=list)

    @property
    def findings(self) -> list[tuple[UUID, Finding]]:
        return [(proof.tenant_id, one) for proof in self.tenants for one in proof.findings]


def database_urls(data_dir: Path, *, environment: Mapping[str, str]) -> dict[str, str]:
    """Give the DSNs of the services' databases: those of the environment, or what runs here.

    :raises Unusable: there is neither
    """
    external = external_databases(environment)
    if external is not None:
        return dict(external.runtime)
    port = running_port(data_dir)
    if port is None:
        raise Unusable(f"no PostgreSQL of ours runs in {data_dir}; start it with `make run`")
    admin_url = EmbeddedPostgres(data_dir, port).admin_url
    return {service: with_database(admin_url, service) for service in SERVICES}


async def verify(
    urls: Mapping[str, str], *, tenant_ids: Collection[UUID], noted: Heads
) -> list[Verified]:
    """Look at every tenant, or some, in the databases of these DSNs by service.

    `noted` are heads of chains that were kept outside; each must still be in its chain.
    """
    return list(
        await asyncio.gather(
            *(
                verify_service(service, url, tenant_ids=tenant_ids, noted=noted.get(service, {}))
                for service, url in urls.items()
            )
        )
    )


async def verify_service(
    service: str,
    url: str,
    *,
    tenant_ids: Collection[UUID],
    noted: Mapping[str, Mapping[str, Any]],
) -> Verified:
    tables, invariants = sealed_in(service), invariants_in(service)
    verified = Verified(service, sum(map(len, invariants.values())))
    connection: Connection = await asyncpg.connect(url)
    try:
        async with _looking(connection, service, tenant="every"):
            known = await tenants(connection, tables=tables)
        known += [of for text in noted if (of := tenant_of(text)) not in known]
        for tenant_id in known:
            if tenant_ids and tenant_id not in tenant_ids:
                continue
            async with _looking(connection, service, tenant=str(tenant_id)):
                proof = await prove(connection, tenant_id=tenant_id, tables=tables)
                proof.findings += await _violations(connection, invariants)
                await _compare_head(connection, proof, noted.get(tenant_text(tenant_id)))
            verified.tenants.append(proof)
    finally:
        await connection.close()
    return verified


@asynccontextmanager
async def _looking(connection: Connection, service: str, *, tenant: str) -> AsyncIterator[None]:
    """Open one snapshot, as the service's own role: a superuser sees other tenants' rows."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        if await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            await connection.execute(f"SET LOCAL ROLE svc_{service}")
        await connection.execute("SELECT set_config('app.tenant', $1, true)", tenant)
        yield


async def _violations(
    connection: Connection, invariants: Mapping[str, Mapping[str, str]]
) -> list[Finding]:
    """Find the rows of the tenant for which something does not hold."""
    return [
        Finding(
            slice_, ", ".join(f"{name}={value}" for name, value in row.items()), f"not so: {what}"
        )
        for slice_, queries in invariants.items()
        for what, query in queries.items()
        for row in await connection.fetch(query)
    ]


async def _compare_head(
    connection: Connection, proof: Proof, noted: Mapping[str, Any] | None
) -> None:
    if noted is not None and not await holds_head(
        connection, tenant_id=proof.tenant_id, n=noted["n"], head=noted["hash"]
    ):
        proof.find("seal_blocks", noted["n"], "is not what was noted outside")


def invariants_in(service: str) -> dict[str, Mapping[str, str]]:
    """Give by slice what always holds in a service, each as a query for the rows where not."""
    return {
        name: module.INVARIANTS for name, module in _modules(service, called="invariants").items()
    }


def sealed_in(service: str) -> list[SealedTable]:
    """Give what a service seals: its operation log, and what its slices write once."""
    modules = _modules(service, called="sealed").values()
    return [OPERATION_LOG, *(table for module in modules for table in module.SEALED)]


def _modules(service: str, *, called: str) -> dict[str, Any]:
    package = importlib.import_module(f"services.{service}")
    slices = [one.name for one in pkgutil.iter_modules(package.__path__) if one.ispkg]
    names = {f"{service}/{slice_}": f"services.{service}.{slice_}.{called}" for slice_ in slices}
    return {
        slice_: importlib.import_module(name)
        for slice_, name in names.items()
        if importlib.util.find_spec(name) is not None
    }


def heads(report: Sequence[Verified]) -> dict[str, dict[str, dict[str, Any]]]:
    """Give the end of each tenant's chain, to be kept where no operator can change it."""
    return {
        verified.service: {
            tenant_text(proof.tenant_id): {"n": proof.blocks, "hash": proof.head.hex()}
            for proof in verified.tenants
            if proof.blocks
        }
        for verified in report
    }


def as_json(report: Sequence[Verified]) -> dict[str, Any]:
    return {
        "findings": [
            {"service": verified.service, "tenant": tenant_text(tenant_id), **asdict(finding)}
            for verified in report
            for tenant_id, finding in verified.findings
        ],
        "services": {
            verified.service: {
                "tenants": len(verified.tenants),
                "invariants": verified.invariants,
                "blocks": sum(proof.blocks for proof in verified.tenants),
                "sealed": sum(proof.sealed for proof in verified.tenants),
                "unsealed": sum(proof.unsealed for proof in verified.tenants),
            }
            for verified in report
        },
        "heads": heads(report),
    }


def as_text(report: Sequence[Verified]) -> str:
    """Write for people what was looked at and, line by line, what does not fit."""
    lines = []
    for service, counts in as_json(report)["services"].items():
        lines.append(
            f"{service:<11} {counts['tenants']:>6,} tenants {counts['blocks']:>9,} blocks"
            f" {counts['sealed']:>12,} rows sealed {counts['unsealed']:>7,} not yet"
            f" {counts['invariants']:>4} invariants"
        )
    findings = as_json(report)["findings"]
    for one in findings:
        place = f"{one['service']} {one['tenant']}"
        lines.append(f"  {place} {one['table']} {one['key']}: {one['problem']}")
    lines.append(f"{len(findings)} findings" if findings else "everything is as it was written")
    return "\n".join(lines)


def tenant_text(tenant_id: UUID) -> str:
    """Write a tenant as its root partner's id."""
    return ids.to_text("ptr", tenant_id)


def tenant_of(text: str) -> UUID:
    """Read a tenant.

    :raises InvalidArgument: where the text is no partner's id.
    """
    return ids.from_text("ptr", text, field="tenant")
