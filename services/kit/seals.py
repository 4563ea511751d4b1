"""Seals: what is written once gets a number, a hash, and a place in a chain of blocks per tenant.

A job does it a moment later, so no writer waits for it. It never asks "what is newer than the last
one", which would pass over a transaction that began early and commits late: a row waits until
every transaction up to its own has ended, and then has its turn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from services.kit.database import Database
from services.kit.jobs import Job, over_tenants
from services.kit.requests import canonical_json

ROWS_AT_ONCE: Final = 2_000
EVERY: Final = timedelta(seconds=5)
# What stands before the first block.
NOTHING: Final = bytes(32)

# Texts of times and bytes depend on these, and hashes on the texts.
CANONICAL: Final = (
    "SELECT set_config('timezone', 'UTC', true), set_config('bytea_output', 'hex', true)"
)
# However many rows and seals there are, and whatever the statistics say: the few rows that are due
# are found by the index of transactions, and their seals by that of rows.
BY_INDEX: Final = text(
    "SELECT set_config(name, 'off', true) FROM unnest("
    "ARRAY['enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin']) name"
)
# Rows of transactions below `upto` are committed or gone for ever; those below `since` are sealed.
# After a restore into a new cluster transactions count anew, and everything is looked through.
WINDOW: Final = """
    SELECT upto, CASE WHEN sealed <= upto THEN sealed ELSE 0 END AS since
    FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS upto) now
    CROSS JOIN LATERAL (
        SELECT coalesce((SELECT horizon FROM seal_blocks ORDER BY seal_time DESC LIMIT 1), 0)
            AS sealed
    ) last
"""
_HEADS: Final = text(
    "SELECT asked.tenant_id, head.n, head.last_seq, head.hash"
    " FROM unnest(CAST(:tenant_ids AS uuid[])) asked (tenant_id) CROSS JOIN LATERAL ("
    "  SELECT n, last_seq, hash FROM seal_blocks b WHERE b.tenant_id = asked.tenant_id"
    "  ORDER BY n DESC LIMIT 1) head"
)
_SEAL: Final = text(
    "INSERT INTO seals (tenant_id, seq, table_name, row_id, row_version, row_hash)"
    " SELECT CAST(:tenant_id AS uuid), * FROM unnest(CAST(:seq AS bigint[]),"
    " CAST(:table_name AS text[]), CAST(:row_id AS uuid[]), CAST(:row_version AS bigint[]),"
    " CAST(:row_hash AS bytea[]))"
)
_BLOCK: Final = text(
    "INSERT INTO seal_blocks (tenant_id, n, first_seq, last_seq, merkle_root, prev_hash, horizon,"
    " seal_time, hash) VALUES (:tenant_id, :n, :first_seq, :last_seq, :merkle_root, :prev_hash,"
    " :horizon, :seal_time, :hash)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedTable:
    """A table whose rows are written once, but for some columns that may change."""

    name: str
    # The columns of its key behind the tenant: an id, and what tells rows of one id apart, if any.
    id: str = "id"
    version: str | None = None
    changing: tuple[str, ...] = ()

    @property
    def row_key(self) -> str:
        """Write in SQL the key of a row `t`, as a seal has it."""
        version = "0" if self.version is None else f"t.{self.version}"
        return f"t.{self.id} AS row_id, {version}::bigint AS row_version"

    @property
    def is_its_seal(self) -> str:
        """Write in SQL that a seal `s` is the one of a row `t`.

        Key by key and of their own types: row level security lets only such conditions use an
        index.
        """
        version = "0" if self.version is None else f"t.{self.version}"
        return (
            f"s.tenant_id = t.tenant_id AND s.table_name = '{self.name}'"
            f" AND s.row_id = t.{self.id} AND s.row_version = {version}"
        )

    def key_text(self, row: Any) -> str:
        """Write the key of a row for people."""
        is_alone = self.version is None
        return str(row["row_id"]) if is_alone else f"{row['row_id']}:{row['row_version']}"

    @property
    def row_hash(self) -> str:
        """Write in SQL the hash of a row `t`: of all its columns by name, without empty ones.

        So a column that is added later, and empty in old rows, changes no hash.
        """
        columns = f"to_jsonb(t) - '{{{','.join(self.changing)}}}'::text[]"
        return f"sha256(convert_to(jsonb_strip_nulls({columns})::text, 'UTF8'))"


OPERATION_LOG: Final = SealedTable(name="operation_log")


class SealRow:
    """The seal of one row; each service maps it as its table `seals`. Written once."""

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    # 1, 2, 3, … in each tenant.
    seq: Mapped[int] = mapped_column(primary_key=True)
    table_name: Mapped[str]
    row_id: Mapped[UUID]
    # 0 where the table has one row for each id.
    row_version: Mapped[int]
    row_hash: Mapped[bytes]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[UniqueConstraint, ...]:
        key = ("tenant_id", "table_name", "row_id", "row_version")
        return (UniqueConstraint(*key, name="seals_row_key"),)


class SealBlockRow:
    """A link of the chain; each service maps it as its table `seal_blocks`. Written once."""

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    first_seq: Mapped[int]
    last_seq: Mapped[int]
    merkle_root: Mapped[bytes]
    prev_hash: Mapped[bytes]
    # Every row of an older transaction is sealed in this block or in one before it.
    horizon: Mapped[int]
    seal_time: Mapped[datetime]
    hash: Mapped[bytes]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index, ...]:
        return (Index("seal_blocks_seal_time_idx", "seal_time"),)


def leaf(*, seq: int, table_name: str, row_id: UUID, row_version: int, row_hash: bytes) -> bytes:
    """Hash a seal as a leaf of its block's tree; leaves and nodes can not be taken for another."""
    said = {"seal": [seq, table_name, str(row_id), row_version, row_hash.hex()]}
    return sha256(b"\0" + canonical_json(said)).digest()


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Hash leaves pairwise up to one; who is alone in a level goes up as it is."""
    level = list(leaves)
    while len(level) > 1:
        pairs = range(0, len(level) - 1, 2)
        above = [sha256(b"\1" + level[at] + level[at + 1]).digest() for at in pairs]
        level = above + level[len(above) * 2 :]
    return level[0]


def block_hash(block: Any) -> bytes:
    """Hash everything that a block says, the hash of the one before it among it."""
    said = {
        "tenant_id": str(block["tenant_id"]),
        "numbers": [block["n"], block["first_seq"], block["last_seq"], block["horizon"]],
        "hashes": [block["merkle_root"].hex(), block["prev_hash"].hex()],
        "seal_time": block["seal_time"].isoformat(),
    }
    return sha256(canonical_json(said)).digest()


def sealing(service: str, tables: Sequence[SealedTable] = ()) -> Job:
    """Make the job that seals a service's operation log and what else it writes once."""
    sealed = (OPERATION_LOG, *tables)

    async def run(database: Database, now: datetime) -> int:
        async with over_tenants(database) as session:
            return await seal(session, tables=sealed, now=now, at_most=ROWS_AT_ONCE)

    # Where writing never ends something is always due: few large blocks cost less than many small.
    return Job(name=f"{service}.seal", every=EVERY, run=run, full_run=ROWS_AT_ONCE)


