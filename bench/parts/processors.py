"""What two busy processes do against one: floors for two cores are read beside it.

Two processors of a virtual machine may be threads of one core, which is far from two cores.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from bench.parts.figures import Side, report

SECONDS: Final = 1.0
TURNS: Final = 10_000


def report_processors(rounds: int) -> None:
    """Print the figure `machine.two_processes_to_one`: 2 on two cores that nobody else uses."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    with ProcessPoolExecutor(max(rates)) as pool:
        for _ in range(rounds):
            for processes, each in rates.items():
                each.append(sum(pool.map(_spin, [SECONDS] * processes)))
    one, two = (Side(f"busy processes: {n}", each, "turns/s") for n, each in rates.items())
    report("machine.two_processes_to_one", two, to=one)


def _spin(seconds: float) -> float:
    """Turn for so long; give turns per second."""
    began = time.perf_counter()
    turns = 0
    while (spent := time.perf_counter() - began) < seconds:
        for _ in range(TURNS):
            turns += 1
    return turns / spent
