"""Rounds in which sides are loaded in turn, and what the processors did meanwhile."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any, Final, Self

import orjson

from bench.parts.figures import ROUNDS, SECONDS, Side, say
from bench.parts.load import NextRequest, Round, load
from bench.parts.processes import cpu_seconds

# Gives the seconds of a processor that a process has used so far.
Meter = Callable[[], float]

WARM_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Contender:
    """A server, and what it is asked; every answer is about as long as the first."""

    address: str
    pid: int
    next_request: NextRequest
    length: int

    @classmethod
    def repeating(cls, request: bytes, *, address: str, pid: int, answer: object) -> Self:
        """Ask the same again and again; `answer` is what it was answered with."""
        return cls(address, pid, lambda: request, len(orjson.dumps(answer)))


@dataclass
class Measured:
    """The rounds of one side, and the share of a processor that each process took in them."""

    rounds: list[Round] = field(default_factory=list)
    shares: list[Mapping[str, float]] = field(default_factory=list)

    def per_second(self, name: str) -> Side:
        return Side(name, [each.per_second for each in self.rounds], "requests/s", self._notes())

    def milliseconds(self, name: str, percent: float) -> Side:
        values = [each.milliseconds(percent) for each in self.rounds]
        return Side(name, values, "ms")

    def _notes(self) -> dict[str, Any]:
        shares = {
            name: round(median(each[name] for each in self.shares), 2) for name in self.shares[0]
        }
        used = [
            share["server"] / each.per_second * 1_000
            for share, each in zip(self.shares, self.rounds, strict=True)
        ]
        wrong = sum(each.wrong for each in self.rounds)
        return {
            "p50_ms": round(median(each.milliseconds(50) for each in self.rounds), 2),
            "p99_ms": round(median(each.milliseconds(99) for each in self.rounds), 2),
            "cpu_ms_per_request": round(median(used), 3),
            "cpu_shares": shares,
            **({"wrong_answers": wrong} if wrong else {}),
        }


async def contest(
    contenders: Mapping[str, Contender],
    *,
    clients: int,
    others: Mapping[str, Meter],
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
) -> dict[str, Measured]:
    """Load each in turn, round by round, so that all see the same machine."""
    measured = {name: Measured() for name in contenders}
    for contender in contenders.values():
        await _load(contender, clients=clients, seconds=WARM_SECONDS)
    for number in range(rounds):
        for name, contender in contenders.items():
            watched: dict[str, Meter] = {"server": partial(cpu_seconds, contender.pid), **others}
            before = {each: meter() for each, meter in watched.items()}
            done = await _load(contender, clients=clients, seconds=seconds)
            measured[name].rounds.append(done)
            measured[name].shares.append(
                {each: (meter() - before[each]) / done.seconds for each, meter in watched.items()}
            )
            say(f"  round {number + 1}, {name}: {done.per_second:.1f} requests/s")
    return measured


async def _load(contender: Contender, *, clients: int, seconds: float) -> Round:
    return await load(
        contender.address,
        contender.next_request,
        clients=clients,
        seconds=seconds,
        length=contender.length,
    )


class AnswersDiffer(Exception):
    """Sides that are compared do not answer the same: nothing about them is worth measuring."""


def refuse_different(data: Mapping[str, object]) -> None:
    """Hold the answers of all sides against each other.

    :raises AnswersDiffer: naming them.
    """
    first = next(iter(data.values()))
    if any(each != first for each in data.values()):
        raise AnswersDiffer(", ".join(data))