async def seal(
    session: AsyncSession, *, tables: Sequence[SealedTable], now: datetime, at_most: int
) -> int:
    """Seal what is due, a block for each tenant, and give how many rows that were."""
    await session.execute(text(CANONICAL))
    await session.execute(BY_INDEX)
    window = (await session.execute(text(WINDOW))).one()
    limits = {"since": window.since, "upto": window.upto, "at_most": at_most}
    rows = (await session.execute(text(due(tables)), limits)).all()
    if not rows:
        return 0
    # Where more may be due, the rest of the last row's transaction has its turn next.
    horizon = window.upto if len(rows) < at_most else rows[-1].written_in
    heads = await _heads(session, tenant_ids={row.tenant_id for row in rows})
    for tenant_id, group in groupby(sorted(rows, key=_tenant), key=_tenant):
        head = heads.get(tenant_id, _Head(0, 0, NOTHING))
        seals = _numbered(group, after=head.last_seq)
        block = {
            "tenant_id": tenant_id,
            "n": head.n + 1,
            "first_seq": head.last_seq + 1,
            "last_seq": head.last_seq + len(seals),
            "merkle_root": merkle_root(leaf(**seal) for seal in seals),
            "prev_hash": head.hash,
            "horizon": horizon,
            "seal_time": now,
        }
        await session.execute(_SEAL, {"tenant_id": tenant_id} | _columns(seals))
        await session.execute(_BLOCK, block | {"hash": block_hash(block)})
    return len(rows)


class _Head(NamedTuple):
    n: int
    last_seq: int
    hash: bytes


async def _heads(session: AsyncSession, *, tenant_ids: set[UUID]) -> dict[UUID, _Head]:
    """Give the last block of each tenant that has one."""
    found = await session.execute(_HEADS, {"tenant_ids": list(tenant_ids)})
    return {row.tenant_id: _Head(row.n, row.last_seq, bytes(row.hash)) for row in found}


def _tenant(row: Any) -> UUID:
    tenant_id: UUID = row.tenant_id
    return tenant_id


def _numbered(rows: Iterable[Any], *, after: int) -> list[dict[str, Any]]:
    return [
        {
            "seq": seq,
            "table_name": row.table_name,
            "row_id": row.row_id,
            "row_version": row.row_version,
            "row_hash": bytes(row.row_hash),
        }
        for seq, row in enumerate(rows, start=after + 1)
    ]


def _columns(seals: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [seal[name] for seal in seals] for name in seals[0]}


def due(tables: Sequence[SealedTable]) -> str:
    """Write the query for rows of ended transactions that have no seal, oldest first."""
    parts = [
        f"(SELECT t.tenant_id, '{table.name}' AS table_name, {table.row_key},"  # noqa: S608 - our own names
        f" {table.row_hash} AS row_hash, t.written_in FROM {table.name} t"
        " WHERE t.written_in >= :since AND t.written_in < :upto"
        f" AND NOT EXISTS (SELECT FROM seals s WHERE {table.is_its_seal})"
        " ORDER BY t.written_in LIMIT :at_most)"
        for table in tables
    ]
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) due ORDER BY written_in LIMIT :at_most"  # noqa: S608 - our own names
