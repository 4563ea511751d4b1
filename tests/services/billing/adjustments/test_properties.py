"""Whatever is allocated and reclaimed: nothing is lost, and a reclaim undoes an allocation."""

from datetime import date
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner.billing.v1 import adjustments_pb2
from services.kit.ids import new_id
from tests.builders.adjustments import (
    CASH,
    CREDIT,
    Funds,
    a_batch,
    a_reclaim,
    an_allocation,
    put_cash,
    put_credit,
    to,
    uuid_of,
)
from tests.builders.billing import some_customers
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService

DAYS = (date(2097, 6, 30), date(2098, 1, 31), None)
KINDS = st.sampled_from([CASH, CREDIT])
# Few values, so that accounts are often emptied to the last and asked for one too many.
YUAN = st.sampled_from([1, 10, 25, 40])
NAMES = ("customer", "reseller", "reseller's customer")
STEPS = st.tuples(st.sampled_from(["give", "take", "give to all"]), st.integers(0, 2), KINDS, YUAN)
EXAMPLES = settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Oracle:
    """What everybody has, in plain numbers: of each kind, by the lots in order of expiry."""

    def __init__(self) -> None:
        self.cash = {"distributor": 100, **dict.fromkeys(NAMES, 0)}
        self.lots = {"distributor": [20, 30, 50], **{name: [0, 0, 0] for name in NAMES}}

    def move(self, giver: str, taker: str, kind: int, yuan: int) -> bool:
        if kind == CASH:
            if self.cash[giver] < yuan:
                return False
            self.cash[giver] -= yuan
            self.cash[taker] += yuan
            return True
        own, others = self.lots[giver], self.lots[taker]
        if sum(own) < yuan:
            return False
        enough = [index for index, left in enumerate(own) if left >= yuan]
        for index in enough[:1] or range(len(own)):
            part = min(own[index], yuan)
            own[index], others[index], yuan = own[index] - part, others[index] + part, yuan - part
        return True

    def move_to_all(self, kind: int, yuan: int) -> bool:
        """Give each target the same, or nobody anything where any giver is short."""
        before = (dict(self.cash), {name: list(lots) for name, lots in self.lots.items()})
        # The reseller pays for its customer out of what it has before the batch.
        for name, giver, count in (
            ("reseller's customer", "reseller", 1),
            ("customer", "distributor", 2),
            ("reseller", "distributor", 2),
        ):
            has = before[0][giver] if kind == CASH else sum(before[1][giver])
            if has < yuan * count:
                self.cash, self.lots = before
                return False
            self.move(giver, name, kind, yuan)
        return True


GIVERS = {"customer": "distributor", "reseller": "distributor", "reseller's customer": "reseller"}


async def a_distributor(billing: RunningService) -> tuple[UUID, dict[str, UUID], dict[str, Any]]:
    """Make a distributor with cash, three lots, a customer and a reseller with one; name them."""
    tenant, reseller = a_tenant(), new_id()
    (customer,) = await some_customers(billing, tenant, 1)
    (theirs,) = await some_customers(billing, tenant, 1, partner_id=reseller)
    await put_cash(billing, tenant, "100 CNY")
    for amount, day in zip(("20 CNY", "30 CNY", "50 CNY"), DAYS, strict=True):
        await put_credit(billing, tenant, amount, expire_date=day)
    holders = dict(zip(NAMES, (uuid_of(customer), reseller, uuid_of(theirs)), strict=True))
    targets = (to(customer), to(reseller_id=reseller), to(theirs, reseller_id=reseller))
    return tenant, {"distributor": tenant, **holders}, dict(zip(NAMES, targets, strict=True))


async def held(funds: Funds, holders: dict[str, UUID]) -> tuple[dict[str, int], dict[str, Any]]:
    """Give what everybody has as the oracle says it."""
    cash = {name: int(await funds.cash(holder)) for name, holder in holders.items()}
    lots = {}
    for name, holder in holders.items():
        found = await funds.lots(holder)
        lots[name] = [int(found.get(str(day or "never"), "0")) for day in DAYS]
    return cash, lots


@given(steps=st.lists(STEPS, min_size=1, max_size=10))
@EXAMPLES
async def test_any_sequence_of_adjustments_leaves_what_the_oracle_says(
    billing: RunningService, steps: list[tuple[str, int, Any, int]]
) -> None:
    tenant, holders, targets = await a_distributor(billing)
    oracle, principal = Oracle(), an_administrator(tenant)

    for verb, number, kind, yuan in steps:
        name, amount = NAMES[number], f"{yuan} CNY"
        request: Any
        if verb == "give":
            request = an_allocation(targets[name], amount, kind=kind)
            expected = oracle.move(GIVERS[name], name, kind, yuan)
        elif verb == "take":
            request = a_reclaim(targets[name], amount, kind=kind)
            expected = oracle.move(name, GIVERS[name], kind, yuan)
        else:
            request = a_batch([targets[one] for one in NAMES], amount, kind=kind)
            expected = oracle.move_to_all(kind, yuan)
        answer = await billing.answer(request, principal=principal)
        reason = "" if answer.refusal is None else answer.refusal.reason
        assert reason == ("" if expected else "INSUFFICIENT_BALANCE")

    funds = Funds(billing, tenant)
    assert await held(funds, holders) == (oracle.cash, oracle.lots)
    assert await funds.violations() == {}


@given(name=st.sampled_from(["customer", "reseller"]), kind=KINDS, yuan=st.integers(1, 100))
@EXAMPLES
async def test_a_reclaim_of_what_was_allocated_restores_both_balances(
    billing: RunningService, name: str, kind: adjustments_pb2.AdjustmentKind, yuan: int
) -> None:
    tenant, holders, targets = await a_distributor(billing)
    funds, principal = Funds(billing, tenant), an_administrator(tenant)
    before = await held(funds, holders)

    await billing.call(an_allocation(targets[name], f"{yuan} CNY", kind=kind), principal=principal)
    between = await held(funds, holders)
    await billing.call(a_reclaim(targets[name], f"{yuan} CNY", kind=kind), principal=principal)

    assert between != before
    assert await held(funds, holders) == before
    assert await funds.violations() == {}
