"""Units, ids and refusals of the ledger, without a database."""

from datetime import date
from decimal import Decimal

import pytest

from services.billing.ledger.chart import AccountKind, Guard, TransferCode, Unit
from services.billing.ledger.model import Posting, refusal_of, transfer_id
from services.kit.ids import new_id
from services.kit.money import Money


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        (Unit.cash("CNY"), "CNY/2"),
        (Unit.cash("JPY"), "JPY/0"),
        (Unit.cash("KWD"), "KWD/3"),
        (Unit.credit("CNY", expire_date=date(2027, 6, 30)), "CREDIT:2027-06-30:CNY/2"),
        (Unit.credit("JPY", expire_date=None), "CREDIT:NEVER:JPY/0"),
        (Unit("USD", 2, "VQ:quo_1"), "VQ:quo_1:USD/2"),
    ],
)
def test_units_are_written_and_read(unit: Unit, text: str) -> None:
    assert str(unit) == text
    assert Unit.parse(text) == unit


def test_only_the_unit_of_a_lot_of_credit_says_when_it_expires() -> None:
    units = [
        Unit.credit("CNY", expire_date=date(2027, 6, 30)),
        Unit.credit("CNY", expire_date=None),
        Unit.cash("CNY"),
        Unit("CNY", 2, "VQ:quo_1"),
    ]

    assert [unit.expire_date for unit in units] == [date(2027, 6, 30), None, None, None]


def test_a_unit_counts_whole_smallest_units_of_its_own_currency() -> None:
    yuan = Unit.cash("CNY")

    assert yuan.count(Money(Decimal("12.30"), "CNY")) == 1230
    assert yuan.money(1230) == Money(Decimal("12.30"), "CNY")
    with pytest.raises(ValueError, match="can not be counted"):
        yuan.count(Money(Decimal(1), "USD"))
    with pytest.raises(ArithmeticError):
        yuan.count(Money(Decimal("0.001"), "CNY"))


def test_what_somebody_holds_is_guarded_and_the_outside_is_not() -> None:
    unguarded = {kind for kind in AccountKind if kind.guard is Guard.NONE}

    assert AccountKind.VOUCHER.guard is Guard.DEBITS
    assert AccountKind.PARTNER_CASH.guard is Guard.DEBITS
    assert {AccountKind.CASH_CLEARING, AccountKind.VQ_GRANTED, AccountKind.REVENUE} <= unguarded


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_a_posting_moves_an_amount_above_zero(amount: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        a_posting(amount=Money(Decimal(amount), "CNY"))


def test_a_posting_needs_two_accounts() -> None:
    account = new_id()

    with pytest.raises(ValueError, match="two accounts"):
        a_posting(debit_account_id=account, credit_account_id=account)


def test_transfer_ids_are_the_same_for_the_same_request_alone() -> None:
    tenant = new_id()
    said = {"method": "IssueVouchers", "request_id": "r", "leg": 1}

    assert transfer_id(tenant, **said) == transfer_id(tenant, **said)  # type: ignore[arg-type]
    different = {
        transfer_id(tenant, **said | changed)  # type: ignore[arg-type]
        for changed in ({}, {"method": "Other"}, {"request_id": "s"}, {"leg": 2})
    } | {transfer_id(new_id(), **said)}  # type: ignore[arg-type]
    assert len(different) == 5


def test_a_word_that_is_no_refusal_is_a_defect() -> None:
    with pytest.raises(AssertionError, match="the ledger says"):
        refusal_of("MAYBE", {})


def a_posting(**said: object) -> Posting:
    defaults: dict[str, object] = {
        "id": new_id(),
        "code": TransferCode.ALLOCATE,
        "debit_account_id": new_id(),
        "credit_account_id": new_id(),
        "amount": Money(Decimal(1), "CNY"),
        "unit": Unit.cash("CNY"),
    }
    return Posting(**defaults | said)  # type: ignore[arg-type]
