"""Scripts that post for as long as `pgbench` lets them, each in the way that is measured.

Accounts are numbered: 0 is the hot one, the others give and take.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final
from uuid import UUID

ACCOUNTS: Final = 1000
# As charging and settlement post (POSTINGS_MAX).
BATCH: Final = 500

FILL: Final = f"""
INSERT INTO accounts (tenant_id, id, holder_id, kind, unit, guard)
SELECT $1, lpad(n::text, 32, '0')::uuid, uuidv7(), 1, 'CNY/2', 0
FROM generate_series(0, {ACCOUNTS}) n
"""  # noqa: S608 - our own number
_CHOOSE: Final = f"""
\\set debit random(1, {ACCOUNTS})
\\set credit (:debit + random(0, {ACCOUNTS - 2})) % {ACCOUNTS} + 1
"""
# What a service sends is text, too.
_ITEM: Final = """(
    '{"n":0,"id":"' || uuidv7() || '","code":2,"phase":1,"amount":1,"unit":"CNY/2"'
    || ',"debit_account_id":"' || lpad(:debit::text, 32, '0')
    || '","credit_account_id":"' || lpad(:credit::text, 32, '0') || '"}'
)::jsonb"""
_FUNCTION: Final = f"""
SELECT ledger_post({_ITEM});
"""
_ITEMS: Final = f"""(
    SELECT ('[' || string_agg(
        '{{"n":' || n || ',"id":"' || uuidv7() || '","code":2,"phase":1,"amount":1,"unit":"CNY/2"'
        || ',"debit_account_id":"' || lpad('0', 32, '0')
        || '","credit_account_id":"' || lpad(n::text, 32, '0') || '"}}', ','
    ) || ']')::jsonb FROM generate_series(1, {BATCH}) n
)"""  # noqa: S608 - our own numbers
_STATEMENTS: Final = """
BEGIN;
SELECT id FROM accounts WHERE tenant_id = :tenant::uuid
    AND id IN (lpad(:debit::text, 32, '0')::uuid, lpad(:credit::text, 32, '0')::uuid)
    ORDER BY id FOR NO KEY UPDATE;
INSERT INTO transfers (tenant_id, id, code, phase, debit_account_id, credit_account_id,
    amount, effective_time, create_time)
    VALUES (:tenant::uuid, uuidv7(), 2, 1, lpad(:debit::text, 32, '0')::uuid,
        lpad(:credit::text, 32, '0')::uuid, 1, now(), now()) RETURNING id AS transfer \\gset
UPDATE accounts SET debits_posted = debits_posted + 1, version = version + 1
    WHERE tenant_id = :tenant::uuid AND id = lpad(:debit::text, 32, '0')::uuid
    RETURNING version AS debit_version, credits_posted - debits_posted AS debit_balance \\gset
UPDATE accounts SET credits_posted = credits_posted + 1, version = version + 1
    WHERE tenant_id = :tenant::uuid AND id = lpad(:credit::text, 32, '0')::uuid
    RETURNING version AS credit_version, credits_posted - debits_posted AS credit_balance \\gset
INSERT INTO entries VALUES (:tenant::uuid, lpad(:debit::text, 32, '0')::uuid,
    :debit_version::bigint, :transfer::uuid, -1, :debit_balance::bigint, now());
INSERT INTO entries VALUES (:tenant::uuid, lpad(:credit::text, 32, '0')::uuid,
    :credit_version::bigint, :transfer::uuid, 1, :credit_balance::bigint, now());
COMMIT;
"""
_HOT: Final = "\\set debit 0"


@dataclass(frozen=True)
class Way:
    """A way to post: what each writer does again and again, and how many postings that is."""

    name: str
    script: str
    postings: int = 1
    writers: int = 8


FUNCTION_HOT: Final = Way("one by one, hot account", _CHOOSE + _HOT + _FUNCTION)
FUNCTION_SPREAD: Final = Way("one by one, spread", _CHOOSE + _FUNCTION)
STATEMENTS_HOT: Final = Way("six statements, hot account", _CHOOSE + _HOT + _STATEMENTS)
STATEMENTS_SPREAD: Final = Way("six statements, spread", _CHOOSE + _STATEMENTS)
BATCHES_HOT: Final = Way(
    "in batches, hot account",
    f"SELECT count(*) FROM ledger_post_many({_ITEMS});",  # noqa: S608 - our own text
    BATCH,
    # Jobs post batches, each one process at a time: charging, and what expires.
    writers=2,
)


@dataclass(frozen=True)
class Pgbench:
    """PostgreSQL's own load generator, in C and over a local socket: it takes little of the cores.

    :ivar program: where it stands
    :ivar sockets: the folder of the server's socket; `port` is part of its name
    :ivar tenant_id: whose accounts it posts to
    """

    program: Path
    sockets: Path
    port: int
    user: str
    password: str
    tenant_id: UUID

    async def rate(self, way: Way, *, seconds: int, folder: Path) -> float:
        """Let the writers post for so many whole seconds; give postings per second.

        :raises RuntimeError: it could not, or a posting failed
        """
        script = folder / "posting.sql"
        script.write_text(way.script, encoding="utf-8")
        output = await self._run(
            "--no-vacuum",
            *("--protocol", "prepared"),
            *("--client", str(way.writers), "--time", str(seconds)),
            *("--define", f"tenant={self.tenant_id}"),
            *("--file", str(script)),
        )
        [line] = [one for one in output.splitlines() if one.startswith("tps = ")]
        return float(line.split()[2]) * way.postings

    async def _run(self, *arguments: str) -> str:
        address = {"--host": str(self.sockets), "--port": str(self.port), "--username": self.user}
        process = await asyncio.create_subprocess_exec(
            self.program,
            *_flat(address),
            *arguments,
            "billing",
            env={
                **os.environ,
                "PGPASSWORD": self.password,
                "PGOPTIONS": f"-c app.tenant={self.tenant_id}",
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        if process.returncode or "aborted" in errors.decode():
            raise RuntimeError(f"pgbench: {errors.decode()}")
        return output.decode()


def _flat(options: dict[str, str]) -> Sequence[str]:
    return list(chain.from_iterable(options.items()))
