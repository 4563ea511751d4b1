"""Adjustments for tests: money and credit put in, allocated, reclaimed, and looked at."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from partner.billing.v1 import adjustments_pb2
from services.billing.accounts import operations as accounts
from services.billing.accounts import queries
from services.billing.accounts.model import Holder
from services.billing.adjustments.invariants import INVARIANTS
from services.billing.ledger import operations as ledger
from services.billing.ledger import queries as of_holders
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.kit import ids
from services.kit.ids import new_id
from services.kit.money import Money
from tests.builders.billing import money
from tests.builders.funds import grant_credit, top_up, violations
from tests.builders.ledger import TenantLedger
from tests.builders.principals import an_administrator
from tests.builders.running import RunningService

CASH = adjustments_pb2.ADJUSTMENT_KIND_CASH
CREDIT = adjustments_pb2.ADJUSTMENT_KIND_CREDIT


async def put_cash(
    billing: RunningService, tenant_id: UUID, amount: str, *, partner_id: UUID | None = None
) -> None:
    """Top up the root partner's account, and give it all to a reseller if one is named."""
    await top_up(billing, tenant_id, amount)
    if partner_id is not None:
        request = an_allocation(to(reseller_id=partner_id), amount)
        await billing.call(request, principal=an_administrator(tenant_id))


async def put_credit(
    billing: RunningService,
    tenant_id: UUID,
    amount: str,
    *,
    expire_date: date | None,
    partner_id: UUID | None = None,
) -> None:
    """Grant the root partner credit, and give it all to a reseller if one is named."""
    await grant_credit(billing, tenant_id, amount, expire_date=expire_date)
    if partner_id is not None:
        request = an_allocation(to(reseller_id=partner_id), amount, kind=CREDIT)
        await billing.call(request, principal=an_administrator(tenant_id))


