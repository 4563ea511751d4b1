"""Any story of quotas and vouchers, told to billing and to a small oracle in plain Python."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.billing.accounts.operations import open_platform
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.billing.ledger.model import Account
from services.billing.links.operations import put_customer_links
from services.billing.voucher_operations.model import VoucherOperationType
from services.billing.voucher_quotas import operations as quotas
from services.billing.voucher_quotas.model import (
    QuotaInsufficient,
    QuotaNotFoundOrState,
    VoucherQuota,
    unit_of,
)
from services.billing.voucher_quotas.rests import settle_voucher_quotas
from services.billing.voucher_quotas.sub_quota_grants import grant_sub_quota
from services.billing.voucher_quotas.sub_quota_reclaims import reclaim_sub_quotas
from services.billing.vouchers import operations as vouchers
from services.billing.vouchers import reclaims, uses
from services.billing.vouchers.model import Voucher
from services.billing.vouchers.refunds import note_refund
from services.kit.database import Database
from services.kit.identity import Principal
from services.kit.ids import new_id
from services.kit.money import Money
from tests.builders.ledger import TenantLedger
from tests.builders.principals import a_tenant, an_administrator

START = datetime(2027, 1, 1, tzinfo=UTC)
LIFE = timedelta(days=100)


@dataclass
class Quota:
    """What the oracle knows of a quota."""

    id: UUID
    owner: str
    cents: int
    parent: "Quota | None" = None
    is_reclaimed: bool = False


@dataclass
class Issued:
    """What the oracle knows of a voucher."""

    id: UUID
    quota: Quota
    cents: int
    expire_time: datetime
    used: int = 0
    is_reclaimed: bool = False


@dataclass
class Story:
    """A distributor, a reseller, a customer of each, and one root quota; then whatever happens."""

    database: Database
    customers: dict[str, UUID]
    tenant: UUID = field(default_factory=a_tenant)
    reseller: UUID = field(default_factory=new_id)
    now: datetime = START
    quotas: list[Quota] = field(default_factory=list)
    vouchers: list[Issued] = field(default_factory=list)
    lost: int = 0

    @property
    def ledger(self) -> TenantLedger:
        return TenantLedger(self.database, self.tenant)

    @property
    def has_ended(self) -> bool:
        return self.now >= START + LIFE

    def speaker(self, owner: str) -> Principal:
        return an_administrator(
            self.tenant, partner_id=self.reseller if owner == "reseller" else None
        )

    async def begin(self, cents: int) -> None:
        """Let the platform grant the root quota."""
        terms = quotas.Terms(
            coupon_type="VOUCHER",
            face_total=yuan(cents),
            effective_time=START - timedelta(days=1),
            expire_time=START + LIFE,
            limits=[],
            customer_ids=[],
        )
        async with self.ledger.transaction(now=self.now) as session:
            quota_id = await quotas.grant_voucher_quota(
                session, tenant_id=self.tenant, request_id="root", terms=terms, now=self.now
            )
        self.quotas.append(Quota(quota_id, "distributor", cents))

    async def delegate(self, cents: int) -> None:
        root = self.quotas[0]
        granted = await self._ask(
            "distributor",
            grant_sub_quota,
            quota_id=root.id,
            indirect_partner_ids=[self.reseller],
            amount=yuan(cents),
            memo=None,
        )
        can = not self.has_ended and root.cents >= cents
        assert (granted is not None) == can
        if can:
            root.cents -= cents
            self.quotas.append(Quota(granted[0].quota_id, "reseller", cents, parent=root))

    async def issue(self, which: int, cents: int, *, days: int) -> None:
        quota = self.quotas[which % len(self.quotas)]
        expire_time = min(self.now + timedelta(days=days), START + LIFE)
        terms = vouchers.Terms(
            face_value=yuan(cents),
            effective_time=None,
            expire_time=expire_time,
            min_order_amount=None,
            service_type_codes=[],
            product_ids=[],
            memo=None,
        )
        issued = await self._ask(
            quota.owner,
            vouchers.issue_vouchers,
            quota_id=quota.id,
            customer_ids=[self.customers[quota.owner]],
            terms=terms,
        )
        can = not self.has_ended and not quota.is_reclaimed and quota.cents >= cents
        assert (issued is not None) == can
        if can:
            quota.cents -= cents
            self.vouchers.append(Issued(issued[0].voucher_id, quota, cents, expire_time))

    async def take_back(self, which: int) -> None:
        """Reclaim a part from the reseller, or what is none."""
        quota = self.quotas[which % len(self.quotas)]
        (one,) = await self._ask(
            "distributor", reclaim_sub_quotas, quota_ids=[quota.id], remark=None
        )
        can = quota.parent is not None and not self.has_ended and not quota.is_reclaimed
        assert (one.refusal is None) == can
        if can and quota.parent is not None:
            assert one.amount == yuan(quota.cents)
            quota.parent.cents += quota.cents
            quota.cents, quota.is_reclaimed = 0, True

    async def reclaim(self, which: int) -> None:
        if not self.vouchers:
            return
        voucher = self.vouchers[which % len(self.vouchers)]
        (one,) = await self._ask(
            voucher.quota.owner, reclaims.reclaim_vouchers, voucher_ids=[voucher.id], remark=None
        )
        assert (one.refusal is None) == self._is_usable(voucher)
        if one.refusal is None:
            assert one.amount == yuan(voucher.cents)
            self._return(voucher)

    async def unbind(self, owner: str) -> None:
        """Let the customer of a partner go."""
        scope, customer_id = self.ledger.principal.scope, self.customers[owner]
        async with self.ledger.transaction(now=self.now) as session:
            taken = await reclaims.reclaim_all_of_customer(
                session,
                scope=scope,
                customer_id=customer_id,
                operation_type=VoucherOperationType.UNBIND_RECLAIM,
                operator="closings",
                request_id=str(new_id()),
                now=self.now,
            )
        left = [one for one in self.vouchers if one.quota.owner == owner and self._is_usable(one)]
        assert {one.voucher_id for one in taken} == {one.id for one in left}
        for voucher in left:
            self._return(voucher)

    async def use(self, which: int, cents: int) -> None:
        """Let a customer pay with a voucher, as far as it goes."""
        if not self.vouchers:
            return
        voucher = self.vouchers[which % len(self.vouchers)]
        cents = min(cents, voucher.cents)
        if self._is_usable(voucher):
            await self._move(voucher, cents, TransferCode.CONSUME_VOUCHER)
            voucher.cents -= cents
            voucher.used += cents

    async def refund(self, which: int) -> None:
        """Bring back what a voucher paid."""
        if not self.vouchers:
            return
        voucher = self.vouchers[which % len(self.vouchers)]
        cents, voucher.used = voucher.used, 0
        if not cents:
            return
        await self._move(voucher, cents, TransferCode.REFUND)
        voucher.cents += cents
        if voucher.is_reclaimed or voucher.expire_time <= self.now:
            self._return(voucher)

    async def wait(self, days: int) -> None:
        self.now += timedelta(days=days)
        for voucher in self.vouchers:
            if voucher.expire_time <= self.now:
                self._return(voucher)
        if self.has_ended:
            for quota in self.quotas:
                self.lost += quota.cents
                quota.cents = 0

    async def settle(self) -> None:
        """Let the jobs run."""
        scope = self.ledger.principal.scope
        for work in (reclaims.settle_vouchers, settle_voucher_quotas):
            async with self.ledger.transaction(now=self.now) as session:
                await work(session, scope=scope, operator="billing", now=self.now, at_most=50)

    async def check(self) -> None:
        """Hold what billing says against what the oracle knows."""
        async with self.ledger.transaction() as session:
            for quota in self.quotas:
                row = await session.get_one(VoucherQuota, (self.tenant, quota.id))
                account = await session.get_one(Account, (self.tenant, row.account_id))
                assert account.available == row.unit.money(quota.cents), quota
            for voucher in self.vouchers:
                issued = await session.get_one(Voucher, (self.tenant, voucher.id))
                account = await session.get_one(Account, (self.tenant, issued.account_id))
                unit = Unit.parse(account.unit)
                assert account.available == unit.money(voucher.cents), voucher
        lost = await self.ledger.cents(await self._sink(AccountKind.VQ_EXPIRED))
        assert lost == self.lost
        assert await self.ledger.violations() == {}

    def _is_usable(self, voucher: Issued) -> bool:
        has_something = voucher.cents > 0 and not voucher.is_reclaimed
        return has_something and self.now < voucher.expire_time

    def _return(self, voucher: Issued) -> None:
        """Move the rest of a voucher where it ends up when the jobs have run."""
        cents, voucher.cents, voucher.is_reclaimed = voucher.cents, 0, True
        quota = voucher.quota
        if quota.is_reclaimed and quota.parent is not None:
            quota = quota.parent
        if self.has_ended:
            self.lost += cents
        else:
            quota.cents += cents

    async def _ask(self, owner: str, operation: Any, **asked: Any) -> Any:
        """Call an operation as its rpc would; none where it is refused as a whole."""
        principal = self.speaker(owner)
        try:
            async with self.database.transaction(principal) as session:
                return await operation(
                    session,
                    scope=principal.scope,
                    operator=principal.subject,
                    request_id=str(new_id()),
                    now=self.now,
                    **asked,
                )
        except (QuotaInsufficient, QuotaNotFoundOrState):
            return None

    async def _move(self, voucher: Issued, cents: int, code: TransferCode) -> None:
        ledger, sink = self.ledger, await self._sink(AccountKind.VQ_USED)
        async with ledger.transaction() as session:
            row = await session.get_one(Voucher, (self.tenant, voucher.id))
            said: dict[str, Any] = {"tenant_id": self.tenant, "voucher_ids": [row.id]}
            if code == TransferCode.REFUND:
                await note_refund(session, **said, now=self.now)
            else:
                await uses.note_use(session, **said, order_number="O-1", now=self.now)
        debit, credit = row.account_id, sink
        if code == TransferCode.REFUND:
            debit, credit = credit, debit
        await ledger.post(debit, credit, cents, unit=self._unit, code=code)

    @property
    def _unit(self) -> Unit:
        return unit_of(self.quotas[0].id, currency_code="CNY")

    async def _sink(self, kind: AccountKind) -> UUID:
        async with self.ledger.transaction() as session:
            return await open_platform(session, tenant_id=self.tenant, kind=kind, unit=self._unit)


def yuan(cents: int) -> Money:
    return Unit.cash("CNY").money(cents)


async def a_story(database: Database, *, cents: int) -> Story:
    """Begin a story whose customers billing knows."""
    story = Story(database, {owner: new_id() for owner in ("distributor", "reseller")})
    owners = {"distributor": story.tenant, "reseller": story.reseller}
    links = [
        {
            "customer_id": story.customers[owner],
            "version": 1,
            "partner_id": partner_id,
            "partner_name": owner,
            "association_type": "RESALE",
            "account_manager_id": None,
            "account_manager_name": None,
            "customer_name": owner,
            "account_name": owner,
        }
        for owner, partner_id in owners.items()
    ]
    async with story.ledger.transaction() as session:
        await put_customer_links(session, tenant_id=story.tenant, links=links)
    await story.begin(cents)
    return story
