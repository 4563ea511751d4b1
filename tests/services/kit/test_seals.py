"""What is committed is sealed, each row once and none left out, and no writer waits for it."""

import asyncio
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.kit.database import Database
from services.kit.identity import Principal
from services.kit.jobs import over_tenants, run_once
from services.kit.rpc import utc_now
from services.kit.seals import (
    NOTHING,
    OPERATION_LOG,
    SealedTable,
    block_hash,
    leaf,
    merkle_root,
    seal,
    sealing,
)
from tests.builders.frogs import hatch
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService
from tests.builders.tampering import seal_everything

LOG = [OPERATION_LOG]


async def write(frogs: RunningService, principal: Principal, *, count: int = 1) -> None:
    for _ in range(count):
        await frogs.call(hatch("Ada", request_id=uuid4().hex), principal=principal)


async def rows(database: Database, tenant_id: UUID, query: str) -> list[Any]:
    async with database.transaction(an_administrator(tenant_id)) as session:
        return list((await session.execute(text(query))).all())


async def sealed(database: Database, tenant_id: UUID) -> list[Any]:
    return await rows(database, tenant_id, "SELECT * FROM seals ORDER BY seq")


async def test_each_row_of_a_tenant_gets_the_next_number(frogs: RunningService) -> None:
    first, second = a_tenant(), a_tenant()
    for tenant in (first, second, first):
        await write(frogs, an_administrator(tenant))
    await seal_everything(frogs.database, LOG)
    await write(frogs, an_administrator(first))

    await seal_everything(frogs.database, LOG)

    logged = await rows(frogs.database, first, "SELECT id FROM operation_log")
    seals = await sealed(frogs.database, first)
    assert [one.seq for one in seals] == [1, 2, 3]
    assert {one.row_id for one in seals} == {row.id for row in logged}
    assert {one.table_name for one in seals} == {"operation_log"}
    assert [one.seq for one in await sealed(frogs.database, second)] == [1]


async def test_blocks_are_a_chain(frogs: RunningService) -> None:
    tenant = a_tenant()
    for count in (2, 3):
        await write(frogs, an_administrator(tenant), count=count)
        await seal_everything(frogs.database, LOG)

    first, second = await rows(frogs.database, tenant, "SELECT * FROM seal_blocks ORDER BY n")

    assert [(one.n, one.first_seq, one.last_seq) for one in (first, second)] == [
        (1, 1, 2),
        (2, 3, 5),
    ]
    assert (first.prev_hash, second.prev_hash) == (NOTHING, first.hash)
    assert second.hash == block_hash(second._mapping)
    seals = (await sealed(frogs.database, tenant))[2:]
    columns = ("seq", "table_name", "row_id", "row_version", "row_hash")
    leaves = [leaf(**{name: getattr(one, name) for name in columns}) for one in seals]
    assert second.merkle_root == merkle_root(leaves)


async def test_a_transaction_that_commits_late_is_not_passed_over(frogs: RunningService) -> None:
    tenant, servicer = a_tenant(), frogs.servicers[0]
    principal = an_administrator(tenant)
    slow = asyncio.create_task(frogs.call(hatch("slow", request_id="slow"), principal=principal))
    await servicer.is_waiting.wait()  # type: ignore[attr-defined]
    await write(frogs, principal, count=2)

    await seal_everything(frogs.database, LOG)
    while_it_ran = await sealed(frogs.database, tenant)
    servicer.go_on.set()  # type: ignore[attr-defined]
    await slow
    await seal_everything(frogs.database, LOG)

    # What is younger than an open transaction waits with it.
    assert while_it_ran == []
    assert [one.seq for one in await sealed(frogs.database, tenant)] == [1, 2, 3]


async def test_no_writer_waits_for_the_sealer(frogs: RunningService) -> None:
    principal = an_administrator(a_tenant())
    await write(frogs, principal)

    async with over_tenants(frogs.database) as session:
        await seal(session, tables=LOG, now=utc_now(), at_most=100)
        async with asyncio.timeout(2):
            await write(frogs, principal, count=5)

    await seal_everything(frogs.database, LOG)
    assert len(await sealed(frogs.database, principal.scope.tenant_id)) == 6


