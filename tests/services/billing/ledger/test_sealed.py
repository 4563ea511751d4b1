"""A byte of the ledger's history that a superuser changes is found, whichever column it is in."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio
from sqlalchemy import text

from partner_center.databases import with_database
from partner_center.postgres import EmbeddedPostgres
from services.billing.ledger import operations
from services.billing.ledger.chart import TransferCode
from services.billing.ledger.sealed import SEALED
from services.kit.database import Database
from services.kit.ids import new_id
from services.kit.jobs import over_tenants
from services.kit.seals import BY_INDEX, due
from tests.builders.ledger import TenantLedger
from tests.builders.tampering import Tamperer, seal_everything, tampering
from tests.conftest import OpenDatabase

TABLES: Final = {table.name: table for table in SEALED}
COLUMNS: Final = {
    "accounts": "tenant_id id partner_id holder_id kind unit guard create_time written_in",
    "transfers": (
        "tenant_id id code phase debit_account_id credit_account_id amount pending_id reverses_id"
        " group_id trade_detail expire_time effective_time create_time written_in"
    ),
    "entries": ("tenant_id account_id version transfer_id amount balance create_time written_in"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def history(database: OpenDatabase) -> TenantLedger:
    """Give a ledger with a transfer of each kind, sealed in two blocks."""
    ledger = TenantLedger(await database("billing"))
    first, second = await ledger.open(filled_with=100), await ledger.open()
    await seal_everything(ledger.database, SEALED)
    held = await ledger.reserve(first, second, 10)
    async with ledger.transaction() as session:
        await operations.void_pending(
            session, id=new_id(), pending_id=held, code=TransferCode.ORDER_HOLD
        )
    posting = ledger.posting(first, second, 20)
    async with ledger.transaction() as session:
        await operations.post(session, posting=posting)
        await operations.reverse(session, id=new_id(), reverses_id=posting.id)
    await seal_everything(ledger.database, SEALED)
    return ledger


@pytest_asyncio.fixture(loop_scope="session")
async def tamperer(postgres: EmbeddedPostgres, history: TenantLedger) -> AsyncIterator[Tamperer]:
    url = with_database(postgres.admin_url, "billing")
    async with tampering(url, tenant_id=history.tenant_id, tables=SEALED) as tamperer:
        yield tamperer


async def rows(tamperer: Tamperer, table: str) -> list[tuple[str, str]]:
    """Give the key of each row, and the condition that finds it."""
    sealed = TABLES[table]
    found = await tamperer.connection.fetch(
        f"SELECT {sealed.row_key}, t.ctid::text AS place FROM {table} t"  # noqa: S608 - ours
        " WHERE tenant_id = $1 ORDER BY 1, 2",
        tamperer.tenant_id,
    )
    return [(sealed.key_text(row), f"ctid = '{row['place']}'") for row in found]


async def test_the_ledger_is_proved(tamperer: Tamperer) -> None:
    proof = await tamperer.proof()

    assert proof.findings == []
    # Three accounts, five transfers, six entries.
    assert (proof.blocks, proof.sealed, proof.unsealed) == (2, 14, 0)


@pytest.mark.parametrize("table", TABLES)
async def test_every_column_is_either_sealed_or_may_change(tamperer: Tamperer, table: str) -> None:
    columns = set(await tamperer.columns(table))

    assert columns == {*COLUMNS[table].split(), *TABLES[table].changing}


@pytest.mark.parametrize("which", [0, -1], ids=["first", "last"])
@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column) for table, columns in COLUMNS.items() for column in columns.split()],
)
async def test_a_changed_byte_is_found_and_its_row_named(
    tamperer: Tamperer, table: str, column: str, which: int
) -> None:
    key, where = (await rows(tamperer, table))[which]

    await tamperer.change(table, column, where)

    assert (table, key) in await tamperer.named()


@pytest.mark.parametrize("table", TABLES)
async def test_the_last_row_removed_is_found_and_named(tamperer: Tamperer, table: str) -> None:
    key, where = (await rows(tamperer, table))[-1]

    await tamperer.do(f"DELETE FROM {table} WHERE {where}")  # noqa: S608 - ours

    assert await tamperer.named() == {(table, key)}


@pytest.mark.parametrize("table", ["transfers", "entries"])
async def test_amounts_that_changed_places_are_found_and_named(
    tamperer: Tamperer, table: str
) -> None:
    found = await rows(tamperer, table)
    amounts = [
        await tamperer.connection.fetchval(f"SELECT amount FROM {table} WHERE {where}")  # noqa: S608 - ours
        for _, where in found
    ]
    other = next(at for at, amount in enumerate(amounts) if amount != amounts[0])

    for at, amount in ((0, amounts[other]), (other, amounts[0])):
        await tamperer.do(f"UPDATE {table} SET amount = {amount} WHERE {found[at][1]}")  # noqa: S608 - ours

    assert await tamperer.named() == {(table, found[0][0]), (table, found[other][0])}


async def test_postings_go_on_while_history_is_sealed(
    database: OpenDatabase, postgres: EmbeddedPostgres
) -> None:
    opened: Database = await database("billing")
    ledger = TenantLedger(opened)
    first, second = await ledger.open(filled_with=100), await ledger.open()

    for _ in range(5):
        await ledger.post(first, second, 1)
        await seal_everything(opened, SEALED)

    url = with_database(postgres.admin_url, "billing")
    async with tampering(url, tenant_id=ledger.tenant_id, tables=SEALED) as tamperer:
        proof = await tamperer.proof()
    assert proof.findings == []
    assert proof.unsealed == 0
    assert not await ledger.violations()


async def test_what_is_due_is_found_by_indexes_under_row_level_security(
    history: TenantLedger,
) -> None:
    """Conditions that could leak a row to a function would be looked at row by row."""
    limits = {"since": 0, "upto": 2**62, "at_most": 10}

    async with over_tenants(history.database) as session:
        await session.execute(BY_INDEX)
        plan = await session.execute(text(f"EXPLAIN {due(SEALED)}"), limits)
        steps = "\n".join(plan.scalars())

    assert "Seq Scan" not in steps
    assert steps.count("seals_row_key") == len(SEALED)
    assert {f"{table}_written_in_idx" in steps for table in TABLES} == {True}
    assert "row_id = t.id" in steps or "row_id = t_1.id" in steps
