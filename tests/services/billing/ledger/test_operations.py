"""Postings one by one, many at once and in groups: what moves, what is refused, what repeats."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from partner_center.postgres import EmbeddedPostgres
from services.billing.ledger import operations
from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.billing.ledger.model import (
    AccountClosing,
    InsufficientBalance,
    NewAccount,
    TransferIdReused,
    TransferResolved,
    UnitMismatch,
)
from services.kit.database import Database
from services.kit.errors import NotFound
from services.kit.ids import new_id
from tests.builders.ledger import YUAN, TenantLedger, yuan

LATER = datetime.now(UTC) + timedelta(days=1)
MUCH_LATER = LATER + timedelta(days=1)


async def test_post_moves_an_amount_from_the_debit_to_the_credit_account(
    ledger: TenantLedger,
) -> None:
    source = await ledger.open(AccountKind.CASH_CLEARING)
    customer = await ledger.open()

    assert await ledger.post(source, customer, 1230)

    assert (await ledger.account(customer)).balance == yuan(1230)
    assert (await ledger.account(source)).balance == -yuan(1230)
    assert not await ledger.violations()


async def test_post_refuses_to_take_more_than_there_is(ledger: TenantLedger) -> None:
    first, second = await ledger.open(filled_with=500), await ledger.open()

    with pytest.raises(InsufficientBalance) as refused:
        await ledger.post(first, second, 501)

    assert refused.value.metadata == {"available": "5", "required": "5.01"}
    assert await ledger.cents(first) == 500
    assert not await ledger.violations()


async def test_post_repeated_moves_nothing_twice(ledger: TenantLedger) -> None:
    first, second = await ledger.open(filled_with=500), await ledger.open()
    transfer_id = new_id()

    outcomes = [await ledger.post(first, second, 400, transfer_id=transfer_id) for _ in range(3)]

    # Once it is done, even a balance that no longer suffices does not matter.
    assert outcomes == [True, False, False]
    assert await ledger.cents(second) == 400


async def test_post_refuses_a_known_id_for_another_amount(ledger: TenantLedger) -> None:
    first, second = await ledger.open(filled_with=500), await ledger.open()
    transfer_id = new_id()
    await ledger.post(first, second, 100, transfer_id=transfer_id)

    with pytest.raises(TransferIdReused):
        await ledger.post(first, second, 101, transfer_id=transfer_id)

    assert await ledger.cents(second) == 100


async def test_post_refuses_accounts_of_different_units(ledger: TenantLedger) -> None:
    yuan_account = await ledger.open(filled_with=500)
    dollar_account = await ledger.open(unit=Unit.cash("USD"))

    with pytest.raises(UnitMismatch) as refused:
        await ledger.post(yuan_account, dollar_account, 100)

    assert refused.value.metadata == {
        "debit_unit": "CNY/2",
        "credit_unit": "USD/2",
        "amount_unit": "CNY/2",
    }


async def test_post_refuses_an_amount_in_another_unit_than_the_accounts(
    ledger: TenantLedger,
) -> None:
    first, second = await ledger.open(filled_with=500), await ledger.open()

    with pytest.raises(UnitMismatch):
        await ledger.post(first, second, 100, unit=Unit("CNY", 2, "CREDIT"))


async def test_post_knows_no_account_of_another_tenant(ledger: TenantLedger) -> None:
    mine = await ledger.open(filled_with=500)
    theirs = await TenantLedger(ledger.database).open()

    with pytest.raises(NotFound, match="account not found"):
        await ledger.post(mine, theirs, 100)


async def test_a_closing_account_can_only_be_emptied(ledger: TenantLedger) -> None:
    first, second = await ledger.open(filled_with=500), await ledger.open()
    async with ledger.transaction() as session:
        await operations.close_accounts(session, tenant_id=ledger.tenant_id, ids=[first])

    with pytest.raises(AccountClosing):
        await ledger.post(second, first, 1)
    with pytest.raises(AccountClosing):
        await ledger.reserve(first, second, 1)
    await ledger.post(first, second, 500)
    async with ledger.transaction() as session:
        await operations.reopen_accounts(session, tenant_id=ledger.tenant_id, ids=[first])
    await ledger.post(second, first, 200)

    assert await ledger.cents(first) == 200


async def test_open_accounts_gives_the_account_that_is_open_already(ledger: TenantLedger) -> None:
    new = NewAccount(
        holder_id=new_id(), kind=AccountKind.PARTNER_CASH, unit=YUAN, partner_id=ledger.tenant_id
    )

    async with ledger.transaction() as session:
        once = await operations.open_accounts(
            session, tenant_id=ledger.tenant_id, accounts=[new, new]
        )
    async with ledger.transaction() as session:
        again = await operations.open_accounts(session, tenant_id=ledger.tenant_id, accounts=[new])

    assert once == again * 2


async def test_post_many_refuses_single_postings_in_their_order(ledger: TenantLedger) -> None:
    first, second, third = [await ledger.open(filled_with=cents) for cents in (100, 0, 0)]
    postings = [
        ledger.posting(first, second, 60),
        # Only the one before fills this account.
        ledger.posting(second, third, 50),
        ledger.posting(first, third, 41),
        ledger.posting(first, third, 40),
    ]

    async with ledger.transaction() as session:
        outcomes = await operations.post_many(session, postings=postings)

    reasons = [outcome.refusal and outcome.refusal.reason for outcome in outcomes]
    assert reasons == [None, None, "INSUFFICIENT_BALANCE", None]
    assert [await ledger.cents(one) for one in (first, second, third)] == [0, 10, 90]
    assert not await ledger.violations()


async def test_post_many_does_five_hundred_as_one_statement(ledger: TenantLedger) -> None:
    source = await ledger.open(AccountKind.CASH_CLEARING)
    accounts = [await ledger.open() for _ in range(5)]
    postings = [ledger.posting(source, accounts[n % 5], 1 + n) for n in range(500)]

    async with ledger.transaction() as session:
        outcomes = await operations.post_many(session, postings=postings)
    async with ledger.transaction() as session:
        repeated = await operations.post_many(session, postings=postings)

    assert all(outcome.refusal is None and not outcome.is_replay for outcome in outcomes)
    assert all(outcome.is_replay for outcome in repeated)
    assert (await ledger.account(source)).balance == -yuan(500 * 501 // 2)
    assert not await ledger.violations()


async def test_post_many_takes_five_hundred_at_most(ledger: TenantLedger) -> None:
    posting = ledger.posting(new_id(), new_id(), 1)

    with pytest.raises(ValueError, match="500 are the most"):
        async with ledger.transaction() as session:
            await operations.post_many(session, postings=[posting] * 501)


async def test_post_group_moves_all_or_nothing(ledger: TenantLedger) -> None:
    first, second = await ledger.open(filled_with=100), await ledger.open(filled_with=10)
    third = await ledger.open()
    legs = [ledger.posting(first, third, 100), ledger.posting(second, third, 11)]

    with pytest.raises(InsufficientBalance):
        async with ledger.transaction() as session:
            await operations.post_group(session, group_id=new_id(), postings=legs)

    assert [await ledger.cents(one) for one in (first, second, third)] == [100, 10, 0]


async def test_post_group_repeated_is_done_once_and_its_legs_fit_no_other_group(
    ledger: TenantLedger,
) -> None:
    first, second = await ledger.open(filled_with=100), await ledger.open()
    group_id = new_id()
    legs = [ledger.posting(first, second, 30), ledger.posting(first, second, 20)]

    outcomes = []
    for _ in range(2):
        async with ledger.transaction() as session:
            outcomes.append(await operations.post_group(session, group_id=group_id, postings=legs))
    with pytest.raises(TransferIdReused):
        async with ledger.transaction() as session:
            await operations.post_group(
                session, group_id=new_id(), postings=[*legs, ledger.posting(first, second, 1)]
            )

    assert outcomes == [True, False]
    assert await ledger.cents(second) == 50


async def test_reserve_sets_aside_what_nobody_else_can_spend(ledger: TenantLedger) -> None:
    first, second = await ledger.open(filled_with=100), await ledger.open()

    await ledger.reserve(first, second, 70)

    account = await ledger.account(first)
    assert (account.balance, account.held, account.available) == (yuan(100), yuan(70), yuan(30))
    with pytest.raises(InsufficientBalance):
        await ledger.post(first, second, 31)
    assert not await ledger.violations()


async def test_post_pending_moves_a_part_and_returns_the_rest(ledger: TenantLedger) -> None:
    first, second = await ledger.open(filled_with=100), await ledger.open()
    pending = await ledger.reserve(first, second, 70, expire_time=LATER)

    async with ledger.transaction() as session:
        await operations.post_pending(
            session,
            id=new_id(),
            pending_id=pending,
            code=TransferCode.CONSUME_CASH,
            amount=yuan(50),
            unit=YUAN,
        )

    assert await ledger.cents(first) == 50
    assert await ledger.cents(second) == 50
    assert not await ledger.violations()


async def test_post_pending_refuses_more_than_was_set_aside(ledger: TenantLedger) -> None:
    first, second = await ledger.open(filled_with=100), await ledger.open()
    pending = await ledger.reserve(first, second, 70)

    with pytest.raises(InsufficientBalance) as refused:
        await post_pending(ledger, pending, cents=71)

    assert refused.value.metadata == {"available": "0.7", "required": "0.71"}


async def test_post_pending_refuses_what_has_expired_though_nobody_swept(
    ledger: TenantLedger,
) -> None:
    first, second = await ledger.open(filled_with=100), await ledger.open()
    pending = await ledger.reserve(first, second, 70, expire_time=LATER)

    for resolve in (post_pending, void_pending):
        with pytest.raises(TransferResolved) as refused:
            await resolve(ledger, pending, now=LATER)
        assert refused.value.metadata == {"state": "EXPIRED"}

    assert await ledger.cents(first) == 30
    async with ledger.transaction(now=MUCH_LATER) as session:
        swept = await operations.expire_pending(session, scope=ledger.principal.scope, at_most=10)
        again = await operations.expire_pending(session, scope=ledger.principal.scope, at_most=10)
    assert (swept, again) == (1, 0)
    assert await ledger.cents(first) == 100
    assert not await ledger.violations()


async def test_a_pending_transfer_is_resolved_once(ledger: TenantLedger) -> None:
    first, second = await ledger.open(filled_with=100), await ledger.open()
    pending = await ledger.reserve(first, second, 70)
    await void_pending(ledger, pending)

    with pytest.raises(TransferResolved) as refused:
        await post_pending(ledger, pending)

    assert refused.value.metadata == {"state": "VOIDED"}
    assert await ledger.cents(first) == 100


async def test_resolutions_and_reversals_need_a_transfer_of_their_kind(
    ledger: TenantLedger,
) -> None:
    first, second = await ledger.open(filled_with=100), await ledger.open()
    pending, posted = await ledger.reserve(first, second, 10), new_id()
    await ledger.post(first, second, 10, transfer_id=posted)

    for unfit in (posted, new_id()):
        with pytest.raises(NotFound, match="transfer not found"):
            await void_pending(ledger, unfit)
    for unfit in (pending, new_id()):
        with pytest.raises(NotFound, match="transfer not found"):
            await reverse(ledger, unfit)


async def test_reverse_moves_the_whole_amount_back_once(ledger: TenantLedger) -> None:
    first, second = await ledger.open(filled_with=100), await ledger.open()
    posted = new_id()
    await ledger.post(first, second, 60, transfer_id=posted)

    await reverse(ledger, posted)
    with pytest.raises(TransferResolved) as refused:
        await reverse(ledger, posted)

    assert refused.value.metadata == {"state": "REVERSED"}
    assert await ledger.cents(first) == 100
    assert not await ledger.violations()


async def test_the_guard_of_the_table_is_told_as_a_short_account_too(
    ledger: TenantLedger, postgres: EmbeddedPostgres
) -> None:
    """Should the functions ever err, what stops them is the table's own CHECK."""
    account = await ledger.open(filled_with=100)
    overdraw = text("UPDATE accounts SET debits_posted = 101 WHERE id = :id")
    url = ledger.database.engine.url
    admin = postgres.admin_url.removesuffix("postgres") + str(url.database)
    owner = Database(admin)

    with pytest.raises(DBAPIError) as violated:
        async with owner.transaction(ledger.principal) as session:
            await session.execute(overdraw, {"id": account})
    await owner.close()

    assert isinstance(operations.refusal_in(violated.value), InsufficientBalance)


async def post_pending(
    ledger: TenantLedger, pending: UUID, *, cents: int | None = None, now: datetime | None = None
) -> None:
    async with ledger.transaction(now=now) as session:
        await operations.post_pending(
            session,
            id=new_id(),
            pending_id=pending,
            code=TransferCode.CONSUME_CASH,
            amount=None if cents is None else yuan(cents),
            unit=YUAN,
        )


async def void_pending(ledger: TenantLedger, pending: UUID, *, now: datetime | None = None) -> None:
    async with ledger.transaction(now=now) as session:
        await operations.void_pending(
            session, id=new_id(), pending_id=pending, code=TransferCode.ORDER_HOLD
        )


async def reverse(ledger: TenantLedger, reverses_id: UUID) -> None:
    async with ledger.transaction() as session:
        await operations.reverse(session, id=new_id(), reverses_id=reverses_id)
