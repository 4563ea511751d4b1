"""Billing's operations as steps of one tenant's story, under the names that the oracle has them.

A step is one transaction at the story's own time: what is refused is undone, as the wrapper around
every rpc does it, and then all accounts are read.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts import credit
from services.billing.adjustments import operations as adjustments
from services.billing.adjustments.model import AdjustmentKind, Target
from services.billing.closings import operations as closings
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, Unit
from services.billing.links.operations import put_customer_links
from services.billing.payments import arrears, charging, due, intake, operations, refunds
from services.billing.payments.orders import Order
from services.billing.payments.returns import RefundLine
from services.billing.top_ups.model import Channel
from services.billing.top_ups.model import Payment as PaidIn
from services.billing.top_ups.operations import record_top_up
from services.billing.verification_codes.model import VerificationChallenge
from services.billing.voucher_quotas import operations as quotas
from services.billing.voucher_quotas.model import VoucherQuota
from services.billing.voucher_quotas.rests import settle_voucher_quotas
from services.billing.voucher_quotas.sub_quota_grants import grant_sub_quota
from services.billing.voucher_quotas.sub_quota_reclaims import reclaim_sub_quotas
from services.billing.vouchers import operations as vouchers
from services.billing.vouchers import reclaims
from services.billing.withdrawals import operations as withdrawals
from services.billing.withdrawals import payees, payouts, reviews
from services.billing.withdrawals.providers import PayoutAnswer, PayoutState
from services.billing.withdrawals.routes import MONTHS, ChannelWindows
from services.billing.withdrawals.terms import Application
from services.billing.withdrawals.vault import NumberVault
from services.kit.database import Database
from services.kit.errors import Refusal
from services.kit.identity import Principal
from services.kit.ids import new_id
from services.kit.prepared import Prepared, constant
from services.kit.secret import Secret
from tests.builders.copies import Original
from tests.builders.invariants import ALL
from tests.builders.ledger import TenantLedger, yuan
from tests.builders.money_books import (
    ADVISORY,
    GIVERS,
    NEVER,
    OWNERS,
    RESELLER,
    ROOT,
    START,
    Balances,
    Key,
)
from tests.builders.money_coupons import QUOTA_LIFE
from tests.builders.money_oracle import DONE, answer_about
from tests.builders.payments import a_line, an_order, some_usage
from tests.builders.principals import an_administrator

_ACCOUNTS = constant("SELECT holder_id, kind, unit, credits_posted - debits_posted,"
    " debits_pending, credits_pending FROM accounts")  # fmt: skip
# The connection is the story's alone: it keeps the time until it is told another.
_CLOCK = text("SELECT set_config('app.now', :now, false)")
# All that must hold in few questions: asked one by one, they took as long as a few steps. What is
# longer than this the driver does not keep prepared, and planning it takes most of the time.
_CHARACTERS_MAX = 8_000


def _broken() -> list[Prepared]:
    questions = [""]
    for what, query in ALL.items():
        question = f"SELECT '{what}', to_jsonb(found) FROM ({query}) AS found"  # noqa: S608 - our own
        if len(questions[-1]) + len(question) > _CHARACTERS_MAX:
            questions.append("")
        questions[-1] += (" UNION ALL " if questions[-1] else "") + question
    return [constant(question) for question in questions]


_BROKEN = _broken()
_VAULT = NumberVault(Secret(b"a secret of tests, long enough for all that is made of it"))
_AT_MOST = 500


class MoneyStory(TenantLedger):
    """A distributor and its reseller, with a customer each, and one of referral sale."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.now = START
        self.ids = {ROOT: self.tenant_id, **{name: new_id() for name in (RESELLER, *OWNERS)}}
        self.names = {id_: name for name, id_ in self.ids.items()}
        self.top_ups: list[str] = []
        self.quotas: list[tuple[UUID, str]] = []
        self.vouchers: list[tuple[UUID, str]] = []
        self.orders: list[UUID] = []
        self.withdrawals: list[UUID] = []

    async def begin(self, steps: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Let billing know the customers and the distributor's verified name; take first steps."""
        links = [
            {
                "customer_id": self.ids[name],
                "version": 1,
                "partner_id": self.ids[owner],
                "partner_name": owner,
                "association_type": "ADVISORY" if name == ADVISORY else "RESALE",
                "account_manager_id": None,
                "account_manager_name": None,
                "customer_name": name,
                "account_name": name,
            }
            for name, owner in OWNERS.items()
        ]
        async with self.database.transaction(self.principal) as session:
            await self._tell_time(session)
            await put_customer_links(session, tenant_id=self.tenant_id, links=links)
            await payees.record_payee(
                session,
                scope=self.principal.scope,
                verified_name="Harbour",
                is_business_verified=True,
                now=self.now,
            )
            for step, said in steps:
                assert await getattr(self, step)(session, **said) is None

    async def begin_as(self, other: "MoneyStory", original: Original) -> None:
        """Take over, under a tenant of one's own, what another story's beginning left."""
        self.ids = other.ids | {ROOT: self.tenant_id}
        self.names = {self.ids.get(name, id_): name for id_, name in other.names.items()}
        self.top_ups, self.quotas = [*other.top_ups], [*other.quotas]
        self.vouchers, self.orders = [*other.vouchers], [*other.orders]
        self.withdrawals = [*other.withdrawals]
        await original.copy(self.tenant_id)
        async with self.database.transaction(self.principal) as session:
            await self._tell_time(session)

    async def do(self, step: str, said: dict[str, Any]) -> tuple[str, Balances]:
        """Take a step; give what comes of it, and what everybody has then."""
        async with self.database.transaction(self.principal) as session:
            try:
                refusal = await getattr(self, step)(session, **said)
                await session.flush()
            except Refusal as refused:
                refusal = refused
                await session.start_over()
            return DONE if refusal is None else refusal.reason, await self._balances(session)

    async def broken(self) -> list[Any]:
        """Give every row where something does not hold that always holds in billing."""
        async with self.database.transaction(self.principal) as session:
            return [row for one in _BROKEN for row in await one.fetch(session, values={})]

    async def wait(self, session: AsyncSession, *, hours: int) -> None:
        self.now += timedelta(hours=hours)
        await self._tell_time(session)

    async def run_jobs(self, session: AsyncSession) -> None:
        by_job = {**self._said, "operator": "billing", "at_most": _AT_MOST}
        scope = self.principal.scope
        await ledger.expire_pending(session, scope=scope, at_most=_AT_MOST)
        await operations.expire_held(session, **self._said, at_most=_AT_MOST)
        await credit.expire_credit(session, **by_job)
        await reclaims.settle_vouchers(session, **by_job)
        await settle_voucher_quotas(session, **by_job)
        await arrears.repay_arrears(session, **self._said)

    async def top_up(self, session: AsyncSession, *, cents: int) -> None:
        self.top_ups.append(uuid4().hex)
        await self.top_up_again(session, which=len(self.top_ups) - 1, cents=cents)

    async def top_up_again(self, session: AsyncSession, *, which: int, cents: int) -> None:
        paid = PaidIn(
            channel=Channel.BANK_TRANSFER, channel_number=self.top_ups[which], amount=yuan(cents)
        )
        await record_top_up(session, **self._said, operator="operator", payment=paid)

    async def grant_credit(self, session: AsyncSession, *, lot: str, cents: int) -> None:
        await credit.grant_credit(session, **self._credit(lot, cents))

    async def reduce_credit(self, session: AsyncSession, *, lot: str, cents: int) -> None:
        await credit.reduce_credit(session, **self._credit(lot, cents))

    async def allocate(self, session: AsyncSession, **said: Any) -> None:
        await adjustments.allocate(session, **self._adjustment(**said))

    async def reclaim(self, session: AsyncSession, **said: Any) -> None:
        await adjustments.reclaim(session, **self._adjustment(**said))

    async def grant_quota(self, session: AsyncSession, *, cents: int) -> None:
        terms = quotas.Terms(
            coupon_type="VOUCHER",
            face_total=yuan(cents),
            effective_time=None,
            expire_time=self.now + QUOTA_LIFE,
            limits=[],
            customer_ids=[],
        )
        quota_id = await quotas.grant_voucher_quota(
            session, tenant_id=self.tenant_id, request_id=str(uuid4()), terms=terms, now=self.now
        )
        self._keep(self.quotas, "quota", (quota_id, ROOT))

    async def grant_sub_quota(self, session: AsyncSession, *, which: int, cents: int) -> None:
        (granted,) = await grant_sub_quota(
            session,
            **self._request(ROOT),
            quota_id=self.quotas[which][0],
            indirect_partner_ids=[self.ids[RESELLER]],
            amount=yuan(cents),
            memo=None,
        )
        assert granted.quota_id is not None
        self._keep(self.quotas, "quota", (granted.quota_id, RESELLER))

    async def reclaim_sub_quota(self, session: AsyncSession, *, which: int) -> Refusal | None:
        (taken,) = await reclaim_sub_quotas(
            session, **self._request(ROOT), quota_ids=[self.quotas[which][0]], remark=None
        )
        return taken.refusal

    async def issue(
        self, session: AsyncSession, *, which: int, customer: str, cents: int, days: int
    ) -> Refusal | None:
        quota_id, owner = self.quotas[which]
        quota = await session.get_one(VoucherQuota, (self.tenant_id, quota_id))
        terms = vouchers.Terms(
            face_value=yuan(cents),
            effective_time=None,
            expire_time=min(self.now + timedelta(days=days), quota.expire_time),
            min_order_amount=None,
            service_type_codes=[],
            product_ids=[],
            memo=None,
        )
        (issued,) = await vouchers.issue_vouchers(
            session,
            **self._request(owner),
            quota_id=quota_id,
            customer_ids=[self.ids[customer]],
            terms=terms,
        )
        if issued.voucher_id is not None:
            self._keep(self.vouchers, "voucher", (issued.voucher_id, owner))
        return issued.refusal

    async def reclaim_voucher(self, session: AsyncSession, *, which: int) -> Refusal | None:
        voucher_id, owner = self.vouchers[which]
        (taken,) = await reclaims.reclaim_vouchers(
            session, **self._request(owner), voucher_ids=[voucher_id], remark=None
        )
        return taken.refusal

    async def pay(self, session: AsyncSession, **said: Any) -> None:
        paid = await operations.pay_order(session, **self._asked, order=self._order(**said))
        self.orders.append(paid)

    async def hold_order(self, session: AsyncSession, *, hours: int, **said: Any) -> None:
        held = await operations.hold_order(
            session,
            **self._asked,
            order=self._order(**said),
            expire_time=self.now + timedelta(hours=hours),
        )
        self.orders.append(held)

    async def pay_held(self, session: AsyncSession, *, which: int) -> None:
        await operations.pay_held_order(session, **self._asked, payment_id=self.orders[which])

    async def cancel(self, session: AsyncSession, *, which: int) -> None:
        await operations.cancel_order(session, **self._asked, payment_id=self.orders[which])

    async def refund(self, session: AsyncSession, *, which: int, cents: int | None) -> None:
        lines = [] if cents is None else [RefundLine(line_number=1, units=cents)]
        await refunds.refund_order(
            session, **self._asked, payment_id=self.orders[which], lines=lines
        )

    async def use(self, session: AsyncSession, *, customer: str, rated: int) -> Refusal | None:
        """Bring usage, and let the job run that repays debts and charges what waits."""
        usage = some_usage(
            self.ids[customer],
            str(Decimal(rated) / 10_000),
            billing_cycle=(self.now + timedelta(hours=8)).date().replace(day=1),
            consume_time=self.now,
        )
        taken = await intake.charge_usage(session, **self._said, usages=[usage])
        if taken.refused:
            return taken.refused[0][1]
        await arrears.repay_arrears(session, **self._said)
        found = await due.list_waiting_for_update(
            session, scope=self.principal.scope, after=None, at_most=_AT_MOST
        )
        await charging.charge_waiting(session, **self._said, found=found)
        return None

    async def withdraw(self, session: AsyncSession, *, cents: int) -> None:
        principal = an_administrator(self.tenant_id)
        challenge = await self._challenge(session, principal)
        application = Application(
            kind="ORIGINAL_ROUTE",
            amount=yuan(cents),
            top_up_ids=[],
            bank=None,
            remittance_branch="North",
            challenge_id=challenge,
            code="000000",
        )
        withdrawal_id = await withdrawals.submit_withdrawal(
            session,
            principal=replace(principal, second_factor=challenge),
            request_id=str(uuid4()),
            application=application,
            windows=ChannelWindows(MONTHS),
            vault=_VAULT,
            now=self.now,
        )
        self.withdrawals.append(withdrawal_id)

    async def cancel_withdrawal(self, session: AsyncSession, *, which: int) -> None:
        await withdrawals.cancel_withdrawal(
            session, **self._said, withdrawal_id=self.withdrawals[which]
        )

    async def approve_withdrawal(self, session: AsyncSession, *, which: int) -> None:
        named = await self._reviewed(session, which)
        await reviews.approve_withdrawal(session, **named, reviewer="operator", now=self.now)

    async def reject_withdrawal(self, session: AsyncSession, *, which: int) -> None:
        named = await self._reviewed(session, which)
        await reviews.reject_withdrawal(
            session, **named, reviewer="operator", reason="no", now=self.now
        )

    async def pay_out(self, session: AsyncSession, *, seed: int) -> None:
        found = await payouts.take_due(session, vault=_VAULT, now=self.now, at_most=_AT_MOST)
        for one in found:
            word = answer_about(one.order.amount.to_minor_units(exponent=2), seed)
            answer = PayoutAnswer(PayoutState(word or "PENDING"))
            await payouts.settle(session, **self._said, due=one, answer=answer)

    async def close(self, session: AsyncSession, *, customer: str, fence: int) -> None:
        await closings.close_customer_accounts(
            session, **self._said, customer_id=self.ids[customer], fence=fence
        )

    async def take_vouchers(self, session: AsyncSession, *, customer: str, fence: int) -> None:
        await closings.reclaim_customer_vouchers(session, **self._step(customer, fence))

    async def return_balances(self, session: AsyncSession, *, customer: str, fence: int) -> None:
        await closings.return_balances(session, **self._step(customer, fence))

    async def reopen(self, session: AsyncSession, *, customer: str, fence: int) -> None:
        await closings.reopen_customer_accounts(
            session, **self._said, customer_id=self.ids[customer], fence=fence
        )

    @property
    def _said(self) -> dict[str, Any]:
        return {"scope": self.principal.scope, "now": self.now}

    @property
    def _asked(self) -> dict[str, Any]:
        return {**self._said, "request_id": str(uuid4())}

    def _speaker(self, partner: str) -> Principal:
        partner_id = None if partner == ROOT else self.ids[partner]
        return an_administrator(self.tenant_id, partner_id=partner_id)

    def _request(self, partner: str) -> dict[str, Any]:
        return {**self._asked, "scope": self._speaker(partner).scope, "operator": partner}

    def _step(self, customer: str, fence: int) -> dict[str, Any]:
        asked = {"principal": self.principal, "request_id": str(uuid4()), "now": self.now}
        return {**asked, "customer_id": self.ids[customer], "fence": fence}

    def _credit(self, lot: str, cents: int) -> dict[str, Any]:
        terms = credit.Terms(
            amount=yuan(cents),
            expire_date=None if lot == NEVER else date.fromisoformat(lot),
            reason=None,
        )
        return {
            "tenant_id": self.tenant_id,
            "operator": "operator",
            "request_id": str(uuid4()),
            "terms": terms,
            "now": self.now,
        }

    def _adjustment(self, *, target: str, kind: str, cents: int) -> dict[str, Any]:
        customer_id = self.ids[target] if target in OWNERS else None
        reseller_id = self.ids[RESELLER] if RESELLER in {target, GIVERS[target]} else None
        terms = adjustments.Terms(kind=AdjustmentKind(kind), amount=yuan(cents), memo=None)
        return {
            "principal": self._speaker(ROOT),
            "target": Target(customer_id, reseller_id),
            "terms": terms,
            "request_id": str(uuid4()),
            "now": self.now,
        }

    def _order(
        self, *, customer: str, payer: str, number: str, cents: int, voucher: int | None
    ) -> Order:
        chosen = [] if voucher is None else [self.vouchers[voucher][0]]
        return an_order(
            self.ids[customer], a_line(1, cents), payer=payer, number=number, voucher_ids=chosen
        )

    async def _challenge(self, session: AsyncSession, principal: Principal) -> UUID:
        """Let a code have been asked for, and the answer to it found right."""
        challenge = VerificationChallenge(
            tenant_id=self.tenant_id,
            partner_id=self.tenant_id,
            subject=principal.subject,
            operation="WITHDRAW",
            channel="EMAIL",
            recipient="money@harbour.example",
            expire_time=self.now + timedelta(minutes=5),
            next_send_time=self.now,
            send_time=self.now,
            wrong_codes=0,
            create_time=self.now,
        )
        session.add(challenge)
        await session.flush()
        return challenge.id

    async def _reviewed(self, session: AsyncSession, which: int) -> dict[str, Any]:
        named: dict[str, Any] = {
            "scope": self.principal.scope,
            "withdrawal_id": self.withdrawals[which],
        }
        await reviews.review_withdrawal(session, **named)
        return named

    def _keep(self, kept: list[tuple[UUID, str]], what: str, made: tuple[UUID, str]) -> None:
        self.names[made[0]] = f"{what} {len(kept)}"
        kept.append(made)

    async def _tell_time(self, session: AsyncSession) -> None:
        await session.execute(_CLOCK, {"now": self.now.isoformat()})

    async def _balances(self, session: AsyncSession) -> Balances:
        """Read all accounts; those of the platform for vouchers are taken together."""
        found: Balances = {}
        for holder_id, kind, unit, *amounts in await _ACCOUNTS.fetch(session, values={}):
            day = Unit.parse(unit).book.removeprefix("CREDIT:")
            lot = "" if day.startswith("VQ:") else day
            key = Key(self.names[holder_id], AccountKind(kind).name, lot)
            posted, held, awaited = map(sum, zip(found.get(key, (0, 0, 0)), amounts, strict=True))
            found[key] = posted, held, awaited
        return {key: found[key] for key in sorted(found) if any(found[key])}
