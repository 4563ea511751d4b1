"""Whoever changes, removes, adds or swaps what is sealed is found, and the row is named."""

# ruff: noqa: S608 - our own names in our own statements

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from partner_center.databases import with_database
from partner_center.postgres import EmbeddedPostgres
from services.kit import ids
from services.kit.database import Database
from services.kit.identity import Principal
from services.kit.operation_log import append, described
from services.kit.proofs import holds_head, tenants
from services.kit.rpc import utc_now
from services.kit.seals import OPERATION_LOG
from tests.builders.frogs import frogs_pb2
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.tampering import Tamperer, seal_everything, tampering

COLUMNS = {
    "operation_log": (
        "tenant_id id partner_id operate_time operator role actor method request_id request_hash"
        " outcome things written_in"
    ),
    "seals": "tenant_id seq table_name row_id row_version row_hash",
    "seal_blocks": ("tenant_id n first_seq last_seq horizon merkle_root prev_hash hash seal_time"),
}
ROWS = {"operation_log": "id", "seals": "seq", "seal_blocks": "n"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def logged(pond: Database) -> UUID:
    """Give a tenant with three blocks of two operations each."""
    principal = an_administrator(a_tenant())
    for _ in range(3):
        for _ in range(2):
            await log(pond, principal)
        await seal_everything(pond, [OPERATION_LOG])
    return principal.scope.tenant_id


async def log(pond: Database, principal: Principal) -> None:
    said: list[Any] = [frogs_pb2.Frog(id=ids.to_text("frg", uuid4()))]
    values = described(principal, operate_time=utc_now(), outcome="OK", said=said)
    claim = {"tenant_id": principal.tenant_id, "method": "m", "request_id": "r"}
    async with pond.transaction(principal) as session:
        await append(session, values | claim | {"request_hash": bytes(32)})


@pytest_asyncio.fixture(loop_scope="session")
async def tamperer(postgres: EmbeddedPostgres, logged: UUID) -> AsyncIterator[Tamperer]:
    """Let one do everything to that log; what they did is taken back after the test."""
    url = with_database(postgres.admin_url, "pond")
    async with tampering(url, tenant_id=logged, tables=[OPERATION_LOG]) as tamperer:
        yield tamperer


async def keys(tamperer: Tamperer, table: str) -> list[str]:
    order = "written_in, id" if table == "operation_log" else ROWS[table]
    found = await tamperer.connection.fetch(
        f"SELECT {ROWS[table]}::text AS key FROM {table} WHERE tenant_id = $1 ORDER BY {order}",
        tamperer.tenant_id,
    )
    return [row["key"] for row in found]


def where(tamperer: Tamperer, table: str, key: str) -> str:
    return f"tenant_id = '{tamperer.tenant_id}' AND {ROWS[table]}::text = '{key}'"


def is_named(table: str, key: str, which: int, named: set[tuple[str, str]]) -> bool:
    """Tell whether a row is named; the last block, gone, by the first of its seals."""
    is_last_block = table == "seal_blocks" and which == -1
    return (table, key) in named or (is_last_block and ("seals", "5") in named)


async def test_what_was_not_touched_is_proved(tamperer: Tamperer) -> None:
    proof = await tamperer.proof()

    assert proof.findings == []
    assert (proof.blocks, proof.sealed, proof.unsealed) == (3, 6, 0)


async def test_no_column_is_left_out(tamperer: Tamperer) -> None:
    found = {table: set(await tamperer.columns(table)) for table in COLUMNS}

    assert found == {table: set(columns.split()) for table, columns in COLUMNS.items()}


@pytest.mark.parametrize("which", [0, -1], ids=["first", "last"])
@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column) for table, columns in COLUMNS.items() for column in columns.split()],
)
async def test_a_changed_byte_is_found_and_its_row_named(
    tamperer: Tamperer, table: str, column: str, which: int
) -> None:
    key = (await keys(tamperer, table))[which]

    await tamperer.change(table, column, where(tamperer, table, key))

    assert is_named(table, key, which, await tamperer.named())


