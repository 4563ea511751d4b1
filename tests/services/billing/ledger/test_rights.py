"""History cannot be rewritten: not by the runtime role, not by the owner, not across tenants."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select, text

from services.billing.ledger.chart import AccountKind
from services.billing.ledger.model import Account, Entry, Transfer
from services.kit.identity import Principal, Role
from services.kit.ids import new_id
from tests.builders.ledger import TenantLedger

HISTORY = ("transfers", "entries")
CHANGES = ("UPDATE {} SET amount = amount + 1", "DELETE FROM {}", "TRUNCATE {}")


@pytest.mark.parametrize("table", HISTORY)
@pytest.mark.parametrize("change", CHANGES)
async def test_nobody_changes_history(
    ledger: TenantLedger, connections: Mapping[str, Any], table: str, change: str
) -> None:
    await ledger.open(filled_with=100)
    statement = change.format(table)

    for role, refused in (
        ("runtime", asyncpg.InsufficientPrivilegeError),
        ("owner", asyncpg.RestrictViolationError),
    ):
        with pytest.raises(refused):
            await execute(connections[role], statement, tenant_id=ledger.tenant_id)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO transfers SELECT * FROM transfers",
        "INSERT INTO entries SELECT * FROM entries",
        "UPDATE accounts SET credits_posted = 1000000",
        "INSERT INTO accounts (id, credits_posted) VALUES (gen_random_uuid(), 1000000)",
        "DELETE FROM accounts",
        "SELECT ledger_move(NULL, NULL, NULL, 0, now())",
        "SELECT ledger_apply(NULL)",
        "SELECT ledger_post_plain(NULL, NULL)",
        "ALTER TABLE accounts DROP CONSTRAINT accounts_guard_check",
    ],
)
async def test_the_runtime_role_writes_only_by_the_functions(
    ledger: TenantLedger, connections: Mapping[str, Any], statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(connections["runtime"], statement, tenant_id=ledger.tenant_id)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("debits_posted = 101", "accounts_guard_check"),
        ("debits_pending = 101", "accounts_guard_check"),
        ("guard = 2", "accounts_guard_check"),
        ("guard = 2, debits_posted = 100, credits_pending = 1", "accounts_guard_check"),
        ("guard = 3", "accounts_guard_check"),
        ("credits_pending = -1", "accounts_counters_check"),
    ],
)
async def test_no_account_gives_what_it_has_not_whoever_writes(
    ledger: TenantLedger,
    connections: Mapping[str, Any],
    change: str,
    constraint: str,
) -> None:
    account = await ledger.open(filled_with=100)
    statement = f"UPDATE accounts SET {change} WHERE id = '{account}'"  # noqa: S608 - our own text

    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await execute(connections["owner"], statement, tenant_id=ledger.tenant_id)

    assert caught.value.constraint_name == constraint


async def test_what_names_no_unit_is_refused_at_once(
    ledger: TenantLedger, connections: Mapping[str, Any]
) -> None:
    debit, credit = await ledger.open(filled_with=100), await ledger.open()
    item = {
        "id": str(new_id()),
        "code": 2,
        "phase": 1,
        "debit_account_id": str(debit),
        "credit_account_id": str(credit),
        "amount": 1,
    }

    with pytest.raises(asyncpg.RaiseError):
        await execute(
            connections["runtime"],
            f"SET LOCAL statement_timeout = '2s'; SELECT ledger_post('{json.dumps(item)}')",
            tenant_id=ledger.tenant_id,
        )


@pytest.mark.parametrize("table", ["accounts", *HISTORY])
async def test_the_functions_owner_sees_one_tenant_too(
    ledger: TenantLedger, connections: Mapping[str, Any], table: str
) -> None:
    """What posts runs with its rights, so it has a wall of its own."""
    owner = connections["owner"]
    account = await ledger.open(filled_with=100)
    await ledger.reserve(account, await ledger.open(), 10)

    seen = {
        who: await rows_seen(owner, table, tenant=who, of=ledger.tenant_id)
        for who in (str(ledger.tenant_id), str(new_id()), "")
    }
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await execute(
            owner,
            "INSERT INTO accounts (tenant_id, id, holder_id, kind, unit, guard)"
            " VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, 'CNY/2', 0)",
            tenant_id=ledger.tenant_id,
        )

    own, other, nobody = seen.values()
    assert own > 0
    assert other == nobody == 0


async def rows_seen(connection: Any, table: str, *, tenant: str, of: UUID) -> int:
    async with connection.transaction():
        await connection.execute("SELECT set_config('app.tenant', $1, true)", tenant)
        count = await connection.fetchval(
            f"SELECT count(*) FROM {table} WHERE tenant_id = $1",  # noqa: S608 - our own names
            of,
        )
        return int(count)


async def test_the_runtime_role_has_no_right_to_change_history(
    connections: Mapping[str, Any],
) -> None:
    rows = await connections["owner"].fetch(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee IN ('svc_billing', 'PUBLIC') AND table_name = ANY($1)",
        [*HISTORY, "accounts"],
    )

    assert {(row["table_name"], row["privilege_type"]) for row in rows} == {
        ("accounts", "SELECT"),
        ("transfers", "SELECT"),
        ("entries", "SELECT"),
    }


async def test_the_functions_take_no_transfer_without_a_tenant(ledger: TenantLedger) -> None:
    with pytest.raises(Exception, match="of one tenant"):
        async with ledger.database.every_tenant() as session:
            await session.execute(text("SELECT * FROM ledger_post_many('[]')"))


async def test_a_reseller_sees_only_its_own_part_of_the_ledger(ledger: TenantLedger) -> None:
    reseller_id = new_id()
    source = await ledger.open(AccountKind.PARTNER_CASH, partner_id=ledger.tenant_id)
    theirs = await ledger.open(AccountKind.PARTNER_CASH, partner_id=reseller_id)
    outside = await ledger.open(AccountKind.CASH_CLEARING)
    await ledger.post(outside, source, 100)
    await ledger.post(source, theirs, 40)
    reseller = Principal("reseller", Role.ADMINISTRATOR, ledger.tenant_id, reseller_id)

    async with ledger.database.transaction(reseller) as session:
        accounts = list(await session.scalars(select(Account.id)))
        entries = list(await session.scalars(select(Entry.account_id)))
        amounts = list(await session.scalars(select(Transfer.amount)))

    assert (accounts, entries, amounts) == ([theirs], [theirs], [40])


async def execute(connection: Any, statement: str, *, tenant_id: UUID) -> None:
    async with connection.transaction():
        await connection.execute("SELECT set_config('app.tenant', $1, true)", str(tenant_id))
        await connection.execute(statement)
