"""Numbers of bank accounts: sealed, told again, and found in no other place."""

import logging
from uuid import UUID

import asyncpg
import pytest
from cryptography.exceptions import InvalidTag

from partner_center.databases import with_database
from partner_center.postgres import EmbeddedPostgres
from services.billing.withdrawals.vault import NumberVault
from services.kit.ids import new_id
from services.kit.secret import Secret
from tests.builders.billing import in_days
from tests.builders.principals import a_tenant
from tests.builders.running import RunningService
from tests.builders.withdrawals import (
    NUMBER,
    ScriptedBank,
    a_rich_tenant,
    decide,
    pay,
    refused,
    submit,
)

VAULT = NumberVault(Secret(b"s" * 32))
TENANT, ACCOUNT = new_id(), new_id()


def test_a_sealed_number_is_opened_in_its_place_only() -> None:
    sealed = VAULT.seal(NUMBER, tenant_id=TENANT, bank_account_id=ACCOUNT)

    assert VAULT.open(sealed, tenant_id=TENANT, bank_account_id=ACCOUNT) == NUMBER
    for tenant, account in ((new_id(), ACCOUNT), (TENANT, new_id())):
        with pytest.raises(InvalidTag):
            VAULT.open(sealed, tenant_id=tenant, bank_account_id=account)


def test_a_changed_byte_is_noticed_and_another_secret_opens_nothing() -> None:
    sealed = VAULT.seal(NUMBER, tenant_id=TENANT, bank_account_id=ACCOUNT)
    changed = bytes([*sealed[:-1], sealed[-1] ^ 1])

    with pytest.raises(InvalidTag):
        VAULT.open(changed, tenant_id=TENANT, bank_account_id=ACCOUNT)
    with pytest.raises(InvalidTag):
        NumberVault(Secret(b"t" * 32)).open(sealed, tenant_id=TENANT, bank_account_id=ACCOUNT)


def test_the_same_number_is_sealed_differently_each_time_and_told_again() -> None:
    seals = {VAULT.seal(NUMBER, tenant_id=TENANT, bank_account_id=ACCOUNT) for _ in range(10)}

    assert len(seals) == 10
    assert VAULT.index(NUMBER, tenant_id=TENANT) == VAULT.index(NUMBER, tenant_id=TENANT)
    assert VAULT.index(NUMBER, tenant_id=TENANT) != VAULT.index(NUMBER, tenant_id=new_id())


async def test_a_number_is_in_no_table_no_reply_and_no_log(
    billing: RunningService,
    postgres: EmbeddedPostgres,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    tenant = a_tenant()
    await a_rich_tenant(billing, tenant, "30 CNY", pay_time=in_days(-400))
    too_much = await refused(billing, tenant, "31 CNY", kind="BANK_CARD")
    made = await submit(billing, tenant, "10 CNY", kind="BANK_CARD")
    await decide(billing, made, tenant)
    await pay(billing, ScriptedBank(lost_answers=1))
    await pay(billing, ScriptedBank(), minutes=2)

    written = await everything_of(tenant, with_database(postgres.admin_url, "billing"))
    told = "".join((*capsys.readouterr(), caplog.text, str(made), str(too_much)))

    assert "Harbour Bank" in written
    hexadecimal = NUMBER.encode().hex()
    assert NUMBER not in written + told
    assert hexadecimal not in written + told


async def everything_of(tenant: UUID, url: str) -> str:
    """Write every row of a tenant as text, as the superuser sees it."""
    connection = await asyncpg.connect(url)
    tables = await connection.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND c.relnamespace = 'public'::regnamespace"
    )
    rows = [
        row[0]
        for table in tables
        for row in await connection.fetch(
            f"SELECT t::text FROM {table['name']} t WHERE tenant_id = $1",  # noqa: S608 - names from the catalogue
            tenant,
        )
    ]
    await connection.close()
    return "\n".join(rows)
