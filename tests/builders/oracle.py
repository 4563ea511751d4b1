"""What a ledger should answer, said in the plainest way: one dictionary, one item at a time."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from services.billing.ledger.chart import Guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    kind: str
    id: UUID
    debit: str = ""
    credit: str = ""
    cents: int | None = None
    first_id: UUID | None = None
    has_expired: bool = False


@dataclass(slots=True)
class OracleAccount:
    unit: str
    guard: Guard
    counters: tuple[int, int, int, int] = (0, 0, 0, 0)
    is_closing: bool = False

    def room(self, *, as_debit: bool) -> float:
        """Say how much may still go out of it, or into it."""
        debits, credits_, debits_held, credits_held = self.counters
        if as_debit and self.guard is Guard.DEBITS:
            return credits_ - debits - debits_held
        if not as_debit and self.guard is Guard.CREDITS:
            return debits - credits_ - credits_held
        return float("inf")

    def move(self, *, debits: int = 0, credits_: int = 0, debits_held: int = 0,
             credits_held: int = 0) -> None:  # fmt: skip
        before = self.counters
        self.counters = (
            before[0] + debits,
            before[1] + credits_,
            before[2] + debits_held,
            before[3] + credits_held,
        )


@dataclass
class Oracle:
    accounts: dict[str, OracleAccount] = field(default_factory=dict)
    done: dict[UUID, Item] = field(default_factory=dict)
    # Which transfer resolved or reversed which.
    followed: dict[UUID, str] = field(default_factory=dict)

    def open(self, name: str, *, unit: str, guard: Guard) -> None:
        self.accounts[name] = OracleAccount(unit, guard)

    def do(self, item: Item) -> str:
        """Do an item if it may be done, and say what became of it."""
        known = self.done.get(item.id)
        if known is not None:
            return "REPLAYED" if _is_same(known, item) else "TRANSFER_ID_REUSED"
        if item.kind in ("post_pending", "void", "reverse"):
            return self._follow(item)
        refusal = self._refusal(item)
        if refusal is None:
            self._move(item)
            self.done[item.id] = item
        return refusal or "POSTED"

    def do_group(self, items: list[Item]) -> str:
        """Try all on a copy of everything, and keep the copy only if all are done."""
        tried = Oracle(
            {name: replace(account) for name, account in self.accounts.items()},
            dict(self.done),
            dict(self.followed),
        )
        outcomes = [tried.do(item) for item in items]
        refused = [outcome for outcome in outcomes if outcome != "POSTED"]
        if refused:
            return refused[0]
        self.accounts, self.done, self.followed = tried.accounts, tried.done, tried.followed
        return "POSTED"

    def sweep(self) -> int:
        due = [
            item
            for item in self.done.values()
            if item.kind == "reserve" and item.has_expired and item.id not in self.followed
        ]
        for item in due:
            self._release(item)
            self.followed[item.id] = "EXPIRED"
        return len(due)

    def _refusal(self, item: Item) -> str | None:
        debit, credit = self.accounts[item.debit], self.accounts[item.credit]
        if debit.unit != credit.unit:
            return "UNIT_MISMATCH"
        if credit.is_closing or (item.kind == "reserve" and debit.is_closing):
            return "ACCOUNT_CLOSING"
        assert item.cents is not None
        if min(debit.room(as_debit=True), credit.room(as_debit=False)) < item.cents:
            return "INSUFFICIENT_BALANCE"
        return None

    def _follow(self, item: Item) -> str:
        assert item.first_id is not None
        first = self.done.get(item.first_id)
        fits = {"post_pending": ("reserve",), "void": ("reserve",),
                "reverse": ("post", "reverse", "post_pending")}  # fmt: skip
        if first is None or first.kind not in fits[item.kind]:
            return "NOT_FOUND"
        if first.id in self.followed or first.has_expired:
            return "TRANSFER_RESOLVED"
        done = replace(item, debit=first.debit, credit=first.credit, cents=first.cents)
        assert first.cents is not None
        if item.kind == "void":
            self._release(first)
        elif item.kind == "reverse":
            done = replace(done, debit=first.credit, credit=first.debit)
            if refusal := self._refusal(done):
                return refusal
            self._move(done)
        else:
            if item.cents is not None and item.cents > first.cents:
                return "INSUFFICIENT_BALANCE"
            if refusal := self._refusal_to_post(first):
                return refusal
            self._release(first)
            done = replace(done, cents=item.cents or first.cents)
            self._move(done)
        self.done[item.id] = done
        self.followed[first.id] = item.kind
        return "POSTED"

    def _refusal_to_post(self, first: Item) -> str | None:
        debit, credit = self.accounts[first.debit], self.accounts[first.credit]
        assert debit.unit == credit.unit
        return "ACCOUNT_CLOSING" if credit.is_closing else None

    def _move(self, item: Item) -> None:
        cents = item.cents or 0
        if item.kind == "reserve":
            self.accounts[item.debit].move(debits_held=cents)
            self.accounts[item.credit].move(credits_held=cents)
        else:
            self.accounts[item.debit].move(debits=cents)
            self.accounts[item.credit].move(credits_=cents)

    def _release(self, item: Item) -> None:
        cents = item.cents or 0
        self.accounts[item.debit].move(debits_held=-cents)
        self.accounts[item.credit].move(credits_held=-cents)


def _is_same(known: Item, item: Item) -> bool:
    """Tell whether an item asks for what is done; what it leaves open fits anything."""
    return (
        known.kind == item.kind
        and known.first_id == item.first_id
        and known.has_expired == item.has_expired
        and item.debit in ("", known.debit)
        and item.credit in ("", known.credit)
        and item.cents in (None, known.cents)
    )
