"""A figure: two sides measured in turn, the ratio between them, and whether it is as it must be."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from statistics import median
from typing import Any, Final

# What a figure is repeated, and how long each time. Fewer and shorter for a first look.
ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "3"))


@dataclass(frozen=True)
class Side:
    """What is measured, one value a round; `notes` stand beside its median."""

    name: str
    values: Sequence[float]
    unit: str
    notes: Mapping[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        return {"median": _rounded(median(self.values)), "unit": self.unit, **self.notes}


def limit(value: float, unit: str) -> Side:
    """Give the other side of a figure that is held against a number."""
    return Side("limit", [value], unit)


def report(
    name: str,
    side: Side,
    *,
    to: Side,
    at_least: float | None = None,
    at_most: float | None = None,
) -> None:
    """Print the figure: how many times the other side the first one is, by the median round."""
    # Rounds alternate, so that neighbours had the same machine; a limit is the same in each.
    longest = max(len(side.values), len(to.values))
    both = zip(range(longest), cycle(side.values), cycle(to.values), strict=False)
    ratios = [first / second for _, first, second in both]
    ratio = median(ratios)
    bounds = {"at_least": at_least, "at_most": at_most}
    target = {word: bound for word, bound in bounds.items() if bound is not None}
    met = ratio >= target.get("at_least", ratio) and ratio <= target.get("at_most", ratio)
    line = {
        "name": name,
        "sides": {each.name: each.shown() for each in (side, to)},
        "ratio": _rounded(ratio),
        # A figure without a target is there to be looked at.
        "target": target or None,
        "met": met if target else None,
        "rounds": longest,
        "spread": [_rounded(min(ratios)), _rounded(max(ratios))],
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)


def say(text: str) -> None:
    """Tell whoever waits how far it is; figures alone go to standard output."""
    print(text, file=sys.stderr, flush=True)


def _rounded(value: float) -> float:
    """Keep four digits: more would claim what no benchmark knows."""
    return float(f"{value:.4g}")
