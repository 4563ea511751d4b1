"""Asks for withdrawals and takes them back (domain.md 6.4)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts import queries as account_queries
from services.billing.days import day_at
from services.billing.ledger.chart import Unit
from services.billing.ledger.model import Account
from services.billing.links.model import NotVerified
from services.billing.top_ups import operations as top_ups
from services.billing.top_ups import queries as top_up_queries
from services.billing.top_ups.model import Channel
from services.billing.verification_codes import operations as verification_codes
from services.billing.verification_codes.model import VerificationOperation
from services.billing.withdrawals import amounts, holds, queries
from services.billing.withdrawals.expectations import expected_date
from services.billing.withdrawals.model import (
    UNDECIDED,
    BankAccount,
    InvoiceArrears,
    NameMismatch,
    Payee,
    WithdrawableExceeded,
    Withdrawal,
    WithdrawalKind,
    WithdrawalOpen,
    WithdrawalState,
)
from services.billing.withdrawals.routes import ChannelWindows, Part, choose
from services.billing.withdrawals.terms import (
    Application,
    Bank,
    digits_of,
    refuse_odd,
    same_name,
    shown,
)
from services.billing.withdrawals.vault import NumberVault
from services.kit.errors import InvalidArgument, NotFound, PermissionDenied
from services.kit.identity import Principal, Scope
from services.kit.ids import new_id
from services.kit.money import Money


async def submit_withdrawal(
    session: AsyncSession,
    *,
    principal: Principal,
    request_id: str,
    application: Application,
    windows: ChannelWindows,
    vault: NumberVault,
    now: datetime,
) -> UUID:
    """Ask for a withdrawal and freeze its amount.

    :raises VerificationRequired, VerificationFailed, NotVerified, NameMismatch, WithdrawalOpen:
    :raises InvoiceArrears, WithdrawableExceeded, FlowExpired, NotFound, InvalidArgument:
    """
    await _admit(session, principal=principal, application=application, now=now)
    scope = principal.scope
    # From here on, withdrawals of a partner go one after the other.
    payee = await _payee(session, scope=scope, application=application)
    cash = await _cash(session, scope=scope, amount=application.amount)
    await _refuse_exceeding(
        session, scope=scope, cash=cash, application=application, windows=windows, now=now
    )
    parts = await _parts(session, scope=scope, application=application, windows=windows, now=now)
    _note_branch(payee, application, parts=parts)
    bank_account_id = await _bank_account(
        session, scope=scope, bank=application.bank, vault=vault, now=now
    )
    withdrawal = _withdrawal(
        application, cash=cash, parts=parts, applicant=principal.subject, now=now
    )
    withdrawal.bank_account_id = bank_account_id
    session.add(withdrawal)
    await session.flush()
    flows = holds.flows_of(withdrawal, parts=parts, request_id=request_id)
    session.add_all(flows)
    await top_ups.send_back(
        session, scope=scope, parts={part.top_up.id: part.amount for part in parts}
    )
    await session.flush()
    await holds.hold(session, scope=scope, withdrawal=withdrawal, flows=flows)
    return withdrawal.id


async def cancel_withdrawal(
    session: AsyncSession, *, scope: Scope, withdrawal_id: UUID, now: datetime
) -> None:
    """Take a withdrawal back before it is decided.

    :raises NotFound, WithdrawalStateConflict:
    """
    withdrawal = await get_for_update(session, scope=scope, withdrawal_id=withdrawal_id)
    withdrawal.move(WithdrawalState.CANCELLED, out_of=UNDECIDED)
    withdrawal.finish_time = now
    await holds.release(session, scope=scope, withdrawal=withdrawal, now=now)


async def delete_withdrawal(
    session: AsyncSession, *, scope: Scope, withdrawal_id: UUID, now: datetime
) -> None:
    """Remove a rejected withdrawal from lists.

    :raises NotFound, WithdrawalStateConflict:
    """
    withdrawal = await get_for_update(session, scope=scope, withdrawal_id=withdrawal_id)
    withdrawal.move(WithdrawalState.REJECTED, out_of=(WithdrawalState.REJECTED,))
    withdrawal.delete_time = now
    await session.flush()


async def get_for_update(session: AsyncSession, *, scope: Scope, withdrawal_id: UUID) -> Withdrawal:
    """Give a withdrawal to be moved.

    :raises NotFound:
    """
    found = await queries.get_for_update(session, scope=scope, withdrawal_id=withdrawal_id)
    if found is None:
        raise NotFound("withdrawal not found", field="withdrawal_id")
    return found


async def _admit(
    session: AsyncSession, *, principal: Principal, application: Application, now: datetime
) -> None:
    if not principal.is_root:
        raise PermissionDenied("resellers get their money back from their distributor")
    refuse_odd(application)
    await verification_codes.check(
        session,
        principal=principal,
        operation=VerificationOperation.WITHDRAW,
        challenge_id=application.challenge_id,
        code=application.code,
        now=now,
    )


async def _payee(session: AsyncSession, *, scope: Scope, application: Application) -> Payee:
    """Give the payee, locked, where it may be paid this way."""
    payee = await queries.get_payee_for_update(session, scope=scope, partner_id=scope.tenant_id)
    if payee is None:
        raise NotVerified("the partner's name is not verified")
    payee.refuse_unverified(application.kind)
    bank = application.bank
    if bank is not None and not same_name(bank.account_name, payee.verified_name):
        raise NameMismatch(
            "the bank account is not under the verified name", field="bank.account_name"
        )
    if await queries.has_open(
        session, scope=scope, partner_id=payee.partner_id, kind=application.kind
    ):
        raise WithdrawalOpen("another withdrawal of this kind is not finished", field="kind")
    return payee


async def _cash(session: AsyncSession, *, scope: Scope, amount: Money) -> Account:
    cash = await account_queries.get_cash(session, scope=scope, holder_id=scope.tenant_id)
    if cash is None:
        raise WithdrawableExceeded(
            "there is no money", available="0", required=shown(amount), field="amount"
        )
    currency_code = Unit.parse(cash.unit).currency_code
    if amount.currency_code != currency_code:
        raise InvalidArgument(f"must be {currency_code}", field="amount.currency_code")
    return cash


async def _refuse_exceeding(
    session: AsyncSession,
    *,
    scope: Scope,
    cash: Account,
    application: Application,
    windows: ChannelWindows,
    now: datetime,
) -> None:
    columns = ("total", application.kind.lower(), "arrears")
    row = await amounts.get_amounts(session, scope=scope, columns=columns, windows=windows, now=now)
    assert row is not None, "there is an account"
    unit = Unit.parse(cash.unit)
    total, of_kind, arrears = (unit.money(units) for units in row)
    if arrears.amount and total < application.amount <= cash.available:
        raise InvoiceArrears(
            "invoices come first", arrears=shown(arrears), available=shown(total), field="amount"
        )
    if of_kind < application.amount:
        raise WithdrawableExceeded(
            "more than can be withdrawn this way",
            available=shown(of_kind),
            required=shown(application.amount),
            field="amount",
        )


async def _parts(
    session: AsyncSession,
    *,
    scope: Scope,
    application: Application,
    windows: ChannelWindows,
    now: datetime,
) -> list[Part]:
    """Choose what a withdrawal sends back; incentive money came by no top-up."""
    if application.kind == WithdrawalKind.INCENTIVE_REBATE:
        return []
    unreturned = await top_up_queries.list_unreturned_for_update(
        session, scope=scope, partner_id=scope.tenant_id
    )
    busy = await queries.list_busy_top_ups(session, scope=scope)
    fitting = [
        top_up
        for top_up in unreturned
        if top_up.id not in busy and windows.admit(top_up, application.kind, now=now)
    ]
    named = application.top_up_ids
    others = [one for one in named if one not in {top_up.id for top_up in fitting}]
    known = await top_up_queries.batch_get_for_update(session, scope=scope, ids=others)
    if len(known) < len(others):
        raise NotFound("top-up not found", field="top_up_ids")
    return choose(fitting, amount=application.amount, ids_in_order=named)


def _withdrawal(
    application: Application,
    *,
    cash: Account,
    parts: Sequence[Part],
    applicant: str,
    now: datetime,
) -> Withdrawal:
    return Withdrawal(
        tenant_id=cash.tenant_id,
        id=new_id(),
        partner_id=cash.holder_id,
        kind=application.kind,
        account_id=cash.id,
        currency_code=application.amount.currency_code,
        amount=Unit.parse(cash.unit).count(application.amount),
        paid_amount=0,
        state=WithdrawalState.SUBMITTED,
        applicant=applicant,
        apply_time=now,
        expect_date=expected_date(
            day_at(now),
            kind=application.kind,
            channels={part.top_up.channel for part in parts},
        ),
    )


def _note_branch(payee: Payee, application: Application, *, parts: Sequence[Part]) -> None:
    """Keep from where remittances came; the first that goes back has to say it."""
    if application.remittance_branch is not None:
        payee.remittance_branch = application.remittance_branch
    goes_by_remittance = application.kind == WithdrawalKind.ORIGINAL_ROUTE and any(
        part.top_up.channel == Channel.BANK_TRANSFER for part in parts
    )
    if goes_by_remittance and payee.remittance_branch is None:
        raise InvalidArgument("must be given the first time", field="remittance_branch")


async def _bank_account(
    session: AsyncSession, *, scope: Scope, bank: Bank | None, vault: NumberVault, now: datetime
) -> UUID | None:
    """Keep where the money goes; the same number again is the same account."""
    if bank is None:
        return None
    digits, bank_account_id = digits_of(bank.account_number), new_id()
    values = {"bank_name": bank.bank_name, "branch": bank.branch, "account_name": bank.account_name}
    statement = insert(BankAccount).values(
        tenant_id=scope.tenant_id,
        id=bank_account_id,
        partner_id=scope.tenant_id,
        number_sealed=vault.seal(
            digits, tenant_id=scope.tenant_id, bank_account_id=bank_account_id
        ),
        number_index=vault.index(digits, tenant_id=scope.tenant_id),
        last_four=digits[-4:],
        create_time=now,
        **values,
    )
    kept = await session.execute(
        statement.on_conflict_do_update(
            constraint="bank_accounts_number_index_key", set_=values
        ).returning(BankAccount.id)
    )
    return kept.scalar_one()
