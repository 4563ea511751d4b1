"""Money and credit for tests: paid in and granted by rpcs, moved on by the ledger itself."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from google.type import date_pb2
from sqlalchemy import text

from partner.billing.v1 import accounts_pb2, top_ups_pb2
from services.billing.accounts import invariants as of_accounts
from services.billing.accounts import operations as accounts
from services.billing.accounts.model import Holder
from services.billing.ledger import invariants as of_ledger
from services.billing.ledger import operations as ledger
from services.billing.ledger.chart import AccountKind, TradeDetail, TransferCode, Unit
from services.billing.ledger.model import NewAccount, Posting
from services.billing.top_ups import invariants as of_top_ups
from services.kit import ids
from services.kit.ids import new_id
from services.kit.money import Money
from tests.builders.billing import money
from tests.builders.principals import a_system, an_administrator, an_operator
from tests.builders.running import RunningService

INVARIANTS: Mapping[str, str] = {
    **of_ledger.INVARIANTS,
    **of_accounts.INVARIANTS,
    **of_top_ups.INVARIANTS,
}


def a_day(day: date) -> date_pb2.Date:
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def a_top_up(amount: str = "1000 CNY", **fields: Any) -> top_ups_pb2.RecordTopUpRequest:
    """Ask for a top-up with a number that the channel never used."""
    defaults: dict[str, Any] = {
        "request_id": str(uuid4()),
        "channel": top_ups_pb2.CHANNEL_BANK_TRANSFER,
        "channel_number": uuid4().hex,
        "amount": money(amount),
    }
    return top_ups_pb2.RecordTopUpRequest(**defaults | fields)


async def top_up(
    billing: RunningService, tenant: UUID, amount: str = "1000 CNY", **fields: Any
) -> top_ups_pb2.TopUp:
    made: top_ups_pb2.TopUp = await billing.call(
        a_top_up(amount, **fields), principal=an_operator(tenant)
    )
    return made


async def grant_credit(
    billing: RunningService,
    tenant: UUID,
    amount: str = "500 CNY",
    *,
    expire_date: date | None = None,
) -> accounts_pb2.Account:
    request = accounts_pb2.GrantCreditRequest(
        request_id=str(uuid4()),
        amount=money(amount),
        expire_date=None if expire_date is None else a_day(expire_date),
    )
    lot: accounts_pb2.Account = await billing.call(request, principal=an_operator(tenant))
    return lot


async def own_accounts(
    billing: RunningService, tenant: UUID, **fields: Any
) -> list[accounts_pb2.Account]:
    """List the accounts of the root partner, or of a reseller named in the filter."""
    request = accounts_pb2.ListAccountsRequest(filter=accounts_pb2.AccountFilter(**fields))
    response = await billing.call(request, principal=an_administrator(tenant))
    return list(response.accounts)


async def move(
    billing: RunningService,
    tenant: UUID,
    debit: UUID,
    credit: UUID,
    amount: str,
    *,
    unit: Unit | None = None,
    code: TransferCode = TransferCode.ALLOCATE,
    trade_detail: TradeDetail | None = None,
) -> UUID:
    """Move an amount between accounts, as slices above this one do; give the transfer's id."""
    read = Money.from_message(money(amount), field="amount")
    posting = Posting(
        id=new_id(),
        code=code,
        debit_account_id=debit,
        credit_account_id=credit,
        amount=read,
        unit=unit or Unit.cash(read.currency_code),
        trade_detail=trade_detail,
    )
    async with billing.database.transaction(a_system(tenant, workload="billing")) as session:
        await ledger.post(session, posting=posting)
    return posting.id


async def hold(
    billing: RunningService,
    tenant: UUID,
    debit: UUID,
    credit: UUID,
    amount: str,
    *,
    unit: Unit | None = None,
) -> UUID:
    """Set an amount aside, as an unpaid order or a withdrawal does; give the transfer's id."""
    read = Money.from_message(money(amount), field="amount")
    posting = Posting(
        id=new_id(),
        code=TransferCode.WITHDRAWAL,
        debit_account_id=debit,
        credit_account_id=credit,
        amount=read,
        unit=unit or Unit.cash(read.currency_code),
    )
    async with billing.database.transaction(a_system(tenant, workload="billing")) as session:
        await ledger.reserve(session, posting=posting, expire_time=None)
    return posting.id


async def let_go(billing: RunningService, tenant: UUID, pending_id: UUID) -> None:
    async with billing.database.transaction(a_system(tenant, workload="billing")) as session:
        await ledger.void_pending(
            session, id=new_id(), pending_id=pending_id, code=TransferCode.WITHDRAWAL
        )


async def open_cash(
    billing: RunningService, tenant: UUID, holder: Holder, currency_code: str = "CNY"
) -> UUID:
    async with billing.database.transaction(a_system(tenant, workload="billing")) as session:
        return await accounts.open_cash(
            session, tenant_id=tenant, holder=holder, currency_code=currency_code
        )


async def open_lot(
    billing: RunningService, tenant: UUID, holder: Holder, *, expire_date: date | None = None
) -> UUID:
    async with billing.database.transaction(a_system(tenant, workload="billing")) as session:
        return await accounts.open_credit(
            session,
            tenant_id=tenant,
            holder=holder,
            currency_code="CNY",
            expire_date=expire_date,
        )


async def open_platform(
    billing: RunningService, tenant: UUID, kind: AccountKind, unit: Unit | None = None
) -> UUID:
    async with billing.database.transaction(a_system(tenant, workload="billing")) as session:
        return await accounts.open_platform(
            session, tenant_id=tenant, kind=kind, unit=unit or Unit.cash("CNY")
        )


async def open_of_kind(
    billing: RunningService, tenant: UUID, kind: AccountKind, *, holder: Holder, unit: Unit
) -> UUID:
    """Open what only slices above this one open: arrears, used credit."""
    new = NewAccount(holder_id=holder.id, kind=kind, unit=unit, partner_id=holder.partner_id)
    async with billing.database.transaction(a_system(tenant, workload="billing")) as session:
        (opened,) = await ledger.open_accounts(session, tenant_id=tenant, accounts=[new])
    return opened


async def violations(billing: RunningService, tenant: UUID) -> dict[str, list[Any]]:
    """Give every row of the tenant where what always holds does not."""
    async with billing.database.transaction(a_system(tenant, workload="billing")) as session:
        return {
            name: rows
            for name, query in INVARIANTS.items()
            if (rows := list(await session.execute(text(query))))
        }


def acc(text_: str) -> UUID:
    """Read an account's id."""
    return ids.from_text("acc", text_, field="id")


async def balance_at(
    billing: RunningService, tenant: UUID, account_id: str, time: datetime
) -> accounts_pb2.BalanceAt:
    request = accounts_pb2.GetBalanceAtRequest(account_id=account_id)
    request.time.FromDatetime(time)
    found: accounts_pb2.BalanceAt = await billing.call(request, principal=an_administrator(tenant))
    return found
