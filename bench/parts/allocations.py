"""Partners with money and their customers, and an allocation as bare SQL: what a write costs."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import cycle
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.kit import ids
from services.kit.direct import settings
from services.kit.ids import new_id

UNIT: Final = "USD/2"
CUSTOMERS: Final = 500
CENTS: Final = 10**13
CLEARING, PARTNER_CASH, CUSTOMER_CASH = 1, 2, 4
TOP_UP, ALLOCATE = 1, 2

_CLAIM: Final = (
    "INSERT INTO replies (tenant_id, method, request_id, subject, request_hash, hash_version)"
    " VALUES ($1, 'bare', $2, 'bench', $3, 1)"
    " ON CONFLICT (tenant_id, method, request_id) DO NOTHING RETURNING true"
)
_VERIFICATION: Final = (
    "SELECT is_enabled FROM verification_settings WHERE tenant_id = $1 AND partner_id = $1"
)
_LINK: Final = (
    "SELECT * FROM customer_links WHERE tenant_id = $1 AND customer_id = $2 FOR KEY SHARE"
)
_PAIR: Final = "SELECT pg_try_advisory_xact_lock($1)"
_ACCOUNTS: Final = (
    "SELECT id, holder_id, kind, unit, credits_posted - debits_posted - debits_pending,"
    " debits_pending > 0 FROM accounts"
    " WHERE tenant_id = $1 AND holder_id = ANY($2) AND kind IN (2, 4)"
)
_DOCUMENT: Final = (
    "INSERT INTO adjustments (tenant_id, id, partner_id, transaction_id, customer_id,"
    " operation_type, kind, currency_code, amount, operate_time, operator)"
    " VALUES ($1, $2, $1, $3, $4, 'ALLOCATE', 'CASH', 'USD', 0.01, $5, 'bench')"
)
_POST: Final = "SELECT ledger_post($1::jsonb)"
_KEEP: Final = (
    "WITH logged AS ("
    "INSERT INTO operation_log (tenant_id, id, partner_id, operate_time, operator, role, actor,"
    " method, request_id, request_hash, outcome, things) VALUES ($1, $4, $1, $5, 'bench',"
    " 'ADMINISTRATOR', 'gateway', 'bare', $2, $6, 'OK', $7))"
    " UPDATE replies SET is_refusal = false, answer = $3"
    " WHERE tenant_id = $1 AND method = 'bare' AND request_id = $2"
)
# About what the message of an adjustment takes.
_ANSWER: Final = bytes(200)


@dataclass
class Partner:
    """A solution provider with money and customers, one after another of whom gets some."""

    tenant_id: UUID = field(default_factory=new_id)
    customer_ids: Sequence[UUID] = field(
        default_factory=lambda: [new_id() for _ in range(CUSTOMERS)]
    )

    def __post_init__(self) -> None:
        self._turns: Iterator[UUID] = cycle(self.customer_ids)

    @property
    def id(self) -> str:
        return ids.to_text("ptr", self.tenant_id)

    def next_customer(self) -> UUID:
        return next(self._turns)

    async def fill(self, connection: Any) -> None:
        """Let it have customers and money, as the superuser."""
        links = [(self.tenant_id, one) for one in self.customer_ids]
        await connection.executemany(
            "INSERT INTO customer_links (tenant_id, customer_id, partner_id, version,"
            " partner_name, association_type, account_name)"
            " VALUES ($1, $2, $1, 1, 'bench', 'RESALE', 'bench')",
            links,
        )
        await connection.execute(
            "INSERT INTO tenant_currencies (tenant_id, currency_code) VALUES ($1, 'USD')",
            self.tenant_id,
        )
        holders = [(self.tenant_id, CLEARING, None), (self.tenant_id, PARTNER_CASH, self.tenant_id)]
        holders += [(one, CUSTOMER_CASH, self.tenant_id) for one in self.customer_ids]
        rows = [
            (self.tenant_id, new_id(), partner_id, holder_id, kind, UNIT, int(kind != CLEARING))
            for holder_id, kind, partner_id in holders
        ]
        await connection.executemany(
            "INSERT INTO accounts (tenant_id, id, partner_id, holder_id, kind, unit, guard)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            rows,
        )
        await connection.execute("SELECT set_config('app.tenant', $1, false)", str(self.tenant_id))
        top_up = posting(new_id(), TOP_UP, rows[0][1], rows[1][1], CENTS)
        await connection.execute(_POST, top_up)


def posting(id_: UUID, code: int, debit: UUID, credit: UUID, cents: int) -> str:
    item = {
        "n": 0,
        "id": str(id_),
        "code": code,
        "phase": 1,
        "debit_account_id": str(debit),
        "credit_account_id": str(credit),
        "amount": cents,
        "unit": UNIT,
    }
    return json.dumps(item)


class Bare:
    """Does in the database all that billing does, in as few round trips, with nothing around it."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def allocate(self, partner: Partner) -> None:
        tenant_id, customer_id = partner.tenant_id, partner.next_customer()
        connection, id_, document_id = self._connection, new_id(), new_id()
        request_id = str(id_)
        request_hash = sha256(request_id.encode()).digest()
        await connection.execute(f"BEGIN; {settings(_who(partner))}")
        try:
            await connection.fetchval(_CLAIM, tenant_id, request_id, request_hash)
            await connection.fetchval(_VERIFICATION, tenant_id)
            await connection.fetchrow(_LINK, tenant_id, customer_id)
            await connection.fetchval(_PAIR, int.from_bytes(customer_id.bytes[8:], signed=True))
            found = await connection.fetch(_ACCOUNTS, tenant_id, [tenant_id, customer_id])
            accounts = {row["kind"]: row["id"] for row in found}
            now = datetime.now(UTC)
            await connection.execute(_DOCUMENT, tenant_id, document_id, id_, customer_id, now)
            item = posting(id_, ALLOCATE, accounts[PARTNER_CASH], accounts[CUSTOMER_CASH], 1)
            await connection.execute(_POST, item)
            things = _things(adj=document_id, txn=id_, ptr=tenant_id, cus=customer_id)
            await connection.execute(
                _KEEP, tenant_id, request_id, _ANSWER, new_id(), now, request_hash, things
            )
        except BaseException:
            await connection.execute("ROLLBACK")
            raise
        await connection.execute("COMMIT")


def _who(partner: Partner) -> dict[str, str]:
    """Say who asks as an administrator's transaction does."""
    tenant = str(partner.tenant_id)
    return {"tenant": tenant, "partner": "", "role": "ADMINISTRATOR", "subject": "bench"}


def _things(**named: UUID) -> list[str]:
    return [ids.to_text(prefix, one) for prefix, one in named.items()]


async def rate(writers: Sequence[Bare], partners: Sequence[Partner], *, seconds: float) -> float:
    """Let all writers allocate for a while; give allocations per second."""
    turns = cycle(partners)
    started = time.perf_counter()
    end = started + seconds
    done = await asyncio.gather(*(_write(writer, turns, end=end) for writer in writers))
    return sum(done) / (time.perf_counter() - started)


async def _write(writer: Bare, turns: Iterator[Partner], *, end: float) -> int:
    done = 0
    while time.perf_counter() < end:
        await writer.allocate(next(turns))
        done += 1
    return done
