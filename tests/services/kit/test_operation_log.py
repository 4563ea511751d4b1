"""Every write leaves one row in the operation log, committed with its effect or not at all."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from partner_center.postgres import EmbeddedPostgres
from services.kit.database import Database
from services.kit.identity import Principal
from services.kit.operation_log import THINGS_MAX, things_in
from services.kit.replies import request_hash
from services.kit.seals import OPERATION_LOG
from tests.builders.frogs import frogs_pb2, hatch
from tests.builders.principals import a_system, a_tenant, an_administrator
from tests.builders.running import RunningService
from tests.builders.statements import statements
from tests.builders.tampering import seal_everything
from tests.conftest import owner_url


async def logged(frogs: RunningService, principal: Principal) -> Sequence[Any]:
    async with frogs.database.transaction(principal) as session:
        rows = await session.execute(text("SELECT * FROM operation_log ORDER BY operate_time, id"))
        return rows.all()


async def test_a_write_says_who_did_what_and_when(frogs: RunningService) -> None:
    principal = an_administrator(a_tenant())
    request = hatch("SECRET-Ada", request_id="one", friends=["Eve"])

    hatched = await frogs.call(request, principal=principal)

    [row] = await logged(frogs, principal)
    assert (row.tenant_id, row.partner_id) == (principal.tenant_id, principal.partner_id)
    assert (row.operator, row.role, row.actor) == ("administrator", "ADMINISTRATOR", "gateway")
    assert (row.method, row.request_id) == ("partner.frogs.v1.FrogService/HatchFrog", "one")
    assert (row.outcome, row.things) == ("OK", [hatched.id])
    assert bytes(row.request_hash) == request_hash(request)
    assert "SECRET" not in str(row)


async def test_a_refusal_that_is_kept_is_logged_with_its_reason(frogs: RunningService) -> None:
    principal = an_administrator(a_tenant())

    await frogs.refusal(hatch("heavy", request_id="one"), principal=principal)

    assert [row.outcome for row in await logged(frogs, principal)] == ["FROG_TOO_HEAVY"]


@pytest.mark.parametrize("name", ["busy", "crash", "conflict"])
async def test_what_may_be_tried_again_has_left_no_row(frogs: RunningService, name: str) -> None:
    principal = an_administrator(a_tenant())

    await frogs.refusal(hatch(name, request_id="one"), principal=principal)

    assert await logged(frogs, principal) == []


async def test_fifty_twins_are_one_operation(frogs: RunningService) -> None:
    principal = an_administrator(a_tenant())
    request = hatch("Ada", request_id="twins")

    await asyncio.gather(*(frogs.call(request, principal=principal) for _ in range(50)))

    assert len(await logged(frogs, principal)) == 1


async def test_what_the_platform_does_belongs_to_the_tenants_root_partner(
    frogs: RunningService,
) -> None:
    tenant = a_tenant()
    frog = await frogs.call(hatch("Ada", request_id="one"), principal=an_administrator(tenant))

    bless = frogs_pb2.BlessFrogRequest(request_id="two", id=frog.id)
    await frogs.call(bless, principal=a_system(tenant, workload="billing"))

    row = (await logged(frogs, a_system(tenant)))[-1]
    assert (row.operator, row.role, row.partner_id) == ("billing", "SYSTEM", tenant)
    assert row.things == [frog.id]


async def test_a_stream_is_logged_once_however_many_transactions_it_has(
    frogs: RunningService,
) -> None:
    principal = a_system(a_tenant(), workload="programs")
    pieces = [frogs_pb2.ImportFrogsRequest(name=name) for name in ("Ada", "Eve", "Bob")]

    await frogs.stream(pieces, of=frogs_pb2.ImportFrogsRequest, principal=principal)

    [row] = await logged(frogs, principal)
    assert row.method == "partner.frogs.v1.FrogService/ImportFrogs"
    assert (row.request_id, bytes(row.request_hash)) == (None, request_hash(pieces[0]))


async def test_it_costs_no_statement_of_its_own(frogs: RunningService) -> None:
    principal = an_administrator(a_tenant())

    with statements(frogs.database) as asked:
        await frogs.call(hatch("Ada", request_id="one"), principal=principal)

    writes = [one.split()[0:3] for one in asked if "INSERT" in one or "UPDATE" in one]
    assert [words[0] for words in writes] == ["INSERT", "INSERT", "WITH"]


def test_things_are_ids_each_once_and_not_without_end() -> None:
    frogs = [frogs_pb2.Frog(id=f"frg_{number:026}") for number in range(THINGS_MAX + 10)]
    message = frogs_pb2.ListFrogsResponse(frogs=[*frogs[:2], frogs[0]])

    assert things_in(message) == [frogs[0].id, frogs[1].id]
    assert things_in(frogs_pb2.Frog(id="13912345678", name=frogs[0].id)) == []
    assert len(things_in(frogs_pb2.ListFrogsResponse(frogs=frogs))) == THINGS_MAX


@pytest.mark.parametrize("table", ["operation_log", "seals", "seal_blocks"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}", "TRUNCATE {}"]
)
async def test_nobody_changes_what_is_logged(
    frogs: RunningService, postgres: EmbeddedPostgres, pond: Database, table: str, change: str
) -> None:
    principal = an_administrator(a_tenant())
    await frogs.call(hatch("Ada", request_id="one"), principal=principal)
    await seal_everything(pond, [OPERATION_LOG])
    runtime = pond.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    owner = owner_url(postgres, "programs", database="pond")

    for url, refused in (
        (runtime, asyncpg.InsufficientPrivilegeError),
        (owner, asyncpg.RestrictViolationError),
    ):
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
        await connection.execute("SELECT set_config('app.tenant', 'every', false)")
        with pytest.raises(refused):
            await connection.execute(change.format(table))
        await connection.close()
