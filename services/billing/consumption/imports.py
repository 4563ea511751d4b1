"""Imports a FOCUS file: read as it comes, and kept batch by batch with all that goes with it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.consumption import operations
from services.billing.consumption.charges import Charge
from services.billing.consumption.focus import FocusReader, SkippedRow
from services.billing.consumption.model import AMOUNTS
from services.billing.consumption.owners import Owners
from services.billing.consumption.reports import SKIPPED_SHOWN_MAX, ImportHeader, ImportReport
from services.billing.links import operations as links
from services.billing.peers import Account, Customers
from services.kit.errors import Refusal, ResourceExhausted
from services.kit.identity import Principal, Scope
from services.kit.jobs import system_principal

BATCH_ROWS: Final = 1000
ROWS_MAX: Final = 2_000_000
# Other calls have their turn after so many bytes of reading.
SLICE_BYTES: Final = 32 * 1024

# A sum may have more digits than any of what is summed, and is exact all the same.
_SUMS: Final = Context(prec=60, traps=[InvalidOperation, Inexact])

Transaction = Callable[[], AbstractAsyncContextManager[AsyncSession]]

# Columns of a detail that a charge has under the same name.
_COPIED: Final = (
    "service_type_code",
    "service_type_name",
    "resource_type_code",
    "resource_type_name",
    "cloud_resource_id",
    "resource_name",
    "resource_tag",
    "product_id",
    "product_name",
    "product_spec_desc",
    "region_code",
    "region_name",
    "enterprise_project_id",
    "charging_mode",
    "bill_type",
    "trade_number",
    "trade_time",
    "consume_time",
    "consume_end_time",
    "period_type",
    "period_count",
    "payment_type",
    "usage_type",
    "usage_amount",
    "usage_unit",
    "free_resource_usage",
    "reserved_instance_usage",
    "currency_code",
    "billing_cycle",
)


async def import_consumption(
    pieces: AsyncIterator[bytes],
    *,
    header: ImportHeader,
    transaction: Transaction,
    customers: Customers,
    principal: Principal,
    now: datetime,
) -> ImportReport:
    """Import a file that arrives in pieces. What is kept stays kept if the file breaks off.

    :raises FileNotReadable: where it is no FOCUS file or can not be read on.
    """
    scope = principal.scope
    async with transaction() as session:
        import_id = await operations.start_import(
            session,
            scope=scope,
            request_id=header.request_id,
            file_name=header.file_name,
            subject=principal.subject,
            now=now,
        )
    owners = Owners(
        customers,
        # The workload itself: an operator's token is not handed on.
        principal=system_principal("billing", tenant_id=scope.tenant_id),
        import_id=import_id,
        association_type=header.association_type,
        indirect_partner_id=header.indirect_partner_id,
    )
    running = _Import(transaction, scope=scope, import_id=import_id, owners=owners, now=now)
    try:
        async for piece in pieces:
            await running.read(piece)
        await running.read(b"", is_last=True)
    except Refusal as refusal:
        await running.settle()
        await running.finish(failure=refusal.message)
        raise
    finally:
        await running.settle()
    await running.finish()
    return running.report


class _Import:
    """An import under way."""

    def __init__(
        self,
        transaction: Transaction,
        *,
        scope: Scope,
        import_id: UUID,
        owners: Owners,
        now: datetime,
    ) -> None:
        self.report = ImportReport()
        self._transaction = transaction
        self._scope = scope
        self._import_id = import_id
        self._owners = owners
        self._reader = FocusReader(now=now)
        self._batch: list[Charge] = []
        # Those that are known to have a partition, and those that rows were added to.
        self._cycles: set[date] = set()
        self._grown_cycles: set[date] = set()
        self._writing: asyncio.Task[None] | None = None

    async def read(self, piece: bytes, *, is_last: bool = False) -> None:
        for part in _slices(piece):
            for row in self._reader.feed(part, is_last=is_last):
                if isinstance(row, SkippedRow):
                    self._skip(row)
                else:
                    self._batch.append(row)
                    if len(self._batch) >= BATCH_ROWS:
                        await self._keep()
            if self._reader.row_count > ROWS_MAX:
                raise ResourceExhausted(f"the file has over {ROWS_MAX} rows; import it in parts")
            await asyncio.sleep(0)
        self.report.row_count = self._reader.row_count
        if is_last:
            await self._keep()
            await self.written()

    async def finish(self, *, failure: str | None = None) -> None:
        """Write the end of the import into its record, and complete the report."""
        report, owners = self.report, self._owners
        report.row_count = self._reader.row_count
        report.created_customer_count = owners.created_customer_count
        report.created_resource_count = owners.created_resource_count
        report.skipped_rows.sort(key=lambda row: row.line)
        report.notes = self._notes()
        for cycle in self._grown_cycles:
            async with self._transaction() as session:
                await operations.analyze_partitions(session, cycles={cycle})
        async with self._transaction() as session:
            await operations.finish_import(
                session,
                scope=self._scope,
                import_id=self._import_id,
                counts=report.counts(),
                failure=failure,
            )

    def _notes(self) -> list[str]:
        notes = self._reader.notes
        if not self._reader.row_count:
            notes.append("the file has a header and no rows")
        if self._owners.refused_resource_count:
            count = self._owners.refused_resource_count
            notes.append(f"{count} resources have ids that can not be kept and were not made")
        return notes

    async def _keep(self) -> None:
        """Keep what was read: first those it belongs to, then all of it in one transaction.

        That goes on while the next batch is read, one at a time.
        """
        charges, self._batch = self._batch, []
        if charges:
            accounts = await self._owners.find(charges)
            rows = [row for charge in charges if (row := self._row(charge)) is not None]
            await self.written()
            self._writing = asyncio.create_task(self._write(rows, accounts))

    async def written(self) -> None:
        """Wait until what was read is kept."""
        if self._writing is not None:
            # Whatever becomes of the caller, a commit is not cut.
            await asyncio.shield(self._writing)

    async def settle(self) -> None:
        """Wait until nothing is being written any more, well or not."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write(self, rows: list[dict[str, Any]], accounts: list[Account]) -> None:
        report = self.report
        cycles = {row["billing_cycle"] for row in rows} - self._cycles
        async with self._transaction() as session:
            await links.put_customer_links(
                session,
                tenant_id=self._scope.tenant_id,
                links=[_link(account) for account in accounts],
            )
            await operations.make_partitions(session, cycles=cycles)
            taken = await operations.take_charges(session, rows=rows)
            if taken.count:
                self._grown_cycles |= {row["billing_cycle"] for row in rows}
            report.new_count += taken.count
            report.known_count += len(rows) - taken.count
            for code, amount in taken.payable.items():
                before = report.new_payable.get(code, Decimal(0))
                report.new_payable[code] = _SUMS.add(before, amount)
            await operations.note_import(
                session, scope=self._scope, import_id=self._import_id, counts=report.counts()
            )
        self._cycles |= cycles

    def _row(self, charge: Charge) -> dict[str, Any] | None:
        """Write a charge as a detail's columns; None where it can not be taken."""
        account = self._owners.account(charge)
        if account is None:
            self._skip(SkippedRow(charge.line, self._owners.refusal(charge), "SubAccountId"))
            return None
        if charge.currency_code != account.currency_code:
            reason = f"is {charge.currency_code} and the partner's is {account.currency_code}"
            self._skip(SkippedRow(charge.line, reason, "BillingCurrency"))
            return None
        row = {name: getattr(charge, name) for name in _COPIED}
        row |= {name: getattr(charge.amounts, name) for name in AMOUNTS}
        row["tenant_id"] = self._scope.tenant_id
        row["id"] = charge.id_in(self._scope.tenant_id)
        row["customer_id"] = account.customer_id
        row["partner_id"] = account.partner_id
        row["account_manager_id"] = account.account_manager_id
        row["association_type"] = charge.association_type or account.association_type
        return row

    def _skip(self, row: SkippedRow) -> None:
        self.report.skipped_count += 1
        if len(self.report.skipped_rows) < SKIPPED_SHOWN_MAX:
            self.report.skipped_rows.append(row)


def _link(account: Account) -> dict[str, Any]:
    """Write what is known of a customer until the customers service pushes what it knows."""
    return {
        "customer_id": account.customer_id,
        "version": 0,
        "partner_id": account.partner_id,
        "partner_name": "",
        "association_type": account.association_type,
        "account_manager_id": account.account_manager_id,
        "account_manager_name": None,
        "customer_name": account.customer_name,
        "account_name": account.account_name,
    }


def _slices(piece: bytes) -> Iterator[bytes]:
    for start in range(0, len(piece) or 1, SLICE_BYTES):
        yield piece[start : start + SLICE_BYTES]