class Funds:
    """The fund accounts of a tenant, as the platform sees them."""

    def __init__(self, billing: RunningService, tenant_id: UUID) -> None:
        self.billing = billing
        self.tenant_id = tenant_id
        self.ledger = TenantLedger(billing.database, tenant_id)

    async def put_old_credit(self, holder: Holder, amount: str, *, expire_date: date) -> None:
        """Let a holder have credit of a day that is over, and that no job has taken yet."""
        given = Money.from_message(money(amount), field="amount")
        unit = Unit.credit(given.currency_code, expire_date=expire_date)
        async with self.ledger.transaction() as session:
            lot = await accounts.open_credit(
                session,
                tenant_id=self.tenant_id,
                holder=holder,
                currency_code=given.currency_code,
                expire_date=expire_date,
            )
            source = await accounts.open_platform(
                session, tenant_id=self.tenant_id, kind=AccountKind.CREDIT_SOURCE, unit=unit
            )
        cents = unit.count(given)
        await self.ledger.post(source, lot, cents, unit=unit, code=TransferCode.ADJUST)

    async def hold(
        self, holder_id: UUID, cents: int, *, expire_time: datetime | None = None
    ) -> UUID:
        """Set cash aside, as an unpaid order does; give the pending transfer's id."""
        async with self.ledger.transaction() as session:
            account = await queries.get_cash(
                session, scope=self.ledger.principal.scope, holder_id=holder_id
            )
            assert account is not None
            revenue = await accounts.open_platform(
                session,
                tenant_id=self.tenant_id,
                kind=AccountKind.REVENUE,
                unit=Unit.parse(account.unit),
            )
        return await self.ledger.reserve(account.id, revenue, cents, expire_time=expire_time)

    async def hold_voucher(
        self, voucher_id: UUID, cents: int, *, expire_time: datetime | None = None
    ) -> UUID:
        """Set a part of a voucher aside, as an unpaid order does."""
        async with self.ledger.transaction() as session:
            (account,) = await of_holders.list_by_holder(
                session,
                scope=self.ledger.principal.scope,
                holder_id=voucher_id,
                kinds=[AccountKind.VOUCHER],
            )
        unit = Unit.parse(account.unit)
        used = await self.ledger.open(AccountKind.VQ_USED, unit=unit)
        posting = self.ledger.posting(
            account.id, used, cents, unit=unit, code=TransferCode.ORDER_HOLD
        )
        async with self.ledger.transaction() as session:
            await ledger.reserve(session, posting=posting, expire_time=expire_time)
        return posting.id

    async def sweep(self) -> None:
        """Let return what was set aside and has expired, as a job does."""
        async with self.ledger.transaction() as session:
            await ledger.expire_pending(session, scope=self.ledger.principal.scope, at_most=100)

    async def spend(self, holder_id: UUID, cents: int) -> None:
        """Let cash be consumed."""
        pending_id = await self.hold(holder_id, cents)
        async with self.ledger.transaction() as session:
            await ledger.post_pending(
                session,
                id=new_id(),
                pending_id=pending_id,
                code=TransferCode.ORDER_HOLD,
                amount=None,
                unit=Unit.cash("CNY"),
            )

    async def cash(self, holder_id: UUID) -> str:
        """Give the cash that is free, like "12.30"; "0" where there is no account."""
        async with self.ledger.transaction() as session:
            account = await queries.get_cash(
                session, scope=self.ledger.principal.scope, holder_id=holder_id
            )
        return "0" if account is None else account.available.to_message().amount

    async def lots(self, holder_id: UUID) -> dict[str, str]:
        """Give what is in each lot of credit, by its last day."""
        async with self.ledger.transaction() as session:
            lots = await queries.list_credit_lots(
                session, scope=self.ledger.principal.scope, holder_id=holder_id
            )
        return {
            str(Unit.parse(lot.unit).expire_date or "never"): lot.available.to_message().amount
            for lot in lots
        }

    async def violations(self) -> dict[str, Sequence[Any]]:
        """Give every row of this tenant where what always holds does not."""
        async with self.ledger.transaction() as session:
            found = {
                name: rows
                for name, query in INVARIANTS.items()
                if (rows := list(await session.execute(text(query))))
            }
        return found | await violations(self.billing, self.tenant_id)


def to(customer_id: str = "", *, reseller_id: UUID | None = None) -> Any:
    """Name a target: a customer, a reseller, or a customer of a reseller."""
    return adjustments_pb2.AdjustmentTarget(
        customer_id=customer_id or None,
        indirect_partner_id=None if reseller_id is None else ids.to_text("ptr", reseller_id),
    )


def an_allocation(
    target: adjustments_pb2.AdjustmentTarget, amount: str = "10 CNY", **fields: Any
) -> adjustments_pb2.AllocateRequest:
    defaults: dict[str, Any] = {"request_id": str(uuid4()), "kind": CASH}
    return adjustments_pb2.AllocateRequest(target=target, amount=money(amount), **defaults | fields)


def a_reclaim(
    target: adjustments_pb2.AdjustmentTarget, amount: str = "10 CNY", **fields: Any
) -> adjustments_pb2.ReclaimRequest:
    defaults: dict[str, Any] = {"request_id": str(uuid4()), "kind": CASH}
    return adjustments_pb2.ReclaimRequest(target=target, amount=money(amount), **defaults | fields)


def a_batch(
    targets: Sequence[adjustments_pb2.AdjustmentTarget], amount: str = "10 CNY", **fields: Any
) -> adjustments_pb2.BatchAllocateRequest:
    defaults: dict[str, Any] = {"request_id": str(uuid4()), "kind": CASH}
    return adjustments_pb2.BatchAllocateRequest(
        targets=targets, amount=money(amount), **defaults | fields
    )


def uuid_of(text_id: str) -> UUID:
    prefix, _, _ = text_id.rpartition("_")
    return ids.from_text(prefix, text_id, field="id")
