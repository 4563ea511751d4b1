"""`partner-center verify`: what it looks at, what it finds, and how it says so."""

import asyncio
import importlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from typer.testing import CliRunner, Result

from partner_center.__main__ import app
from partner_center.databases import with_database
from partner_center.postgres import EmbeddedPostgres
from partner_center.verification import invariants_in, sealed_in, tenant_text
from services.billing.accounts.operations import refuse_other_currency
from services.kit.config import SERVICES
from services.kit.seals import OPERATION_LOG
from tests.builders.ledger import TenantLedger
from tests.builders.tampering import seal_everything
from tests.conftest import OpenDatabase, runtime_url
from tests.house.tree import ROOT


class Auditor:
    """Runs the command against the test's databases, as the services' roles or a superuser."""

    def __init__(self, urls: dict[str, str]) -> None:
        self.environment = {f"{name.upper()}_DATABASE_URL": url for name, url in urls.items()}

    async def verify(self, tenant_id: UUID, *options: str) -> Result:
        arguments = ["verify", "--tenant", tenant_text(tenant_id), *options]
        # The command runs a loop of its own.
        return await asyncio.to_thread(CliRunner().invoke, app, arguments, env=self.environment)

    async def report(self, tenant_id: UUID, *options: str) -> Any:
        return json.loads((await self.verify(tenant_id, "--json", *options)).stdout)


@pytest_asyncio.fixture(loop_scope="session")
async def auditor(postgres: EmbeddedPostgres, database: OpenDatabase) -> Auditor:
    for service in SERVICES:
        await database(service)
    return Auditor({service: runtime_url(postgres, service) for service in SERVICES})


@pytest_asyncio.fixture(loop_scope="session")
async def ledger(database: OpenDatabase) -> TenantLedger:
    """Give a tenant that has moved some money, all of it sealed."""
    ledger = TenantLedger(await database("billing"))
    async with ledger.transaction() as session:
        await refuse_other_currency(session, tenant_id=ledger.tenant_id, currency_code="CNY")
    first, second = await ledger.open(filled_with=100), await ledger.open()
    await ledger.post(first, second, 30)
    await seal_everything(ledger.database, sealed_in("billing"))
    return ledger


