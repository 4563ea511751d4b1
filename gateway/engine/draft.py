"""A part of a plan while it is being made: sources and steps found so far, each only once."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

from gateway.engine.code import Count, Names, Shape, function
from gateway.engine.plan import Given, Part, Place, Step
from gateway.engine.sources import Source

S = TypeVar("S", bound=Source)
T = TypeVar("T")


class Draft:
    """Collects what the parts of a selection need, and puts it together in the end."""

    def __init__(self, *, tools: Mapping[str, Any]) -> None:
        # What the generated code calls: conversions, words of enums, refusals.
        self.tools = dict(tools)
        self.names = Names(self.tools)
        self._given: dict[Hashable, tuple[str, Given]] = {}
        self._sources: dict[Hashable, Source] = {}
        self._steps: dict[tuple[Source, int], Step] = {}
        self._statements: list[str] = []
        self._notes: dict[Hashable, Any] = {}

    def tool(self, name: str, value: Any) -> str:
        """Make a value known to the generated code; equal names mean equal values.

        The name must have a capital letter, which names of variables never have.
        """
        self.tools.setdefault(name, value)
        return name

    def given(self, identity: Hashable, wish: str, value: Given) -> str:
        """Name a value that needs no rpc."""
        if identity not in self._given:
            self._given[identity] = self.names.take(wish), value
        return self._given[identity][0]

    def source(self, identity: Hashable, wish: str, make: Callable[[str], S]) -> S:
        """Give the source of an rpc and its arguments, made when it is first needed."""
        found: Any = self._sources.get(identity)
        if found is None:
            found = self._sources[identity] = make(self.names.take(wish))
        made: S = found
        return made

    def notes(self, identity: Hashable, make: Callable[[], T]) -> T:
        """Give what several fields note together, made when it is first needed."""
        noted: T = self._notes.setdefault(identity, make())
        return noted

    def ask(self, source: Source, place: Place, keys: str = "") -> Step:
        """Ask a source for keys that are known at a place, in the one step of that level."""
        step = self._steps.get((source, place.level))
        if step is None:
            step = self._steps[source, place.level] = Step(source, place.level, at=0)
        step.needs |= place.needs
        if keys and keys not in step.keys:
            step.keys.append(keys)
        return step

    def hoist(self, wish: str, shape: Shape, *, item: str, items: str) -> Shape:
        """Build a list of the first level piece by piece, so that others get their turn."""
        name, count = self.names.take(wish), self.names.take(f"count_of_{wish}")
        each = shape.each([f"for {item} in piece"], items="piece")
        self._statements += [
            f"{name}, {count} = [], 0",
            f"for piece in pieces({items}):",
            "    await turn()",
            f"    {name} += {_indented(each.text)}",
            f"    {count} += {each.count.text}",
        ]
        return Shape(name, Count(terms=(count,)))

    def part(self, answer: Shape) -> Part:
        """Put the part together and compile its code."""
        given, sources = list(self._given.values()), list(self._sources.values())
        names = [name for name, _ in given] + [source.name for source in sources]
        steps = sorted(self._steps.values(), key=lambda step: step.level)
        text = self._text(steps, names, answer)
        # The text is made of names that are checked and of the schema's own words.
        namespace = dict(self.tools)
        exec(compile(text, "<plan>", "exec"), namespace)  # noqa: S102
        for step in steps:
            step.at = len(given) + sources.index(step.source)
            step.takes = [names.index(name) for name in _used(names, *step.keys)]
            step.collect = namespace.get(_collector(steps, step))
            source, mask = step.source, step.source.mask
            step.told = source.name, source.rpc.path, step.level, mask.fields if mask else ()
            step.is_shared = sum(other.source is step.source for other in steps) > 1
            step.waits_for = len(step.needs)
            step.feeds = [other for other in steps if step in other.needs]
        # Functions are taken out of their own globals, so that they are gone when the plan is.
        for number in range(len(steps)):
            namespace.pop(f"keys_{number}", None)
        return Part(
            names=names,
            given=[value for _, value in given],
            sources=sources,
            steps=steps,
            source=text,
            build=namespace.pop("build"),
        )

    def _text(self, steps: list[Step], names: list[str], answer: Shape) -> str:
        """Write the functions: the keys of each step, and the answer with how much it is."""
        keys = []
        for number, step in enumerate(steps):
            if step.keys and _collector(steps, step) == f"keys_{number}":
                wanted = [each.source.name for each in steps if each.keys == step.keys]
                head = f"def keys_{number}({', '.join(_used(names, *step.keys))})"
                code = function(head, f"return {_joined(step.keys)}")
                keys.append(f"# Keys for {', '.join(wanted)}.\n{code}")
        head = f"async def build({', '.join(['turn', *names])})"
        bound = [f"{name} = {value}" for name, value in answer.binds]
        # The answer, and how many objects it has.
        result = f"return {answer.text}, {answer.count.text}"
        return "\n\n".join([*keys, function(head, *self._statements, *bound, result)])


def _collector(steps: Sequence[Step], step: Step) -> str:
    """Name the function that collects a step's keys; steps with equal keys share the first's."""
    return f"keys_{next(number for number, each in enumerate(steps) if each.keys == step.keys)}"


def _used(names: Sequence[str], *texts: str) -> list[str]:
    words = {word for text in texts for word in re.findall(r"\w+", text)}
    return [name for name in names if name in words]


def _joined(keys: list[str]) -> str:
    return keys[0] if len(keys) == 1 else f"[{', '.join(f'*({each})' for each in keys)}]"


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")
