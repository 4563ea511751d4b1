"""ExportService of billing over a real socket: asked for, written, downloaded, and by whom."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import text

from partner.billing.v1 import consumption_pb2, exports_pb2
from partner.type.v1 import exports_pb2 as terms
from services.billing.exports.messages import LISTS
from services.kit import ids
from services.kit.exports.jobs import expire_exports
from services.kit.exports.run import advance
from services.kit.identity import Principal
from tests.builders import exports
from tests.builders.exports import an_export, ask_for, download, write_all
from tests.builders.principals import (
    a_director,
    a_finance_operator,
    a_system,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService
from tests.builders.spending import Spending, a_spending_tenant
from tests.builders.statements import statements


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def spending(running: Any) -> Spending:
    return await a_spending_tenant(await running("billing"), customers=3, each=4)


@pytest.fixture
def administrator(spending: Spending) -> Principal:
    """Give somebody who has not asked for anything yet."""
    return replace(an_administrator(spending.tenant), subject=ids.to_text("usr", ids.new_id()))


def details_of(spending: Spending) -> consumption_pb2.ConsumptionFilter:
    return consumption_pb2.ConsumptionFilter(
        billing_cycle="2024-09", indirect_partner_id=ids.to_text("ptr", spending.reseller_id)
    )


def asked(spending: Spending, **fields: Any) -> exports_pb2.CreateExportRequest:
    return ask_for(exports_pb2, consumption_details=details_of(spending), **fields)


def test_every_list_of_the_contract_can_be_exported() -> None:
    kinds = {f"EXPORT_KIND_{name.upper()}" for name in LISTS}

    assert set(LISTS) == set(exports_pb2.ExportedList.DESCRIPTOR.fields_by_name)
    assert kinds <= set(terms.ExportKind.DESCRIPTOR.values_by_name)


async def test_an_export_has_the_rows_of_the_list_in_its_order(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    export = await an_export(
        billing, asked(spending), principal=administrator, part_rows=5, page_rows=2
    )
    downloaded = await download(billing, export, principal=administrator)

    listed = await billing.call(
        consumption_pb2.ListConsumptionDetailsRequest(filter=details_of(spending)),
        principal=administrator,
    )
    assert exports.columns(downloaded.rows, "Consumption detail", "Payable amount") == [
        (detail.id, detail.payable_amount.amount) for detail in listed.details
    ]
    assert len(listed.details) == export.rows_done == export.rows_total == 12
    assert export.state == terms.EXPORT_STATE_COMPLETED
    assert export.sha256 == downloaded.header.sha256 == sha256(downloaded.file).hexdigest()
    assert downloaded.header.byte_count == len(downloaded.file)
    assert downloaded.header.file_name == export.file_name


async def test_vouchers_and_their_operations_are_exported(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    vouchers = await an_export(billing, ask_for(exports_pb2, vouchers={}), principal=administrator)
    operations = await an_export(
        billing, ask_for(exports_pb2, voucher_operations={}), principal=administrator
    )

    rows = (await download(billing, vouchers, principal=administrator)).rows
    assert {row["Voucher"] for row in rows} == set(spending.voucher_ids)
    assert exports.columns(rows[:1], "Face value", "Balance", "State", "Memo", "Frozen") == [
        ("2.5", "2.5", "USABLE", "for the fair", "no")
    ]
    rows = (await download(billing, operations, principal=administrator)).rows
    assert {row["Operation"] for row in rows} >= {"ISSUE"}
    assert {row["Voucher"] for row in rows} >= set(spending.voucher_ids)


async def test_sums_are_exported_page_by_page(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    narrowed = consumption_pb2.ConsumptionSummaryFilter(
        billing_cycle_from="2024-08",
        billing_cycle_to="2024-09",
        indirect_partner_id=ids.to_text("ptr", spending.reseller_id),
    )

    export = await an_export(
        billing,
        ask_for(exports_pb2, consumption_summaries=narrowed),
        principal=administrator,
        part_rows=2,
        page_rows=1,
    )

    rows = (await download(billing, export, principal=administrator)).rows
    assert {row["Customer"] for row in rows} == set(spending.customer_ids)
    assert {(row["Billing cycle"], row["Consumption details"]) for row in rows} == {
        ("2024-09", "4")
    }


async def test_a_workbook_is_made_of_the_same_parts(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    request = asked(spending, format_=terms.EXPORT_FORMAT_XLSX)

    export = await an_export(billing, request, principal=administrator, part_rows=5)
    downloaded = await download(billing, export, principal=administrator)

    assert downloaded.file.startswith(b"PK")
    assert downloaded.header.media_type.endswith("spreadsheetml.sheet")
    assert downloaded.header.file_name.endswith(".xlsx")
    assert downloaded.header.sha256 == sha256(downloaded.file).hexdigest()


async def test_an_export_without_rows_has_the_titles(billing: RunningService) -> None:
    administrator = an_administrator(a_tenant())

    export = await an_export(billing, ask_for(exports_pb2, vouchers={}), principal=administrator)

    assert (export.rows_done, export.rows_total) == (0, 0)
    file = (await download(billing, export, principal=administrator)).file
    assert file.decode("utf-8-sig").startswith("Voucher,Quota,Issuer,Customer")
    assert file.count(b"\r\n") == 1


async def test_rows_that_come_after_the_request_are_left_out(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    created = await billing.call(asked(spending), principal=administrator)
    async with billing.database.transaction(a_system(spending.tenant)) as session:
        await session.execute(
            text("UPDATE exports SET create_time = create_time - interval '1 day' WHERE id = :id"),
            {"id": ids.from_text("exb", created.id, field="id")},
        )

    await write_all(billing)

    assert (await exports.get(billing, created, principal=administrator)).rows_done == 0


async def test_one_export_of_a_kind_at_a_time(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    await billing.call(asked(spending), principal=administrator)

    refusal = await billing.refusal(asked(spending), principal=administrator)
    other = await billing.call(ask_for(exports_pb2, vouchers={}), principal=administrator)
    await write_all(billing)
    again = await billing.call(asked(spending), principal=administrator)

    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "EXPORT_RUNNING")
    assert refusal.metadata == {"kind": "CONSUMPTION_DETAILS"}
    assert {other.state, again.state} == {terms.EXPORT_STATE_QUEUED}


async def test_a_repeated_request_is_one_export(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    request = asked(spending, request_id="same")

    first, second = [await billing.call(request, principal=administrator) for _ in range(2)]

    assert first == second


async def test_what_the_list_refuses_is_refused_at_once(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    wrong = consumption_pb2.ConsumptionFilter(billing_cycle="soon")
    team = (ids.new_id(), ids.new_id())

    nothing = await billing.refusal(ask_for(exports_pb2), principal=administrator)
    malformed = await billing.refusal(
        ask_for(exports_pb2, consumption_details=wrong), principal=administrator
    )
    unnamed = await billing.refusal(
        ask_for(exports_pb2, consumption_details={"billing_cycle": "2024-09"}),
        principal=a_director(spending.tenant, team=team),
    )

    assert [field for field, _ in nothing.violations] == ["list"]
    assert [field for field, _ in malformed.violations] == [
        "list.consumption_details.billing_cycle"
    ]
    assert unnamed.reason == "ACCOUNT_MANAGER_REQUIRED"


async def test_an_export_is_its_requesters_alone(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    export = await an_export(billing, asked(spending), principal=administrator)
    demoted = replace(
        an_account_manager(spending.tenant, account_manager_id=ids.new_id()),
        subject=administrator.subject,
    )
    named = exports_pb2.BatchGetExportsRequest(ids=[export.id])

    for other in (
        a_finance_operator(spending.tenant),
        an_operator(spending.tenant),
        an_administrator(spending.tenant, partner_id=spending.reseller_id),
        replace(administrator, tenant_id=a_tenant()),
        demoted,
    ):
        found = await billing.call(named, principal=other)
        listed = await billing.call(exports_pb2.ListExportsRequest(), principal=other)
        refusal = await billing.refusal(
            exports_pb2.DownloadExportRequest(id=export.id), principal=other
        )

        assert list(found.exports) == []
        assert export.id not in {one.id for one in listed.exports}
        assert (refusal.code, refusal.message) == ("NOT_FOUND", "export not found")


async def test_exports_are_listed_newest_first_and_narrowed(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    first = await an_export(billing, asked(spending), principal=administrator)
    second = await an_export(billing, ask_for(exports_pb2, vouchers={}), principal=administrator)
    third = await billing.call(asked(spending), principal=administrator)
    narrowed = exports_pb2.ExportFilter(
        kinds=[terms.EXPORT_KIND_CONSUMPTION_DETAILS], states=[terms.EXPORT_STATE_COMPLETED]
    )

    everything = await billing.call(exports_pb2.ListExportsRequest(), principal=administrator)
    page = await billing.call(exports_pb2.ListExportsRequest(page_size=2), principal=administrator)
    rest = await billing.call(
        exports_pb2.ListExportsRequest(page_size=2, page_token=page.next_page_token),
        principal=administrator,
    )
    few = await billing.call(
        exports_pb2.ListExportsRequest(filter=narrowed), principal=administrator
    )

    order = [third.id, second.id, first.id]
    assert [one.id for one in everything.exports] == order
    assert [one.id for one in (*page.exports, *rest.exports)] == order
    assert [one.id for one in few.exports] == [first.id]


async def test_reads_are_one_statement_of_the_columns_asked_for(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    export = await an_export(billing, asked(spending), principal=administrator)
    mask = FieldMask(paths=["id", "state"])

    for request in (
        exports_pb2.ListExportsRequest(read_mask=mask),
        exports_pb2.BatchGetExportsRequest(ids=[export.id], read_mask=mask),
    ):
        with statements(billing.database) as asked_of_it:
            answer = await billing.call(request, principal=administrator)

        [one] = answer.exports
        assert one == exports_pb2.Export(id=export.id, state=terms.EXPORT_STATE_COMPLETED)
        [statement] = asked_of_it
        assert "rows_done" not in statement


async def test_there_is_no_file_before_the_export_is_complete(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    created = await billing.call(asked(spending), principal=administrator)

    refusal = await billing.refusal(
        exports_pb2.DownloadExportRequest(id=created.id), principal=administrator
    )

    assert (refusal.reason, refusal.metadata) == ("EXPORT_NOT_READY", {"state": "QUEUED"})


async def test_every_download_is_noted(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    export = await an_export(billing, asked(spending), principal=administrator)

    await download(billing, export, principal=administrator)
    await download(billing, export, principal=administrator)

    async with billing.database.transaction(a_system(spending.tenant)) as session:
        noted = await session.execute(
            text("SELECT subject FROM export_downloads WHERE export_id = :id"),
            {"id": ids.from_text("exb", export.id, field="id")},
        )
    assert noted.scalars().all() == [administrator.subject] * 2


async def test_an_export_with_too_many_rows_fails(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    export = await an_export(billing, asked(spending), principal=administrator, rows_max=11)

    assert (export.state, export.failure) == (terms.EXPORT_STATE_FAILED, "TOO_MANY_ROWS")


async def test_files_are_deleted_after_three_days(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    export = await an_export(billing, asked(spending), principal=administrator)
    shared, later = exports.exports_of(billing), datetime.now(UTC) + timedelta(days=3, minutes=1)

    while await expire_exports(shared, billing.database, later):
        pass

    expired = await exports.get(billing, export, principal=administrator)
    refusal = await billing.refusal(
        exports_pb2.DownloadExportRequest(id=export.id), principal=administrator
    )
    assert expired.state == terms.EXPORT_STATE_EXPIRED
    assert expired.expire_time.ToDatetime(UTC) < later
    assert refusal.metadata == {"state": "EXPIRED"}
    assert await _files(shared.storage, spending, export) == []


async def _files(storage: Any, spending: Spending, export: exports_pb2.Export) -> list[Path]:
    id_ = ids.from_text("exb", export.id, field="id")
    folder = storage._root / f"{spending.tenant}/{id_}"
    return await asyncio.to_thread(lambda: list(folder.rglob("*")))


async def test_the_successor_of_a_dead_worker_makes_the_same_bytes(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    await exports.give_up(billing)
    whole = await an_export(billing, asked(spending), principal=administrator, part_rows=5)
    shared = exports.exports_of(billing, part_rows=5, lease=timedelta(seconds=0.3))
    halved = await billing.call(asked(spending), principal=administrator)

    # It counts, writes one part, and dies after the next one is in the storage but not noted.
    for _ in range(2):
        assert await advance(shared, billing.database, datetime.now(UTC))
    broken = replace(shared, storage=Dying(shared.storage))
    with pytest.raises(asyncio.CancelledError):
        await advance(broken, billing.database, datetime.now(UTC))
    assert await advance(shared, billing.database, datetime.now(UTC)) == 0
    await asyncio.sleep(0.4)
    await write_all(billing, part_rows=5)

    finished = await exports.get(billing, halved, principal=administrator)
    assert (finished.state, finished.sha256) == (terms.EXPORT_STATE_COMPLETED, whole.sha256)
    assert finished.rows_done == 12


class Dying:
    """A storage whose process is killed right behind a write."""

    def __init__(self, storage: Any) -> None:
        self._storage = storage

    async def write(self, name: str, chunks: Any) -> Any:
        await self._storage.write(name, chunks)
        raise asyncio.CancelledError


async def test_a_damaged_part_is_found_and_the_export_put_off(
    billing: RunningService, spending: Spending, administrator: Principal
) -> None:
    await exports.give_up(billing)
    created = await billing.call(asked(spending), principal=administrator)
    shared = exports.exports_of(billing)
    for _ in range(2):
        await advance(shared, billing.database, datetime.now(UTC))
    [part] = await _files(shared.storage, spending, created)
    await asyncio.to_thread(part.write_bytes, b"changed")

    assert await advance(shared, billing.database, datetime.now(UTC)) == 1

    async with billing.database.transaction(a_system(spending.tenant)) as session:
        put_off = await session.execute(
            text("SELECT failure_count, worker_id FROM exports WHERE id = :id"),
            {"id": ids.from_text("exb", created.id, field="id")},
        )
    assert put_off.one() == (1, None)
