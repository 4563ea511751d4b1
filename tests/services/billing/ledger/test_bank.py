"""The bank: whatever moves and whoever looks, no snapshot has a wrong sum or a negative balance.

Ten seconds here; `make soak` lets it run for a minute.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.exc import DBAPIError

from partner_center.databases import with_database
from partner_center.postgres import EmbeddedPostgres
from services.billing.ledger.sealed import SEALED
from services.kit.database import passing_fault
from tests.builders.bank import Bank
from tests.builders.ledger import TenantLedger
from tests.builders.tampering import seal_everything, tampering
from tests.conftest import runtime_url

SECONDS = float(os.environ.get("SOAK_SECONDS", "10"))
WRITERS = 16
READERS = 2
ACCOUNTS = 8
FILLED_WITH = 500


async def test_no_snapshot_is_ever_wrong_while_sixteen_writers_move_money(
    ledger: TenantLedger, postgres: EmbeddedPostgres, capsys: pytest.CaptureFixture[str]
) -> None:
    accounts = [await ledger.open(filled_with=FILLED_WITH) for _ in range(ACCOUNTS)]
    bank = Bank(runtime_url(postgres, "billing"), ledger.tenant_id, accounts, SECONDS)

    async with sealed_meanwhile(ledger):
        await asyncio.gather(
            *(bank.write(seed) for seed in range(WRITERS)),
            *(bank.watch(pause=0.1) for _ in range(READERS)),
        )

    say(bank, capsys)
    assert bank.moved > WRITERS
    assert bank.refused, "nobody came to an end"
    # All there is came from as many clearing accounts, which went down by as much.
    assert {look[:3] for look in bank.looks} == {(0, 0, ACCOUNTS * FILLED_WITH)}
    assert min(least for *_, least in bank.looks) >= 0
    assert len(bank.looks) > READERS
    assert not await ledger.violations()
    await everything_is_proved(ledger, postgres)


@asynccontextmanager
async def sealed_meanwhile(ledger: TenantLedger) -> AsyncIterator[None]:
    """Seal what was written again and again, as the job does, which may be cut short."""

    async def seal_for_ever() -> None:
        while True:
            try:
                await seal_everything(ledger.database, SEALED)
            except DBAPIError as error:
                if passing_fault(error) is None:
                    raise
            await asyncio.sleep(0.2)

    sealer = asyncio.create_task(seal_for_ever())
    try:
        yield
    finally:
        assert not sealer.done(), sealer.exception()
        sealer.cancel()
        await asyncio.wait([sealer])
    await seal_everything(ledger.database, SEALED)


async def everything_is_proved(ledger: TenantLedger, postgres: EmbeddedPostgres) -> None:
    async with tampering(
        with_database(postgres.admin_url, "billing"), tenant_id=ledger.tenant_id, tables=SEALED
    ) as tamperer:
        proof = await tamperer.proof()
        count = await tamperer.connection.fetchval(
            "SELECT (SELECT count(*) FROM transfers WHERE tenant_id = $1)"
            " + (SELECT count(*) FROM entries WHERE tenant_id = $1)"
            " + (SELECT count(*) FROM accounts WHERE tenant_id = $1)",
            ledger.tenant_id,
        )
    assert (proof.findings, proof.unsealed, proof.sealed) == ([], 0, count)


def say(bank: Bank, capsys: pytest.CaptureFixture[str]) -> None:
    """Print what was measured as one line of JSON, captured or not."""
    figure = {
        "name": "ledger.bank",
        "seconds": SECONDS,
        "writers": WRITERS,
        "moved": bank.moved,
        "refused": bank.refused,
        "snapshots": len(bank.looks),
        "p50_ms": bank.percentile(0.5),
        "p99_ms": bank.percentile(0.99),
    }
    with capsys.disabled():
        print(f"\n{json.dumps(figure)}")  # noqa: T201 - a figure is for people
