"""Contracts and their terms, without a database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from services.billing.contracts.model import (
    Contract,
    ContractKind,
    ContractState,
    ContractStateConflict,
    ContractTerms,
    DateOutOfRange,
    Installment,
    PaymentPlanMismatch,
    earliest_payment_date,
    number_of,
    refuse_odd_text,
)
from services.kit.errors import InvalidArgument, Refusal
from services.kit.money import Money

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def cny(text: str) -> Money:
    return Money(Decimal(text), "CNY")


def terms(
    *plan: tuple[date, str], amount: str = "100", promised: date = date(2027, 3, 1)
) -> ContractTerms:
    return ContractTerms(
        name="云服务采购",
        amount=cny(amount),
        promised_payment_date=promised,
        payment_plan=[Installment(day, cny(part)) for day, part in plan],
    )


def refusal_of(given: ContractTerms) -> Refusal:
    with pytest.raises(Refusal) as caught:
        given.check(now=NOW)
    return caught.value


def an_offline_contract(**others: datetime | None) -> Contract:
    values: dict[str, datetime | None] = {"effective_time": NOW, "expire_time": NOW + DAY}
    return Contract(kind=ContractKind.OFFLINE, **values | others)


def test_what_was_promised_a_year_ago_is_accepted_and_a_day_earlier_is_not() -> None:
    terms(promised=date(2025, 11, 28)).check(now=NOW)

    refusal = refusal_of(terms(promised=date(2025, 11, 27)))

    assert isinstance(refusal, DateOutOfRange)
    assert refusal.field == "terms.promised_payment_date"
    assert refusal.metadata == {"earliest": "2025-11-28"}


@pytest.mark.parametrize(
    ("now", "earliest"),
    [
        (datetime(2026, 11, 28, 15, 59, 59, tzinfo=UTC), date(2025, 11, 28)),
        # At the site it is tomorrow.
        (datetime(2026, 11, 28, 16, tzinfo=UTC), date(2025, 11, 29)),
        (datetime(2028, 2, 29, tzinfo=UTC), date(2027, 2, 28)),
    ],
)
def test_a_year_ago_is_a_day_of_the_site_s_calendar(now: datetime, earliest: date) -> None:
    assert earliest_payment_date(now) == earliest


def test_a_plan_whose_installments_are_the_amount_is_accepted() -> None:
    terms((date(2026, 12, 1), "33.33"), (date(2027, 3, 1), "66.67")).check(now=NOW)


@pytest.mark.parametrize("part", ["66.66", "66.68"])
def test_a_plan_that_is_a_cent_off_is_refused(part: str) -> None:
    refusal = refusal_of(terms((date(2026, 12, 1), "33.33"), (date(2027, 3, 1), part)))

    assert isinstance(refusal, PaymentPlanMismatch)
    assert refusal.metadata == {"amount": "100", "planned": str(Decimal("33.33") + Decimal(part))}


@pytest.mark.parametrize("day", [date(2025, 11, 27), date(2027, 3, 2)])
def test_an_installment_long_ago_or_behind_the_promised_date_is_refused(day: date) -> None:
    refusal = refusal_of(terms((day, "100")))

    assert isinstance(refusal, DateOutOfRange)
    assert refusal.field == "terms.payment_plan[0].due_date"
    assert refusal.metadata == {"earliest": "2025-11-28", "latest": "2027-03-01"}


def test_installments_come_one_after_another() -> None:
    day = date(2026, 12, 1)

    refusal = refusal_of(terms((day, "50"), (day, "50")))

    assert isinstance(refusal, InvalidArgument)
    assert refusal.field == "terms.payment_plan[1].due_date"


def test_a_plan_has_at_most_sixty_installments_of_the_amount_s_currency() -> None:
    days = [date(2026, 12, 1) + DAY * count for count in range(61)]

    many = refusal_of(terms(*((day, "1") for day in days), amount="61"))
    dollars = refusal_of(
        ContractTerms(
            name="x",
            amount=cny("1"),
            promised_payment_date=days[0],
            payment_plan=[Installment(days[0], Money(Decimal(1), "USD"))],
        )
    )

    terms(*((day, "1") for day in days[:60]), amount="60").check(now=NOW)
    assert many.field == "terms.payment_plan"
    assert dollars.field == "terms.payment_plan[0].amount.currency_code"


@pytest.mark.parametrize("amount", ["0", "-1", "1.001"])
def test_an_odd_amount_is_refused(amount: str) -> None:
    assert refusal_of(terms(amount=amount)).field == "terms.amount.amount"


@pytest.mark.parametrize("text", ["", "x" * 11, " a", "a\n", "a\tb", "\u202ea", "\u200b"])
def test_a_text_is_one_line_that_can_be_printed(text: str) -> None:
    with pytest.raises(InvalidArgument):
        refuse_odd_text(text, field="name", at_most=10)


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (NOW - DAY, ContractState.DRAFT),
        (NOW, ContractState.EFFECTIVE),
        (NOW + DAY, ContractState.EXPIRED),
    ],
)
def test_a_contract_on_paper_holds_by_the_clock(at: datetime, state: ContractState) -> None:
    assert an_offline_contract().current_state(at) == state


def test_a_contract_on_paper_may_hold_for_ever() -> None:
    contract = an_offline_contract(expire_time=None)

    assert contract.current_state(NOW + DAY * 100_000) == ContractState.EFFECTIVE


@pytest.mark.parametrize("at", [NOW - DAY, NOW])
def test_a_contract_on_paper_ends_before_its_time_once(at: datetime) -> None:
    contract = an_offline_contract()

    contract.terminate(reason="moved away", now=at)

    assert (contract.end_time, contract.end_reason) == (at, "moved away")
    assert contract.current_state(NOW + DAY) == ContractState.TERMINATED
    with pytest.raises(ContractStateConflict) as caught:
        contract.terminate(reason="again", now=NOW)
    assert caught.value.metadata == {"state": "TERMINATED"}


def test_what_has_expired_is_not_terminated() -> None:
    with pytest.raises(ContractStateConflict) as caught:
        an_offline_contract().terminate(reason="late", now=NOW + DAY)

    assert caught.value.metadata == {"state": "EXPIRED"}


def test_only_what_was_generated_is_voided() -> None:
    online = Contract(kind=ContractKind.ONLINE)

    online.void(reason="paid otherwise", now=NOW)

    assert online.current_state(NOW) == ContractState.VOIDED
    for contract in (online, an_offline_contract()):
        with pytest.raises(ContractStateConflict):
            contract.void(reason="again", now=NOW)
    with pytest.raises(ContractStateConflict):
        Contract(kind=ContractKind.ONLINE).terminate(reason="no paper", now=NOW)


def test_a_number_has_its_day_at_the_site_and_the_end_of_its_id() -> None:
    contract_id = UUID("019aca11-0000-7000-8000-00ffffffffff")

    number = number_of(contract_id, now=datetime(2026, 11, 28, 16, tzinfo=UTC))

    assert number == "PA-20261129-ZZZZZZZZ"
