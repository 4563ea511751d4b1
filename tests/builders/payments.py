"""A tenant whose customer pays: its money, its coupons, its orders and usage, for tests."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts import operations as accounts
from services.billing.accounts.model import Holder
from services.billing.consumption.model import ConsumptionDetail
from services.billing.ledger.chart import AccountKind, Unit
from services.billing.links import operations as links
from services.billing.payments import charging, due, intake, operations
from services.billing.payments.coupons import Coupon
from services.billing.payments.deduction import Purse
from services.billing.payments.intake import NewUsage
from services.billing.payments.invariants import INVARIANTS
from services.billing.payments.model import Payment
from services.billing.payments.orders import Line, Order, Payer
from services.billing.voucher_quotas import operations as quotas
from services.billing.voucher_quotas.limits import UseLimit
from services.billing.vouchers import operations as vouchers
from services.billing.vouchers.model import Voucher
from services.kit.database import Database
from services.kit.ids import new_id
from tests.builders.ledger import YUAN, TenantLedger, yuan
from tests.builders.principals import an_administrator

NOW = datetime.now(UTC).replace(microsecond=0)
CYCLE = NOW.date().replace(day=1)


def a_line(number: int = 1, cents: int = 10_000, **said: Any) -> Line:
    """Give a line of a new virtual machine for a month, 100 yuan."""
    ordinary: dict[str, Any] = {
        "service_type_code": "ecs",
        "region_code": "cn-north-4",
        "product_id": "p-1",
        "charging_mode": "PERIOD",
        "period_type": "MONTH",
        "period_count": 1,
        "order_type": "NEW",
    }
    return Line(number=number, list_units=cents, **ordinary | said)


def an_order(customer_id: UUID, *lines: Line, **said: Any) -> Order:
    """Give an order of the customer's, paid by itself."""
    ordinary: dict[str, Any] = {
        "number": f"CS{uuid4().hex}",
        "payer": Payer.CUSTOMER,
        "currency_code": "CNY",
    }
    return Order(customer_id=customer_id, lines=lines or [a_line()], **ordinary | said)


def some_usage(customer_id: UUID, amount: str = "1", **said: Any) -> NewUsage:
    """Give an hour of a virtual machine, rated at one yuan without a discount."""
    ordinary: dict[str, Any] = {
        **dict.fromkeys(NewUsage.__dataclass_fields__),
        "usage_number": uuid4().hex,
        "billing_cycle": CYCLE,
        "service_type_code": "ecs",
        "consume_time": NOW - timedelta(hours=1),
        "currency_code": "CNY",
        "discount_amount": Decimal(0),
    }
    rated = {"customer_id": customer_id, "list_amount": Decimal(amount)}
    return NewUsage(**ordinary | rated | said)


def a_coupon(units: int = 10_000, *limits: UseLimit, **said: Any) -> Coupon:
    """Give a voucher, of 100 yuan if nothing else is said."""
    ordinary: dict[str, Any] = {
        "id": new_id(),
        "account_id": new_id(),
        "unit": "VQ:quo_x:CNY/2",
        "coupon_type": "VOUCHER",
        "units": units,
        "effective_time": NOW - timedelta(days=1),
        "expire_time": NOW + timedelta(days=30),
        "limits": limits,
    }
    return Coupon(**ordinary | said)


def a_purse(units: int, unit: str = "CNY/2") -> Purse:
    return Purse(account_id=new_id(), unit=unit, units=units)


