"""The bucket of cost points: spent, refunded, filled again."""

import pytest

from gateway.http import budget
from gateway.http.budget import Budget
from gateway.http.errors import Refused


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def available(points: Budget, *, of: str) -> object:
    bucket = points.spend(0, of=of)
    status = points.settle(bucket, requested=0, actual=0)["throttleStatus"]
    assert isinstance(status, dict)
    return status["currentlyAvailable"]


def test_a_spent_budget_refuses_and_says_when() -> None:
    points = Budget(per_minute=600, clock=Clock())
    points.spend(500, of="ada")

    with pytest.raises(Refused) as refused:
        points.spend(300, of="ada")

    assert refused.value.code == "THROTTLED"
    assert refused.value.headers["Retry-After"] == "21"
    assert available(points, of="ada") == 100


def test_a_budget_fills_again_up_to_its_maximum() -> None:
    clock = Clock()
    points = Budget(per_minute=600, clock=clock)
    points.spend(600, of="ada")

    clock.now = 10
    after_ten_seconds = available(points, of="ada")
    clock.now = 1_000
    after_long = available(points, of="ada")

    assert (after_ten_seconds, after_long) == (100, 600)


def test_a_refund_never_overfills() -> None:
    points = Budget(per_minute=600, clock=Clock())
    bucket = points.spend(100, of="ada")

    points.settle(bucket, requested=60, actual=0)
    after_part = available(points, of="ada")
    points.settle(bucket, requested=600, actual=0)

    assert (after_part, available(points, of="ada")) == (560, 600)


def test_principals_do_not_share() -> None:
    points = Budget(per_minute=600, clock=Clock())
    points.spend(600, of="ada")

    assert available(points, of="bob") == 600


def test_principals_not_seen_for_longest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "PRINCIPALS_MAX", 2)
    points = Budget(per_minute=600, clock=Clock())

    for name in ("ada", "bob", "ada", "cyd"):
        points.spend(100, of=name)

    assert [available(points, of=name) for name in ("ada", "bob")] == [400, 600]
