"""A figure is one line of JSON: both sides, their ratio, and whether it is as it must be."""

import json
from typing import Any

import pytest

from bench.parts.figures import Side, limit, report


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Read the one line that was printed."""
    [text] = capsys.readouterr().out.splitlines()
    read: dict[str, Any] = json.loads(text)
    return read


def test_the_ratio_is_that_of_the_median_round(capsys: pytest.CaptureFixture[str]) -> None:
    fast, slow = Side("fast", [10, 30, 20], "1/s"), Side("slow", [10, 10, 10], "1/s", {"note": 1})

    report("speed", fast, to=slow, at_least=2)

    assert line(capsys) == {
        "name": "speed",
        "sides": {
            "fast": {"median": 20, "unit": "1/s"},
            "slow": {"median": 10, "unit": "1/s", "note": 1},
        },
        "ratio": 2,
        "target": {"at_least": 2},
        "met": True,
        "rounds": 3,
        "spread": [1, 3],
    }


@pytest.mark.parametrize(
    ("bounds", "met"),
    [
        ({"at_least": 2.1}, "no"),
        ({"at_most": 1.9}, "no"),
        ({"at_most": 2}, "yes"),
        ({}, "of no target"),
    ],
)
def test_a_figure_is_met_within_its_target_and_says_nothing_without_one(
    bounds: dict[str, float], met: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report("speed", Side("fast", [20], "1/s"), to=Side("slow", [10], "1/s"), **bounds)

    said = line(capsys)
    assert {True: "yes", False: "no", None: "of no target"}[said["met"]] == met
    assert said["target"] == (bounds or None)


def test_a_limit_is_the_same_in_each_round(capsys: pytest.CaptureFixture[str]) -> None:
    report("time", Side("engine", [10, 40, 20], "ms"), to=limit(20, "ms"), at_most=1)

    said = line(capsys)
    assert said["sides"]["limit"] == {"median": 20, "unit": "ms"}
    assert (said["ratio"], said["spread"]) == (1, [0.5, 2])
