"""Withdrawals for tests: asked for with a code, decided, and paid by a scripted bank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import text

from partner.billing.v1 import top_ups_pb2, withdrawals_pb2
from services.billing.accounts.model import Holder
from services.billing.ledger.chart import AccountKind, TransferCode
from services.billing.top_ups.model import Channel
from services.billing.withdrawals import invariants
from services.billing.withdrawals.jobs import pay_withdrawals
from services.billing.withdrawals.model import BankAccount, Withdrawal, WithdrawalFlow
from services.billing.withdrawals.providers import PayoutAnswer, PayoutOrder, PayoutState
from services.billing.withdrawals.vault import NumberVault
from services.kit import ids
from services.kit.identity import Principal
from services.kit.ids import new_id
from services.kit.secret import Secret
from tests.builders import funds
from tests.builders.billing import in_days, money
from tests.builders.jobs import run_out
from tests.builders.principals import a_system, an_administrator, an_operator
from tests.builders.running import RunningService
from tests.builders.verification import a_code, a_switch

INVARIANTS: Final[Mapping[str, str]] = {**funds.INVARIANTS, **invariants.INVARIANTS}
NAME: Final = "Orchid Cloud Ltd"
NUMBER: Final = "6222021234567890127"
ALIPAY: Final = top_ups_pb2.CHANNEL_ALIPAY
BANK: Final = withdrawals_pb2.WithdrawalBankDetails(
    bank_name="Harbour Bank", branch="North", account_name=NAME, account_number=NUMBER
)
PAID: Final = PayoutAnswer(PayoutState.PAID)
PENDING: Final = PayoutAnswer(PayoutState.PENDING)
FAILED: Final = PayoutAnswer(PayoutState.FAILED, "the account is closed")


@dataclass
class ScriptedBank:
    """Says of each payment what it is told to say, by its amount; else that it was paid."""

    answers: dict[str, PayoutAnswer] = field(default_factory=dict)
    # How many calls end in a timeout: before, or after they arrived.
    lost_requests: int = 0
    lost_answers: int = 0
    orders: dict[UUID, PayoutOrder] = field(default_factory=dict)
    sent: list[UUID] = field(default_factory=list)

    async def send(self, order: PayoutOrder) -> None:
        if self.lost_requests:
            self.lost_requests -= 1
            raise TimeoutError
        self.orders[order.id] = order
        self.sent.append(order.id)
        if self.lost_answers:
            self.lost_answers -= 1
            raise TimeoutError

    async def ask(self, order_id: UUID) -> PayoutAnswer:
        order = self.orders.get(order_id)
        if order is None:
            return PayoutAnswer(PayoutState.UNKNOWN)
        return self.answers.get(order.amount.to_message().amount, PAID)


def vault_of(billing: RunningService) -> NumberVault:
    return NumberVault(Secret(billing.keys.billing_secret))


def somebody(tenant: UUID, *, partner_id: UUID | None = None) -> Principal:
    """Give an administrator whom nobody has seen: codes are counted for each person."""
    return replace(
        an_administrator(tenant, partner_id=partner_id), subject=f"admin-{uuid4().hex[:8]}"
    )


async def verify_payee(
    billing: RunningService, tenant: UUID, *, name: str = NAME, business: bool = True
) -> withdrawals_pb2.Payee:
    """Let the platform have verified the root partner."""
    request = withdrawals_pb2.RecordPayeeRequest(
        request_id=str(uuid4()), verified_name=name, business_verified=business
    )
    payee: withdrawals_pb2.Payee = await billing.call(request, principal=an_operator(tenant))
    return payee


def an_application(
    amount: str = "10 CNY", *, kind: str = "ORIGINAL_ROUTE", **said: Any
) -> withdrawals_pb2.SubmitWithdrawalRequest:
    """Ask for a withdrawal, to a bank where its kind needs one; without a code."""
    defaults: dict[str, Any] = {
        "request_id": str(uuid4()),
        "kind": withdrawals_pb2.WithdrawalKind.Value(f"WITHDRAWAL_KIND_{kind}"),
        "amount": money(amount),
        "bank": None if kind == "ORIGINAL_ROUTE" else BANK,
    }
    return withdrawals_pb2.SubmitWithdrawalRequest(**defaults | said)


async def with_code(
    billing: RunningService,
    principal: Principal,
    application: withdrawals_pb2.SubmitWithdrawalRequest,
) -> withdrawals_pb2.SubmitWithdrawalRequest:
    """Add the right answer to a new challenge."""
    await billing.call(a_switch(), principal=principal)
    application.verification.CopyFrom(await a_code(billing, principal))
    return application


async def submit(
    billing: RunningService, tenant: UUID, amount: str = "10 CNY", **said: Any
) -> withdrawals_pb2.Withdrawal:
    principal = somebody(tenant)
    request = await with_code(billing, principal, an_application(amount, **said))
    made: withdrawals_pb2.Withdrawal = await billing.call(request, principal=principal)
    return made


async def refused(
    billing: RunningService, tenant: UUID, amount: str = "10 CNY", **said: Any
) -> Any:
    """Ask for a withdrawal with a right code and give why it is refused."""
    principal = somebody(tenant)
    request = await with_code(billing, principal, an_application(amount, **said))
    return await billing.refusal(request, principal=principal)


async def a_rich_tenant(
    billing: RunningService, tenant: UUID, *amounts: str, **said: Any
) -> list[str]:
    """Verify the root partner and let it have paid in by Alipay; give the top-ups, oldest first."""
    await verify_payee(billing, tenant)
    fields = {"channel": ALIPAY} | said
    return [
        (
            await funds.top_up(
                billing, tenant, amount, **{"pay_time": in_days(number - 20)} | fields
            )
        ).id
        for number, amount in enumerate(amounts)
    ]


async def earn_rebate(billing: RunningService, tenant: UUID, amount: str) -> None:
    """Let incentive money come into the root partner's cash."""
    cash = await funds.open_cash(billing, tenant, Holder.partner(tenant))
    source = await funds.open_platform(billing, tenant, AccountKind.REBATE_EXPENSE)
    await funds.move(billing, tenant, source, cash, amount, code=TransferCode.REBATE_TO_CASH)


