"""The plan of an operation: what is asked, in which order, and the code that builds the answer."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakSet

from gateway.engine.masks import Mask
from gateway.engine.sources import Source
from gateway.engine.values import Variables
from gateway.kit.loading import Reading

Given = Callable[[Reading, Variables], Any]
"""A value that needs no rpc: an argument of a root field, or the caller itself."""


@dataclass(eq=False)
class Step:
    """One source, asked for the keys of one level."""

    source: Source
    level: int
    # Where the source's result stands among the results.
    at: int
    # Expressions that collect keys from what earlier steps gave; none where it is asked whole.
    keys: list[str] = field(default_factory=list)
    # Weakly, for they know this one: a plan that is forgotten must be gone at once.
    needs: WeakSet["Step"] = field(default_factory=WeakSet)
    feeds: list["Step"] = field(default_factory=list)
    waits_for: int = 0
    # The keys' expressions as one function of the results that stand at these places.
    collect: Callable[..., list[str]] | None = None
    takes: list[int] = field(default_factory=list)
    # What a run says of it: source, rpc, level and fields.
    told: tuple[str, str, int, Sequence[str]] = ("", "", 0, ())
    # Whether other levels ask the same source, perhaps for the same keys at the same time.
    is_shared: bool = False


@dataclass(frozen=True)
class Place:
    """Where the objects of one selection stand, seen from the generated code."""

    # What one of them is called.
    name: str
    # The rounds that lead to every one of them.
    loops: tuple[str, ...]
    needs: frozenset[Step]
    # The read masks of the rpcs that they come from.
    masks: tuple[Mask, ...] = ()
    # What a text that is never empty proves when it is read: that its message is there at all.
    proof: list[str] = field(default_factory=list)

    @property
    def level(self) -> int:
        return 1 + max((step.level for step in self.needs), default=-1)

    def use(self, name: str) -> None:
        """Ask for a field of the message that the objects show."""
        for mask in self.masks:
            mask.use(name)

    def below(
        self, name: str, *loops: str, step: Step | None = None, masks: tuple[Mask, ...] = ()
    ) -> "Place":
        """Give the place of objects below, which a step may have to bring first."""
        needs = self.needs | {step} if step is not None else self.needs
        return Place(name, (*self.loops, *loops), needs, masks)


@dataclass(frozen=True)
class Part:
    """Root fields that are answered together: all of a query, one of a mutation."""

    # Names of all results: values given first, then what sources give, as the code calls them.
    names: Sequence[str]
    given: Sequence[Given]
    sources: Sequence[Source]
    steps: Sequence[Step]
    source: str
    # Gives the answer, and how many objects it has.
    build: Callable[..., Awaitable[tuple[dict[str, Any], int]]]

    @cached_property
    def first(self) -> list[Step]:
        return [step for step in self.steps if not step.waits_for]

    @cached_property
    def is_chain(self) -> bool:
        """Tell whether each step waits for the one before: nothing is to be done at once."""
        return [step.level for step in self.steps] == list(range(len(self.steps)))


@dataclass(frozen=True)
class Plan:
    """How an operation is answered; mutations have a part for each field, done one by one."""

    parts: Sequence[Part]