@pytest.mark.parametrize("which", [0, 1, -1])
@pytest.mark.parametrize("table", COLUMNS)
async def test_a_removed_row_is_found_and_named(tamperer: Tamperer, table: str, which: int) -> None:
    key = (await keys(tamperer, table))[which]

    await tamperer.do(f"DELETE FROM {table} WHERE {where(tamperer, table, key)}")

    named = await tamperer.named()
    # Without the last block its seals lie in none.
    cut_off = {("seals", "5")} if table == "seal_blocks" and which == -1 else set()
    assert {(table, key)} & named or (cut_off and cut_off <= named)


@pytest.mark.parametrize("table", COLUMNS)
async def test_rows_that_changed_places_are_found(tamperer: Tamperer, table: str) -> None:
    first, *_, last = await keys(tamperer, table)
    key, between = ROWS[table], {"operation_log": f"'{uuid4()}'"}.get(table, "-1")

    for old, new in (
        (f"'{first}'", between),
        (f"'{last}'", f"'{first}'"),
        (between, f"'{last}'"),
    ):
        await tamperer.do(
            f"UPDATE {table} SET {key} = {new}"
            f" WHERE tenant_id = '{tamperer.tenant_id}' AND {key} = {old}"
        )

    named = await tamperer.named()
    # Two seals that fit their rows are only known to be of these blocks.
    expected = {"seals": {"1..2", "5..6"}}.get(table, {first, last})
    assert {(table, key) for key in expected} <= named


async def test_a_row_put_in_behind_the_sealer_is_found(tamperer: Tamperer) -> None:
    await tamperer.do(
        "INSERT INTO operation_log SELECT tenant_id, gen_random_uuid(), partner_id,"
        " operate_time, operator, role, actor, method, request_id, request_hash, outcome,"
        f" things, written_in FROM operation_log WHERE tenant_id = '{tamperer.tenant_id}' LIMIT 1"
    )

    [finding] = (await tamperer.proof()).findings

    assert finding.problem == "has no seal, and younger rows have"


async def test_a_row_changed_with_its_seal_is_found_by_the_block(tamperer: Tamperer) -> None:
    key = (await keys(tamperer, "operation_log"))[2]
    await tamperer.change("operation_log", "operator", where(tamperer, "operation_log", key))
    await tamperer.do(
        f"UPDATE seals SET row_hash = {OPERATION_LOG.row_hash} FROM operation_log t"
        f" WHERE seals.tenant_id = '{tamperer.tenant_id}' AND row_id = '{key}'"
        f" AND t.id = '{key}'"
    )

    named = await tamperer.named()

    assert named == {("seals", "3..4")}


async def test_a_tail_cut_off_with_everything_shows_by_the_head_noted_outside(
    tamperer: Tamperer,
) -> None:
    head = (await tamperer.proof()).head.hex()
    noted = {"tenant_id": tamperer.tenant_id, "n": 3, "head": head}
    held = await holds_head(tamperer.connection, **noted)
    last = (await keys(tamperer, "operation_log"))[-2:]
    for table, condition in (
        ("operation_log", f"id IN ('{last[0]}', '{last[1]}')"),
        ("seals", "seq > 4"),
        ("seal_blocks", "n = 3"),
    ):
        await tamperer.do(
            f"DELETE FROM {table} WHERE tenant_id = '{tamperer.tenant_id}' AND {condition}"
        )

    proof = await tamperer.proof()
    still_held = await holds_head(tamperer.connection, **noted)

    assert proof.findings == []
    assert (held, still_held) == (True, False)


async def test_every_tenant_with_rows_or_seals_is_known(tamperer: Tamperer) -> None:
    elsewhere = a_tenant()
    await tamperer.do(
        f"UPDATE seals SET tenant_id = '{elsewhere}'"
        f" WHERE tenant_id = '{tamperer.tenant_id}' AND seq = 1"
    )

    known = await tenants(tamperer.connection, tables=tamperer.tables)

    assert {tamperer.tenant_id, elsewhere} <= set(known)
