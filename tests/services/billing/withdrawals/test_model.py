"""Windows, dates, names and numbers, without a database."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from partner.billing.v1 import withdrawals_pb2
from services.billing.top_ups.model import Channel, TopUp
from services.billing.withdrawals.expectations import expected_date, is_processed_on
from services.billing.withdrawals.model import (
    FlowExpired,
    WithdrawableExceeded,
    Withdrawal,
    WithdrawalFlowState,
    WithdrawalKind,
    WithdrawalState,
    WithdrawalStateConflict,
)
from services.billing.withdrawals.routes import MONTHS, ChannelWindows, choose, months_before
from services.billing.withdrawals.terms import digits_of, same_name
from services.kit.config import SettingsRefused
from services.kit.errors import InvalidArgument
from services.kit.ids import new_id
from services.kit.money import Money

NOW = datetime(2026, 11, 28, tzinfo=UTC)
ROUTE, CARD = WithdrawalKind.ORIGINAL_ROUTE, WithdrawalKind.BANK_CARD


def yuan(amount: str) -> Money:
    return Money(Decimal(amount), "CNY")


def a_top_up(channel: str, *, pay_time: datetime = NOW, amount: int = 1000) -> TopUp:
    return TopUp(
        id=new_id(),
        channel=channel,
        pay_time=pay_time,
        currency_code="CNY",
        amount=amount,
        designated_amount=0,
        returned_amount=0,
    )


@pytest.mark.parametrize(
    ("channel", "paid", "kind"),
    [
        (Channel.ALIPAY, datetime(2025, 12, 28, tzinfo=UTC), ROUTE),
        (Channel.ALIPAY, datetime(2025, 12, 27, 23, 59, tzinfo=UTC), CARD),
        (Channel.UNIONPAY, datetime(2026, 8, 28, tzinfo=UTC), ROUTE),
        (Channel.UNIONPAY, datetime(2026, 8, 27, tzinfo=UTC), CARD),
        (Channel.WALLET, datetime(2026, 5, 28, tzinfo=UTC), ROUTE),
        (Channel.BANK_TRANSFER, datetime(2016, 1, 1, tzinfo=UTC), ROUTE),
        (Channel.INTERNAL, NOW, None),
    ],
)
def test_a_top_up_goes_back_inside_its_window_and_to_a_bank_after_it(
    channel: str, paid: datetime, kind: str | None
) -> None:
    windows, top_up = ChannelWindows(MONTHS), a_top_up(channel, pay_time=paid)

    admitted = [one for one in (ROUTE, CARD) if windows.admit(top_up, one, now=NOW)]

    assert admitted == ([] if kind is None else [kind])


def test_windows_are_read_from_a_setting() -> None:
    windows = ChannelWindows.from_text("ALIPAY=3  WALLET=0")

    assert windows.months == {**MONTHS, Channel.ALIPAY: 3, Channel.WALLET: 0}
    assert ChannelWindows.from_text("").months == MONTHS


@pytest.mark.parametrize("text", ["ALIPAY", "ALIPAY=x", "BANK_TRANSFER=1", "=3", "ALIPAY=-1"])
def test_a_setting_that_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(SettingsRefused, match="BILLING_CHANNEL_WINDOWS"):
        ChannelWindows.from_text(text)


def test_months_are_those_of_the_calendar() -> None:
    assert months_before(datetime(2026, 3, 31, tzinfo=UTC), 1) == datetime(2026, 2, 28, tzinfo=UTC)
    assert months_before(datetime(2026, 1, 15, tzinfo=UTC), 13) == datetime(
        2024, 12, 15, tzinfo=UTC
    )


def test_choose_takes_no_more_than_is_needed() -> None:
    first, second, third = (a_top_up(Channel.ALIPAY) for _ in range(3))

    parts = choose([first, second, third], amount=yuan("15"), ids_in_order=[])

    assert [(part.top_up, part.amount) for part in parts] == [
        (first, yuan("10")),
        (second, yuan("5")),
    ]


def test_choose_makes_a_withdrawal_of_fifty_parts_at_most() -> None:
    many = [a_top_up(Channel.ALIPAY, amount=100) for _ in range(60)]

    with pytest.raises(WithdrawableExceeded) as refusal:
        choose(many, amount=yuan("51"), ids_in_order=[])

    assert refusal.value.metadata == {"available": "50", "required": "51"}


def test_choose_refuses_what_is_not_among_the_fitting() -> None:
    with pytest.raises(FlowExpired):
        choose([a_top_up(Channel.ALIPAY)], amount=yuan("1"), ids_in_order=[new_id()])


@pytest.mark.parametrize(
    ("applied", "kind", "channels", "expected"),
    [
        # A Monday in the middle of a month.
        (date(2026, 11, 9), ROUTE, {"ALIPAY"}, date(2026, 11, 10)),
        (date(2026, 11, 9), ROUTE, {"ALIPAY", "BANK_TRANSFER"}, date(2026, 11, 18)),
        (date(2026, 11, 9), CARD, {"ALIPAY"}, date(2026, 11, 16)),
        # A Friday: the weekend does not count.
        (date(2026, 11, 13), ROUTE, {"WECHAT"}, date(2026, 11, 16)),
        # The last three working days of November are the 26th, 27th and 30th.
        (date(2026, 11, 25), ROUTE, {"WECHAT"}, date(2026, 12, 1)),
        (date(2026, 11, 25), WithdrawalKind.INCENTIVE_REBATE, set(), date(2026, 12, 7)),
    ],
)
def test_money_is_expected_on_a_working_day_after_the_month_has_closed(
    applied: date, kind: str, channels: set[str | None], expected: date
) -> None:
    assert expected_date(applied, kind=kind, channels=channels) == expected


def test_a_month_closes_in_its_last_three_working_days() -> None:
    days = [date(2026, 11, day) for day in range(23, 31)]

    assert [day.day for day in days if is_processed_on(day)] == [23, 24, 25]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Orchid Cloud Ltd", "ORCHID  Cloud ltd", True),
        ("华南云科技\uff08广州\uff09", "华南云科技(广州)", True),
        ("Orchid", "Orchard", False),
    ],
)
def test_names_are_compared_without_blanks_widths_and_capitals(
    one: str,
    other: str,
    same: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert same_name(one, other) == same


@pytest.mark.parametrize("number", ["", "1234567", "1" * 31, "6222x21234567890", "\uff16" * 10])
def test_what_is_no_number_of_a_bank_account_is_refused_without_being_repeated(
    number: str,
) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        digits_of(number)

    assert not number or number not in str(refusal.value)
    assert refusal.value.field == "bank.account_number"


def test_blanks_and_hyphens_are_left_out_of_a_number() -> None:
    assert digits_of("6222 0212-3456 7890") == "6222021234567890"


@pytest.mark.parametrize(
    ("paid", "state"),
    [
        (0, WithdrawalState.FAILED),
        (1, WithdrawalState.PARTIALLY_COMPLETED),
        (100, WithdrawalState.COMPLETED),
    ],
)
def test_a_withdrawal_ends_with_what_was_paid_of_it(paid: int, state: str) -> None:
    withdrawal = Withdrawal(state=WithdrawalState.PAYING, amount=100, paid_amount=paid)

    withdrawal.finish(now=NOW)

    assert (withdrawal.state, withdrawal.finish_time) == (state, NOW)


@pytest.mark.parametrize("state", set(WithdrawalState) - {WithdrawalState.SUBMITTED})
def test_only_a_submitted_withdrawal_comes_under_review(state: WithdrawalState) -> None:
    withdrawal = Withdrawal(state=state)

    with pytest.raises(WithdrawalStateConflict):
        withdrawal.move(WithdrawalState.UNDER_REVIEW, out_of=(WithdrawalState.SUBMITTED,))


@pytest.mark.parametrize(
    ("ours", "contract", "prefix"),
    [
        (WithdrawalKind, withdrawals_pb2.WithdrawalKind, "WITHDRAWAL_KIND_"),
        (WithdrawalState, withdrawals_pb2.WithdrawalState, "WITHDRAWAL_STATE_"),
        (WithdrawalFlowState, withdrawals_pb2.WithdrawalFlowState, "WITHDRAWAL_FLOW_STATE_"),
    ],
)
def test_our_words_are_the_contracts(ours: type, contract: object, prefix: str) -> None:
    names = {name.removeprefix(prefix) for name in contract.keys()}  # type: ignore[attr-defined] # noqa: SIM118

    assert {one.value for one in ours} == names - {"UNSPECIFIED"}  # type: ignore[attr-defined]
