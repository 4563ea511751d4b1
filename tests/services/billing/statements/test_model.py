"""The ledger's codes in a partner's words, and how far back a statement goes."""

from datetime import date

import pytest

from services.billing.ledger.chart import TradeDetail, TransferCode
from services.billing.statements.messages import TRADE_DETAILS, TRADE_TYPES
from services.billing.statements.model import codes_of, first_day, trade_detail, trade_type
from services.kit.errors import InvalidArgument

TODAY = date(2026, 11, 28)
# They move vouchers, rebates and debts, which no fund account holds.
ELSEWHERE = {code for code in TransferCode if code.name.startswith(("VQ_", "VOUCHER_"))} | {
    TransferCode.CONSUME_DEBT,
    TransferCode.CONSUME_VOUCHER,
    TransferCode.REBATE_ACCRUE,
    TransferCode.REBATE_FREEZE,
    TransferCode.REBATE_RELEASE,
}


def test_every_code_that_moves_money_has_a_type_and_a_detail_in_the_contract() -> None:
    without = {code for code in TransferCode if trade_type(code) is None}

    assert without == ELSEWHERE
    for code in set(TransferCode) - ELSEWHERE:
        assert TRADE_TYPES.number(trade_type(code))
        assert TRADE_DETAILS.number(trade_detail(code, None))


def test_every_detail_of_the_ledger_is_in_the_contract() -> None:
    for detail in TradeDetail:
        assert TRADE_DETAILS.number(trade_detail(TransferCode.CONSUME_CASH, detail))


def test_types_are_found_again_by_their_codes() -> None:
    assert codes_of(["ALLOCATE", "EXPIRE"]) == [TransferCode.CREDIT_EXPIRE, TransferCode.ALLOCATE]
    assert TransferCode.REBATE_TO_CASH in codes_of(["TOP_UP"])


@pytest.mark.parametrize(
    ("given", "first"),
    [
        (None, date(2025, 11, 1)),
        (date(2025, 5, 1), date(2025, 5, 1)),
        (date(2026, 11, 28), date(2026, 11, 28)),
    ],
)
def test_a_statement_begins_a_year_ago_or_where_it_is_asked_to(
    given: date | None, first: date
) -> None:
    assert first_day(given, today=TODAY) == first


def test_nobody_looks_back_more_than_eighteen_months() -> None:
    with pytest.raises(InvalidArgument, match="2025-05-01"):
        first_day(date(2025, 4, 30), today=TODAY)