class PayingTenant(TenantLedger):
    """A solution provider with a resale customer; each word is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.customer_id = new_id()

    async def link(self, *, association_type: str = "RESALE", **said: Any) -> UUID:
        """Tell billing of the customer, or of another; give its id."""
        known = {
            "customer_id": self.customer_id,
            "version": 1,
            "partner_id": self.tenant_id,
            "partner_name": "Harbour",
            "association_type": association_type,
            "account_manager_id": None,
            "account_manager_name": None,
            "customer_name": "Orchid",
            "account_name": "orchid",
        } | said
        async with self.transaction() as session:
            await links.put_customer_links(session, tenant_id=self.tenant_id, links=[known])
        return UUID(str(known["customer_id"]))

    def holder(self, customer_id: UUID | None = None) -> Holder:
        return Holder.customer(customer_id or self.customer_id, partner_id=self.tenant_id)

    async def allocate(self, cents: int, *, holder: Holder | None = None) -> UUID:
        """Put cash into the account of the customer, or of another holder."""
        async with self.transaction() as session:
            account_id = await accounts.open_cash(
                session,
                tenant_id=self.tenant_id,
                holder=holder or self.holder(),
                currency_code="CNY",
            )
        await self._fill(account_id, AccountKind.CASH_CLEARING, YUAN, cents)
        return account_id

    async def allocate_credit(
        self, cents: int, *, expire_date: date | None = None, holder: Holder | None = None
    ) -> UUID:
        """Give the customer, or another holder, credit that expires on a day or never."""
        async with self.transaction() as session:
            account_id = await accounts.open_credit(
                session,
                tenant_id=self.tenant_id,
                holder=holder or self.holder(),
                currency_code="CNY",
                expire_date=expire_date,
            )
        unit = Unit.credit("CNY", expire_date=expire_date)
        await self._fill(account_id, AccountKind.CREDIT_SOURCE, unit, cents)
        return account_id

    async def _fill(self, account_id: UUID, source: AccountKind, unit: Unit, cents: int) -> None:
        async with self.transaction() as session:
            platform = await accounts.open_platform(
                session, tenant_id=self.tenant_id, kind=source, unit=unit
            )
        if cents:
            await self.post(platform, account_id, cents, unit=unit)

    async def issue(
        self,
        face_value: str,
        *,
        coupon_type: str = "VOUCHER",
        limits: Sequence[UseLimit] = (),
        expire_days: int = 365,
        customer_id: UUID | None = None,
    ) -> UUID:
        """Issue a voucher to the customer out of a quota of its own; give its id."""
        amount = yuan(int(Decimal(face_value) * 100))
        async with self.transaction() as session:
            quota_id = await quotas.grant_voucher_quota(
                session,
                tenant_id=self.tenant_id,
                request_id=str(uuid4()),
                terms=quotas.Terms(
                    coupon_type=coupon_type,
                    face_total=amount,
                    effective_time=NOW - timedelta(days=30),
                    expire_time=NOW + timedelta(days=expire_days),
                    limits=list(limits),
                    customer_ids=[],
                ),
                now=NOW,
            )
        async with self.transaction() as session:
            (issued,) = await vouchers.issue_vouchers(
                session,
                scope=an_administrator(self.tenant_id).scope,
                operator="tests",
                request_id=str(uuid4()),
                quota_id=quota_id,
                customer_ids=[customer_id or self.customer_id],
                terms=vouchers.Terms(
                    face_value=amount,
                    effective_time=None,
                    expire_time=None,
                    min_order_amount=None,
                    service_type_codes=[],
                    product_ids=[],
                    memo=None,
                ),
                now=NOW,
            )
        assert issued.voucher_id is not None
        return issued.voucher_id

    async def pay(self, order: Order, *, request_id: str | None = None) -> Payment:
        async with self.transaction() as session:
            payment_id = await operations.pay_order(
                session,
                scope=self.principal.scope,
                request_id=request_id or str(uuid4()),
                order=order,
                now=NOW,
            )
        return await self.payment(payment_id)

    async def hold(self, order: Order, *, until: datetime = NOW + timedelta(hours=1)) -> Payment:
        async with self.transaction() as session:
            payment_id = await operations.hold_order(
                session,
                scope=self.principal.scope,
                request_id=str(uuid4()),
                order=order,
                expire_time=until,
                now=NOW,
            )
        return await self.payment(payment_id)

    async def bring(self, *usages: NewUsage) -> intake.Taken:
        async with self.transaction() as session:
            return await intake.charge_usage(
                session, scope=self.principal.scope, usages=usages, now=NOW
            )

    async def charge(self, *, at_most: int = charging.BATCH_ROWS) -> int:
        """Charge what waits, batch by batch, as a run of the job does; give how much it was."""
        scope = self.principal.scope
        done, place = 0, None
        while True:
            async with self.transaction() as session:
                found = await due.list_waiting_for_update(
                    session, scope=scope, after=place, at_most=at_most
                )
                if not found:
                    return done
                place = found[-1].place
                done += await charging.charge_waiting(session, scope=scope, found=found, now=NOW)

    async def payment(self, payment_id: UUID) -> Payment:
        async with self.transaction() as session:
            return await session.get_one(Payment, (self.tenant_id, payment_id))

    async def payments(self, **wanted: Any) -> list[Payment]:
        """Give the payments there are, the oldest first."""
        statement = select(Payment).filter_by(tenant_id=self.tenant_id, **wanted)
        async with self.transaction() as session:
            return list(await session.scalars(statement.order_by(Payment.id)))

    async def details(self) -> list[ConsumptionDetail]:
        """Give the consumption details there are, by time."""
        statement = select(ConsumptionDetail).filter_by(tenant_id=self.tenant_id)
        ordered = statement.order_by(ConsumptionDetail.consume_time, ConsumptionDetail.id)
        async with self.transaction() as session:
            return list(await session.scalars(ordered))

    async def voucher(self, voucher_id: UUID) -> Voucher:
        async with self.transaction() as session:
            return await session.get_one(Voucher, (self.tenant_id, voucher_id))

    async def left_of(self, voucher_id: UUID) -> int:
        """Give what is left of a voucher, in cents."""
        return await self.cents((await self.voucher(voucher_id)).account_id)

    async def owed(self) -> int:
        """Give what the tenant's customers owe, in cents."""
        statement = text(
            "SELECT coalesce(sum(debits_posted - credits_posted), 0) FROM accounts WHERE kind = 5"
        )
        async with self.transaction() as session:
            return int(await session.scalar(statement) or 0)

    async def violations(self) -> dict[str, list[Any]]:
        """Give every row where what always holds of the ledger, or of payments, does not."""
        async with self.transaction() as session:
            return await super().violations() | await _violations(session, INVARIANTS)


async def _violations(session: AsyncSession, queries: Mapping[str, str]) -> dict[str, list[Any]]:
    return {
        name: rows
        for name, query in queries.items()
        if (rows := list(await session.execute(text(query))))
    }


def amounts(payment: Any) -> dict[str, str]:
    """Give the amounts of a payment or detail that are not zero, by source."""
    names = ("voucher", "cash_coupon", "cash", "credit", "debt")
    return {
        name: str(value.quantize(Decimal("0.01")))
        for name in names
        if (value := getattr(payment, f"{name}_amount"))
    }