async def tamper(postgres: EmbeddedPostgres, statement: str, *values: Any) -> None:
    """Do what nobody may, for good."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
        with_database(postgres.admin_url, "billing")
    )
    await connection.execute("SET session_replication_role = replica")
    assert await connection.execute(statement, *values) == "UPDATE 1"
    await connection.close()


async def test_what_is_as_it_was_written_is_said_to_be_so(
    auditor: Auditor, ledger: TenantLedger
) -> None:
    result = await auditor.verify(ledger.tenant_id)

    assert result.exit_code == 0, result.output
    *services, last = result.stdout.splitlines()
    assert [line.split()[0] for line in services] == list(SERVICES)
    assert last == "everything is as it was written"


async def test_a_touched_transfer_is_named_and_the_command_fails(
    auditor: Auditor, ledger: TenantLedger, postgres: EmbeddedPostgres
) -> None:
    update = (
        "UPDATE transfers SET effective_time = effective_time + interval '1 day' WHERE id ="
        " (SELECT id FROM transfers WHERE tenant_id = $1 AND amount = 30) RETURNING id"
    )
    await tamper(postgres, update, ledger.tenant_id)

    result = await auditor.verify(ledger.tenant_id)

    tenant = tenant_text(ledger.tenant_id)
    assert result.exit_code == 1
    *_, finding, last = result.stdout.splitlines()
    assert finding.startswith(f"  billing {tenant} transfers ")
    assert finding.endswith(": is not as it was sealed")
    assert last == "1 findings"


@pytest.mark.parametrize("column", ["debits_posted", "credits_posted", "debits_pending",
                                    "credits_pending", "version"])  # fmt: skip
async def test_a_touched_counter_is_named_by_what_does_not_hold(
    auditor: Auditor, ledger: TenantLedger, postgres: EmbeddedPostgres, column: str
) -> None:
    held = [row for row in await accounts(ledger) if row["kind"] == 4]
    change = f"UPDATE accounts SET {column} = {column} + 1 WHERE id = $1"  # noqa: S608 - ours
    await tamper(postgres, change, held[0]["id"])

    report = await auditor.report(ledger.tenant_id)

    assert {one["table"] for one in report["findings"]} == {"billing/ledger"}
    assert any(str(held[0]["id"]) in one["key"] for one in report["findings"])


async def accounts(ledger: TenantLedger) -> list[Any]:
    """Give the accounts that could still take and give a cent."""
    async with ledger.transaction() as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(
            "SELECT id, kind FROM accounts WHERE credits_posted - debits_posted > 1"
        )
        return [dict(row) for row in rows.mappings()]


async def test_a_superuser_sees_no_more_than_the_tenant(
    ledger: TenantLedger, postgres: EmbeddedPostgres, auditor: Auditor, database: OpenDatabase
) -> None:
    other = TenantLedger(await database("billing"))
    account = await other.open(filled_with=10)
    await tamper(postgres, "UPDATE accounts SET version = version + 1 WHERE id = $1", account)
    urls = {service: with_database(postgres.admin_url, service) for service in SERVICES}

    mine = await Auditor(urls).report(ledger.tenant_id)
    theirs = await Auditor(urls).report(other.tenant_id)

    assert mine["findings"] == []
    assert theirs["findings"] != []


async def test_what_runs_here_is_looked_at_where_no_database_is_named(
    ledger: TenantLedger, postgres: EmbeddedPostgres, auditor: Auditor
) -> None:
    here = Auditor({})

    result = await here.verify(ledger.tenant_id, "--data-dir", str(postgres.data_dir))

    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("everything is as it was written\n")


async def test_a_head_noted_outside_must_still_be_there(
    auditor: Auditor, ledger: TenantLedger, tmp_path: Path
) -> None:
    noted = await auditor.report(ledger.tenant_id)
    head = noted["heads"]["billing"][tenant_text(ledger.tenant_id)]
    file = tmp_path / "noted.json"
    file.write_text(json.dumps(noted))

    before = await auditor.verify(ledger.tenant_id, "--noted", str(file))
    head["hash"] = "00" * 32
    file.write_text(json.dumps(noted))
    after = await auditor.verify(ledger.tenant_id, "--noted", str(file))

    assert before.exit_code == 0
    assert after.exit_code == 1
    assert f"seal_blocks {head['n']}: is not what was noted outside" in after.stdout


async def test_a_tenant_that_is_gone_altogether_is_missed_by_its_noted_head(
    auditor: Auditor, ledger: TenantLedger, tmp_path: Path
) -> None:
    gone = TenantLedger(ledger.database)
    heads = {"billing": {tenant_text(gone.tenant_id): {"n": 7, "hash": "00" * 32}}}
    file = tmp_path / "noted.json"
    file.write_text(json.dumps({"heads": heads}))

    result = await auditor.verify(gone.tenant_id, "--noted", str(file))

    assert result.exit_code == 1
    assert "seal_blocks 7: is not what was noted outside" in result.stdout


async def test_a_wrong_tenant_and_a_missing_installation_are_told_in_a_sentence(
    tmp_path: Path,
) -> None:
    nothing = await asyncio.to_thread(
        CliRunner().invoke, app, ["verify", "--data-dir", str(tmp_path)]
    )
    wrong = await Auditor({}).verify(UUID(int=0), "--tenant", "nonsense")

    assert "no PostgreSQL of ours runs" in str(nothing.exception)
    assert nothing.exit_code == wrong.exit_code == 1


@pytest.mark.parametrize("service", SERVICES)
def test_every_slices_invariants_are_looked_at(service: str) -> None:
    written = {f"{service}/{path.parent.name}" for path in modules(service, "invariants")}

    assert set(invariants_in(service)) == written
    assert all(invariants_in(service).values())


@pytest.mark.parametrize("service", SERVICES)
def test_every_slices_sealed_tables_are_looked_at(service: str) -> None:
    names = [f"services.{service}.{one.parent.name}.sealed" for one in modules(service, "sealed")]
    written = [table for name in names for table in importlib.import_module(name).SEALED]

    assert sealed_in(service) == [OPERATION_LOG, *written]


def modules(service: str, name: str) -> list[Path]:
    return sorted(ROOT.glob(f"services/{service}/*/{name}.py"))
