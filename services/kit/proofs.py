"""Proofs: every sealed row is as it was sealed, and the chain of seals has no gap and no patch.

What does not fit is named by its table and key. A chain that was cut off at its end fits: it
shows where the head was noted outside and is looked for again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final
from uuid import UUID

from services.kit.seals import (
    CANONICAL,
    NOTHING,
    WINDOW,
    SealedTable,
    block_hash,
    leaf,
    merkle_root,
)

# Of each table; who sees as many knows enough.
FINDINGS_MAX: Final = 100
_FETCHED_AT_ONCE: Final = 5_000

_SEALS: Final = (
    "SELECT seq, table_name, row_id, row_version, row_hash FROM seals"
    " WHERE tenant_id = $1 ORDER BY seq"
)
_BLOCKS: Final = "SELECT * FROM seal_blocks WHERE tenant_id = $1 ORDER BY n"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is not as it was: a row by its table and key, and what is wrong with it."""

    table: str
    key: str
    problem: str


@dataclass(slots=True)
class Proof:
    """What was looked at of one tenant in one database, and what was found."""

    tenant_id: UUID
    blocks: int = 0
    sealed: int = 0
    # Written a moment ago, or since the sealer stopped.
    unsealed: int = 0
    head: bytes = NOTHING
    findings: list[Finding] = field(default_factory=list)

    def find(self, table: str, key: object, problem: str) -> None:
        self.findings.append(Finding(table, str(key), problem))


async def prove(connection: Any, *, tenant_id: UUID, tables: Sequence[SealedTable]) -> Proof:
    """Look at every seal and every sealed row of a tenant.

    The connection is asyncpg's, in a transaction that sees one snapshot of the tenant's rows.
    """
    await connection.execute(CANONICAL)
    since = (await connection.fetchrow(WINDOW))["since"]
    proof = Proof(tenant_id)
    chain = _Chain(proof, {table.name for table in tables})
    for table in tables:
        proof.unsealed += await connection.fetchval(_unsealed(table), tenant_id, since)
        for row in await connection.fetch(_differing(table), tenant_id, since, FINDINGS_MAX):
            key = table.key_text(row)
            if row["seq"] is None:
                proof.find(table.name, key, "has no seal, and younger rows have")
            else:
                problem = "is gone" if row["is_gone"] else "is not as it was sealed"
                chain.differing[row["seq"]] = Finding(table.name, key, problem)
    await _walk(connection, chain)
    proof.findings += chain.differing.values()
    return proof


async def tenants(connection: Any, *, tables: Sequence[SealedTable]) -> list[UUID]:
    """Find every tenant that has rows or seals, in a transaction that sees them all."""
    names = ("seal_blocks", "seals", *(table.name for table in tables))
    query = " UNION ".join(f"SELECT tenant_id FROM {name}" for name in names)  # noqa: S608 - our own names
    return [row["tenant_id"] for row in await connection.fetch(f"{query} ORDER BY 1")]


async def holds_head(connection: Any, *, tenant_id: UUID, n: int, head: str) -> bool:
    """Tell whether a head that was noted outside, in hexadecimal digits, is still in the chain."""
    query = "SELECT encode(hash, 'hex') FROM seal_blocks WHERE tenant_id = $1 AND n = $2"
    return bool(await connection.fetchval(query, tenant_id, n) == head)


class _Chain:
    """The blocks in their order, as far as they were walked along."""

    def __init__(self, proof: Proof, known_tables: set[str]) -> None:
        self.proof = proof
        # Rows that are not as their seals say, by the seals' numbers.
        self.differing: dict[int, Finding] = {}
        self._known_tables = known_tables
        self._hashes = {NOTHING}
        self.is_whole = True

    def follow(self, block: Any) -> bool:
        """Take the next block; tell whether what it says of its seals can be believed."""
        proof, n = self.proof, block["n"]
        for missing in islice(range(proof.blocks + 1, n), FINDINGS_MAX):
            proof.find("seal_blocks", missing, "is gone")
        self.is_whole = block_hash(block) == block["hash"]
        if not self.is_whole:
            proof.find("seal_blocks", n, "is not as it was")
        elif block["prev_hash"] not in self._hashes:
            proof.find("seal_blocks", n, "does not go on from the block before it")
        # Either may be what was touched; the next block goes on from the true one.
        self._hashes = {bytes(block["hash"]), block_hash(block)}
        proof.blocks, proof.head = n, bytes(block["hash"])
        return self.is_whole

    def check(self, block: Any, seals: Sequence[Any]) -> None:
        """Compare a block with the seals that lie in it."""
        present = {seal["seq"] for seal in seals}
        numbers = range(block["first_seq"], block["last_seq"] + 1)
        gone = list(islice((seq for seq in numbers if seq not in present), FINDINGS_MAX))
        for seq in gone:
            self.proof.find("seals", seq, "is gone")
        if not gone and _root(seals) != block["merkle_root"]:
            self._suspect(block, seals)

    def _suspect(self, block: Any, seals: Sequence[Any]) -> None:
        """Name seals of a block that does not hold them: those whose rows differ, or else all."""
        suspects = [
            seal["seq"]
            for seal in seals
            if seal["seq"] in self.differing or seal["table_name"] not in self._known_tables
        ]
        for seq in suspects:
            self.differing.pop(seq, None)
            self.proof.find("seals", seq, "is not as it was")
        if not suspects:
            numbers = f"{block['first_seq']}..{block['last_seq']}"
            self.proof.find("seals", numbers, "one of them, and its row, are not as they were")


async def _walk(connection: Any, chain: _Chain) -> None:
    """Read blocks and seals beside one another, without holding them all."""
    tenant_id = chain.proof.tenant_id
    seals = aiter(connection.cursor(_SEALS, tenant_id, prefetch=_FETCHED_AT_ONCE))
    ahead = await anext(seals, None)
    async for block in connection.cursor(_BLOCKS, tenant_id):
        if not chain.follow(block):
            continue
        own = []
        while ahead is not None and ahead["seq"] <= block["last_seq"]:
            if ahead["seq"] >= block["first_seq"]:
                own.append(ahead)
            chain.proof.sealed += 1
            ahead = await anext(seals, None)
        chain.check(block, own)
    if ahead is not None and chain.is_whole:
        chain.proof.find("seals", ahead["seq"], "lies in no block")


def _root(seals: Sequence[Any]) -> bytes:
    return merkle_root(leaf(**seal) for seal in seals)


def _differing(table: SealedTable) -> str:
    """Write the query for rows that do not fit their seals, and seals and rows without the other.

    Rows from the horizon on have none yet, by rights.
    """
    return f"""
        SELECT s.seq, row_id, row_version, t.row_hash IS NULL AS is_gone
        FROM (
            SELECT seq, row_id, row_version, row_hash FROM seals
            WHERE tenant_id = $1 AND table_name = '{table.name}'
        ) s FULL JOIN (
            SELECT {table.row_key}, {table.row_hash} AS row_hash, t.written_in
            FROM {table.name} t WHERE t.tenant_id = $1
        ) t USING (row_id, row_version)
        WHERE s.row_hash IS DISTINCT FROM t.row_hash
            AND (s.seq IS NOT NULL OR t.written_in < $2)
        ORDER BY s.seq, row_id, row_version LIMIT $3
    """  # noqa: S608 - our own names


def _unsealed(table: SealedTable) -> str:
    return f"""
        SELECT count(*) FROM {table.name} t
        WHERE t.tenant_id = $1 AND t.written_in >= $2
            AND NOT EXISTS (SELECT FROM seals s WHERE {table.is_its_seal})
    """  # noqa: S608 - our own names
