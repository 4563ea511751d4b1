"""Any sequence of postings against a small oracle: same answers, same balances, nothing broken."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import insert

from services.billing.ledger import operations
from services.billing.ledger.chart import AccountKind, Guard, TransferCode, Unit
from services.billing.ledger.model import Account, Posting
from services.kit.database import Database
from services.kit.errors import Refusal
from services.kit.ids import new_id
from tests.builders.ledger import YUAN, TenantLedger, yuan
from tests.builders.oracle import Item, Oracle

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
# Cents; few values, so that accounts are often emptied to the last and asked for one too many.
AMOUNTS = st.sampled_from([1, 10, 20, 30])
# An outside, three holders, one that only gives, one of another unit.
ACCOUNTS = ("outside", "first", "second", "third", "giver", "dollars")
NAMES = st.sampled_from(ACCOUNTS)
PAIRS = st.tuples(NAMES, NAMES, AMOUNTS).filter(lambda pair: pair[0] != pair[1])


class LedgerMachine(RuleBasedStateMachine):
    runner: ClassVar[asyncio.Runner]
    database: ClassVar[Database]

    @initialize()
    def open_accounts(self) -> None:
        self.ledger = TenantLedger(self.database)
        self.oracle = Oracle()
        self.ids: dict[str, UUID] = {}
        self.items: list[Item] = []
        for name in ACCOUNTS:
            unit = Unit.cash("USD") if name == "dollars" else YUAN
            guard = {"outside": Guard.NONE, "giver": Guard.CREDITS}.get(name, Guard.DEBITS)
            self.ids[name] = self.run(self._open(unit, guard))
            self.oracle.open(name, unit=str(unit), guard=guard)
        for name in ("first", "second", "giver"):
            pair = ("giver", "outside") if name == "giver" else ("outside", name)
            self._do(self._item("post", (*pair, 30)))

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @rule(pair=PAIRS)
    def post(self, pair: tuple[str, str, int]) -> None:
        self._do(self._item("post", pair))

    @rule(pair=PAIRS, expires=st.booleans())
    def reserve(self, pair: tuple[str, str, int], *, expires: bool) -> None:
        self._do(self._item("reserve", pair, has_expired=expires))

    @rule(
        kind=st.sampled_from(["post_pending", "void", "reverse"]),
        which=st.integers(0, 100),
        cents=st.none() | AMOUNTS,
    )
    def follow(self, kind: str, which: int, cents: int | None) -> None:
        if self.items:
            first = self.items[which % len(self.items)]
            cents = cents if kind == "post_pending" else None
            self._do(Item(kind=kind, id=new_id(), cents=cents, first_id=first.id))

    @rule(which=st.integers(0, 100))
    def repeat(self, which: int) -> None:
        if self.items:
            self._do(self.items[which % len(self.items)])

    @rule(which=st.integers(0, 100), pair=PAIRS)
    def use_an_id_again(self, which: int, pair: tuple[str, str, int]) -> None:
        if self.items:
            item = self._item("post", pair)
            self._do(Item(**{**vars_of(item), "id": self.items[which % len(self.items)].id}))

    @rule(pairs=st.lists(PAIRS, min_size=2, max_size=6), repeats=st.booleans())
    def post_many(self, pairs: list[tuple[str, str, int]], *, repeats: bool) -> None:
        items = [self._item("post", pair) for pair in pairs]
        if repeats:
            items.append(items[0])
        expected = [self.oracle.do(item) for item in items]
        assert self.run(self._post_many(items)) == expected
        self.items += items

    @rule(pairs=st.lists(PAIRS, min_size=2, max_size=4))
    def post_group(self, pairs: list[tuple[str, str, int]]) -> None:
        items = [self._item("post", pair) for pair in pairs]
        expected = self.oracle.do_group(items)
        assert self.run(self._post_group(items)) == expected
        self.items += items

    @rule(name=NAMES, closing=st.booleans())
    def close(self, name: str, *, closing: bool) -> None:
        self.oracle.accounts[name].is_closing = closing
        self.run(self._close(name, closing=closing))

    @rule()
    def sweep(self) -> None:
        assert self.run(self._sweep()) == self.oracle.sweep()

    def teardown(self) -> None:
        if not hasattr(self, "ledger"):
            return
        for name, account_id in self.ids.items():
            account = self.run(self.ledger.account(account_id))
            assert self.oracle.accounts[name].counters == (
                account.debits_posted,
                account.credits_posted,
                account.debits_pending,
                account.credits_pending,
            )
        assert self.run(self.ledger.violations()) == {}

    def _item(self, kind: str, pair: tuple[str, str, int], *, has_expired: bool = False) -> Item:
        debit, credit, cents = pair
        return Item(
            kind=kind, id=new_id(), debit=debit, credit=credit, cents=cents, has_expired=has_expired
        )

    def _do(self, item: Item) -> None:
        expected = self.oracle.do(item)
        assert self.run(self._call(item)) == expected
        self.items.append(item)

    async def _open(self, unit: Unit, guard: Guard) -> UUID:
        values = {
            "tenant_id": self.ledger.tenant_id,
            "id": new_id(),
            "holder_id": new_id(),
            "kind": AccountKind.CASH_CLEARING,
            "unit": str(unit),
            "guard": guard,
        }
        async with self.ledger.transaction() as session:
            await session.execute(insert(Account).values(values))
        return UUID(str(values["id"]))

    async def _call(self, item: Item) -> str:
        try:
            async with self.ledger.transaction() as session:
                return "POSTED" if await self._operation(session, item) else "REPLAYED"
        except Refusal as refusal:
            return refusal.reason

    async def _operation(self, session: Any, item: Item) -> bool:
        first = {"id": item.id, "pending_id": item.first_id, "code": TransferCode.ORDER_HOLD}
        if item.kind == "reserve":
            expire_time = LONG_AGO if item.has_expired else None
            return await operations.reserve(
                session, posting=self._posting(item), expire_time=expire_time
            )
        if item.kind == "post_pending":
            amount = None if item.cents is None else yuan(item.cents)
            return await operations.post_pending(session, **first, amount=amount, unit=YUAN)
        if item.kind == "void":
            return await operations.void_pending(session, **first)
        if item.kind == "reverse":
            return await operations.reverse(session, id=item.id, reverses_id=item.first_id)
        return await operations.post(session, posting=self._posting(item))

    def _posting(self, item: Item) -> Posting:
        unit = Unit.parse(self.oracle.accounts[item.debit].unit)
        debit, credit = self.ids[item.debit], self.ids[item.credit]
        return self.ledger.posting(debit, credit, item.cents, transfer_id=item.id, unit=unit)

    async def _post_many(self, items: list[Item]) -> list[str]:
        async with self.ledger.transaction() as session:
            outcomes = await operations.post_many(
                session, postings=[self._posting(item) for item in items]
            )
        words = {True: "REPLAYED", False: "POSTED"}
        return [
            outcome.refusal.reason if outcome.refusal else words[outcome.is_replay]
            for outcome in outcomes
        ]

    async def _post_group(self, items: list[Item]) -> str:
        try:
            async with self.ledger.transaction() as session:
                await operations.post_group(
                    session, group_id=new_id(), postings=[self._posting(item) for item in items]
                )
        except Refusal as refusal:
            return refusal.reason
        return "POSTED"

    async def _close(self, name: str, *, closing: bool) -> None:
        change = operations.close_accounts if closing else operations.reopen_accounts
        async with self.ledger.transaction() as session:
            await change(session, tenant_id=self.ledger.tenant_id, ids=[self.ids[name]])

    async def _sweep(self) -> int:
        async with self.ledger.transaction() as session:
            return await operations.expire_pending(
                session, scope=self.ledger.principal.scope, at_most=100
            )


def vars_of(item: Item) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__slots__}


@pytest.fixture
def own_loop(ledger: TenantLedger) -> Iterator[None]:
    """Give the machine, which is not async, a loop and connections of its own."""
    url = ledger.database.engine.url.set(drivername="postgresql")
    with asyncio.Runner() as runner:
        LedgerMachine.runner = runner
        LedgerMachine.database = Database(url.render_as_string(hide_password=False), pool_size=1)
        yield
        runner.run(LedgerMachine.database.close())


@pytest.mark.usefixtures("own_loop")
def test_any_sequence_of_postings_gives_what_the_oracle_says() -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