@pytest.mark.parametrize("at_most", [1, 3, 7])
async def test_a_few_at_a_time_come_to_the_same(frogs: RunningService, at_most: int) -> None:
    tenants = [a_tenant(), a_tenant()]
    await seal_everything(frogs.database, LOG)
    for tenant in (*tenants, *tenants, *tenants):
        await write(frogs, an_administrator(tenant))

    counts = []
    while not counts or counts[-1]:
        async with over_tenants(frogs.database) as session:
            counts.append(await seal(session, tables=LOG, now=utc_now(), at_most=at_most))

    assert max(counts) <= at_most
    assert sum(counts) == 6
    for tenant in tenants:
        assert [one.seq for one in await sealed(frogs.database, tenant)] == [1, 2, 3]


async def test_rows_of_one_transaction_may_be_more_than_fit(frogs: RunningService) -> None:
    tenant = a_tenant()
    async with frogs.database.transaction(an_administrator(tenant)) as session:
        await session.execute(
            text(
                "INSERT INTO operation_log (tenant_id, id, partner_id, operate_time, operator,"
                " role, actor, method, request_hash, outcome, things) SELECT :tenant,"
                " gen_random_uuid(), :tenant, now(), 'x', 'x', 'x', 'x', '', 'OK', '{}'"
                " FROM generate_series(1, 10)"
            ),
            {"tenant": tenant},
        )

    while True:
        async with over_tenants(frogs.database) as session:
            if not await seal(session, tables=LOG, now=utc_now(), at_most=4):
                break

    assert [one.seq for one in await sealed(frogs.database, tenant)] == list(range(1, 11))


async def test_after_a_restore_into_a_new_cluster_nothing_is_left_out(
    frogs: RunningService,
) -> None:
    """There transactions are counted anew, from below those of the rows that came along."""
    other, tenant = a_tenant(), a_tenant()
    await write(frogs, an_administrator(tenant))
    block: dict[str, Any] = {
        "tenant_id": other,
        "n": 1,
        "first_seq": 1,
        "last_seq": 1,
        "horizon": 2**40,
    }
    block |= dict.fromkeys(("merkle_root", "prev_hash", "hash"), NOTHING)
    block["seal_time"] = utc_now()
    async with over_tenants(frogs.database) as session:
        await session.execute(
            text(
                f"INSERT INTO seal_blocks ({', '.join(block)})"  # noqa: S608 - our own names
                f" VALUES ({', '.join(f':{name}' for name in block)})"
            ),
            block,
        )

    await seal_everything(frogs.database, LOG)

    assert [one.seq for one in await sealed(frogs.database, tenant)] == [1]


async def test_the_job_seals_and_then_has_nothing_to_do(frogs: RunningService) -> None:
    job = sealing("frogs")
    await write(frogs, an_administrator(a_tenant()))

    done = await run_once(job, frogs.database, now=utc_now())

    assert job.name == "frogs.seal"
    assert done
    assert await run_once(job, frogs.database, now=utc_now()) == 0


def test_hashes_are_the_same_for_ever() -> None:
    """Seals were made so: another form needs a new column that says which."""
    of_one = leaf(
        seq=1, table_name="entries", row_id=UUID(int=7), row_version=2, row_hash=b"\0" * 32
    )

    assert (
        of_one
        == sha256(
            b'\0{"seal":[1,"entries","00000000-0000-0000-0000-000000000007",2,"'
            + b"0" * 64
            + b'"]}'
        ).digest()
    )
    assert SealedTable(name="entries", changing=("c", "d")).row_hash == (
        "sha256(convert_to(jsonb_strip_nulls(to_jsonb(t) - '{c,d}'::text[])::text, 'UTF8'))"
    )


def test_a_root_is_the_hash_of_hashes_by_pairs() -> None:
    a, b, c = (bytes([number]) * 32 for number in (1, 2, 3))
    of_two = sha256(b"\1" + a + b).digest()

    assert merkle_root([a]) == a
    assert merkle_root([a, b]) == of_two
    assert merkle_root([a, b, c]) == sha256(b"\1" + of_two + c).digest()


@given(
    st.lists(st.binary(min_size=32, max_size=32), min_size=2, max_size=40, unique=True), st.data()
)
def test_another_order_has_another_root(leaves: list[bytes], data: st.DataObject) -> None:
    order = data.draw(st.permutations(leaves))

    assert (merkle_root(order) == merkle_root(leaves)) == (order == leaves)