async def decide(
    billing: RunningService,
    withdrawal: withdrawals_pb2.Withdrawal,
    tenant: UUID,
    *,
    reject: str = "",
) -> withdrawals_pb2.Withdrawal:
    """Review a withdrawal, and approve or reject it."""
    operator, named = an_operator(tenant), {"withdrawal_id": withdrawal.id}
    await billing.call(
        withdrawals_pb2.ReviewWithdrawalRequest(request_id=str(uuid4()), **named),
        principal=operator,
    )
    request: Any = (
        withdrawals_pb2.RejectWithdrawalRequest(request_id=str(uuid4()), reason=reject, **named)
        if reject
        else withdrawals_pb2.ApproveWithdrawalRequest(request_id=str(uuid4()), **named)
    )
    decided: withdrawals_pb2.Withdrawal = await billing.call(request, principal=operator)
    return decided


async def pay(billing: RunningService, bank: ScriptedBank, *, minutes: int = 0) -> int:
    """Let the job run until it ends no more, some minutes from now; give how many it ended."""
    job = pay_withdrawals(bank, vault_of(billing))
    now = datetime.now(UTC) + timedelta(minutes=minutes, seconds=1)
    return await run_out(job, billing.database, now)


async def found(
    billing: RunningService, tenant: UUID, withdrawal_id: str
) -> withdrawals_pb2.Withdrawal:
    response = await billing.call(
        withdrawals_pb2.BatchGetWithdrawalsRequest(ids=[withdrawal_id]),
        principal=an_administrator(tenant),
    )
    (one,) = response.withdrawals
    return one  # type: ignore[no-any-return]


async def amounts(billing: RunningService, tenant: UUID) -> withdrawals_pb2.WithdrawableAmounts:
    shown: withdrawals_pb2.WithdrawableAmounts = await billing.call(
        withdrawals_pb2.GetWithdrawableAmountsRequest(), principal=an_administrator(tenant)
    )
    return shown


def state(withdrawal: withdrawals_pb2.Withdrawal) -> str:
    return withdrawals_pb2.WithdrawalState.Name(withdrawal.state).removeprefix("WITHDRAWAL_STATE_")


def flow_states(withdrawal: withdrawals_pb2.Withdrawal) -> list[str]:
    prefix, names = "WITHDRAWAL_FLOW_STATE_", withdrawals_pb2.WithdrawalFlowState
    return [names.Name(flow.state).removeprefix(prefix) for flow in withdrawal.flows]


async def balance(billing: RunningService, tenant: UUID) -> tuple[str, str]:
    """Give what is in the root partner's cash, and what of it is frozen."""
    (cash, *_) = await funds.own_accounts(billing, tenant)
    return cash.amount.amount, cash.frozen_amount.amount


async def violations(billing: RunningService, tenant: UUID) -> dict[str, list[Any]]:
    """Give every row of the tenant where what always holds does not."""
    async with billing.database.transaction(a_system(tenant, workload="billing")) as session:
        return {
            name: rows
            for name, query in INVARIANTS.items()
            if (rows := list(await session.execute(text(query))))
        }


async def rejected_withdrawals(
    billing: RunningService, tenant: UUID, top_ups: Sequence[top_ups_pb2.TopUp]
) -> list[str]:
    """Give a withdrawal of each top-up as it stands in the books once rejected; give their ids."""
    now = datetime.now(UTC)
    mine = {"tenant_id": tenant, "partner_id": tenant}
    bank = BankAccount(
        **mine,
        id=new_id(),
        bank_name="Harbour Bank",
        branch="North",
        account_name=NAME,
        number_sealed=b"-",
        number_index=b"-",
        last_four="0127",
        create_time=now,
    )
    withdrawals = [_rejected(one, bank=bank, now=now) for one in top_ups]
    flows = [
        WithdrawalFlow(
            **mine,
            withdrawal_id=withdrawal.id,
            number=0,
            top_up_id=ids.from_text("tup", top_up.id, field="id"),
            channel=Channel.BANK_TRANSFER,
            amount=100,
            state="RELEASED",
            transaction_id=new_id(),
            finish_time=now,
        )
        for withdrawal, top_up in zip(withdrawals, top_ups, strict=True)
    ]
    async with billing.database.transaction(an_administrator(tenant)) as session:
        for rows in ([bank], withdrawals, flows):
            session.add_all(rows)
            await session.flush()
    return [ids.to_text("wdr", withdrawal.id) for withdrawal in withdrawals]


def _rejected(top_up: top_ups_pb2.TopUp, *, bank: BankAccount, now: datetime) -> Withdrawal:
    return Withdrawal(
        tenant_id=bank.tenant_id,
        partner_id=bank.partner_id,
        id=new_id(),
        kind="BANK_CARD",
        account_id=ids.from_text("acc", top_up.account_id, field="account_id"),
        currency_code="CNY",
        amount=100,
        state="REJECTED",
        bank_account_id=bank.id,
        applicant="li",
        apply_time=now,
        expect_date=now.date(),
        reviewer="operator",
        review_time=now,
        reject_reason="an invoice is missing",
        finish_time=now,
    )
