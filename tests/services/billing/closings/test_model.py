"""The order of the steps of a closing, and its fences, without a database."""

from datetime import UTC, datetime

import pytest

from partner.billing.v1 import closings_pb2
from services.billing.closings.model import Closing, ClosingOutOfOrder, ClosingState, FenceOutdated
from services.kit.ids import new_id

NOW = datetime(2026, 11, 28, tzinfo=UTC)
PARTNER = new_id()
CLOSED, RECLAIMED = ClosingState.CLOSED, ClosingState.VOUCHERS_RECLAIMED
RETURNED, REOPENED = ClosingState.BALANCES_RETURNED, ClosingState.REOPENED


def a_closing(state: ClosingState, *, fence: int = 5) -> Closing:
    return Closing(
        partner_id=PARTNER,
        fence=fence,
        state=state,
        reclaimed_voucher_count=3,
        transaction_id=new_id() if state is RETURNED else None,
        update_time=NOW,
    )


@pytest.mark.parametrize("state", list(ClosingState))
def test_a_higher_fence_begins_anew_from_every_state(state: ClosingState) -> None:
    closing, partner_id = a_closing(state), new_id()

    closing.begin(partner_id=partner_id, fence=6, now=NOW)

    assert (closing.state, closing.fence, closing.partner_id) == (CLOSED, 6, partner_id)
    assert (closing.reclaimed_voucher_count, closing.transaction_id) == (0, None)


@pytest.mark.parametrize("state", [CLOSED, RECLAIMED, RETURNED])
def test_the_same_attempt_goes_on_where_it_is(state: ClosingState) -> None:
    closing = a_closing(state)

    closing.begin(partner_id=PARTNER, fence=5, now=NOW)

    assert (closing.state, closing.reclaimed_voucher_count) == (state, 3)


def test_an_attempt_that_was_cancelled_does_not_begin_again() -> None:
    with pytest.raises(ClosingOutOfOrder) as refused:
        a_closing(REOPENED).begin(partner_id=PARTNER, fence=5, now=NOW)

    assert refused.value.metadata == {"state": "REOPENED"}


@pytest.mark.parametrize("state", list(ClosingState))
def test_a_lower_fence_is_outdated_whatever_it_asks(state: ClosingState) -> None:
    closing = a_closing(state)

    for ask in (
        lambda: closing.begin(partner_id=PARTNER, fence=4, now=NOW),
        lambda: closing.is_done(RECLAIMED, fence=4),
        lambda: closing.is_done(RETURNED, fence=4),
        lambda: closing.reopen(fence=4, now=NOW),
    ):
        with pytest.raises(FenceOutdated) as refused:
            ask()
        assert refused.value.metadata == {"fence": "5"}


@pytest.mark.parametrize(
    ("state", "step", "fence", "expected"),
    [
        (CLOSED, RECLAIMED, 5, False),
        (RECLAIMED, RECLAIMED, 5, True),
        (RECLAIMED, RETURNED, 5, False),
        (RETURNED, RECLAIMED, 5, True),
        (RETURNED, RETURNED, 5, True),
        (CLOSED, RETURNED, 5, None),
        (REOPENED, RECLAIMED, 5, None),
        (REOPENED, RETURNED, 5, None),
        (CLOSED, RECLAIMED, 6, None),
        (RETURNED, RETURNED, 6, None),
    ],
)
def test_steps_follow_each_other_and_can_be_repeated(
    state: ClosingState, step: ClosingState, fence: int, *, expected: bool | None
) -> None:
    closing = a_closing(state)

    if expected is None:
        with pytest.raises(ClosingOutOfOrder):
            closing.is_done(step, fence=fence)
    else:
        assert closing.is_done(step, fence=fence) is expected


@pytest.mark.parametrize(
    ("state", "fence", "is_reopened"),
    [
        (CLOSED, 5, True),
        (RECLAIMED, 5, True),
        (REOPENED, 5, True),
        (RETURNED, 6, True),
        (CLOSED, 6, True),
        (RETURNED, 5, False),
    ],
)
def test_there_is_no_way_back_under_the_fence_that_returned_the_balances(
    state: ClosingState, fence: int, *, is_reopened: bool
) -> None:
    closing = a_closing(state)

    if is_reopened:
        closing.reopen(fence=fence, now=NOW)
        assert (closing.state, closing.fence) == (REOPENED, fence)
    else:
        with pytest.raises(ClosingOutOfOrder):
            closing.reopen(fence=fence, now=NOW)


def test_states_are_those_of_the_contract() -> None:
    names = {
        name.removeprefix("CLOSING_STATE_")
        for name, number in closings_pb2.ClosingState.items()
        if number
    }

    assert {state.value for state in ClosingState} == names
