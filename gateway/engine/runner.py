"""Runs a plan for one request: its steps, each as soon as its keys are there, and the build."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from google.protobuf.message import DecodeError

from gateway.engine.batches import Answer
from gateway.engine.execution import HandOver, Taken
from gateway.engine.known import Known
from gateway.engine.plan import Part, Plan, Step
from gateway.engine.values import Variables
from gateway.kit.loading import Reading
from gateway.kit.turns import Turns, turn

# So many steps begin as soon as they can, and so much is read in one go; more takes turns.
USUAL_STEPS: Final = 8
USUAL_BYTES: Final = 256 * 1024


class Run:
    """One run of a plan."""

    def __init__(self, plan: Plan, *, reading: Reading, variables: Variables) -> None:
        self._plan = plan
        self._reading = reading
        self._variables = variables
        # What the steps of each part gave, for whoever has to take over.
        self._results: list[tuple[Part, list[Any]]] = []
        self.objects = 0
        self.steps: list[Taken] = []

    async def answer(self) -> dict[str, Any]:
        """Take all steps and build the answer.

        :raises HandOver: where something failed; `known` tells what was asked nevertheless.
        """
        data: dict[str, Any] = {}
        for part in self._plan.parts:
            results = self._start(part)
            self._results.append((part, results))
            steps = _Steps(part, results, self._reading, self._variables, taken=self.steps)
            await steps.take()
            built, objects = await _built(part, results)
            data |= built
            self.objects += objects
        return data

    def known(self) -> Known:
        """Tell what was asked so far, and what came of it."""
        known = Known()
        for part, results in self._results:
            sources = zip(part.sources, results[len(part.given) :], strict=True)
            for source, result in sources:
                if result is not None:
                    source.tell(known, self._variables, result)
        return known

    def _start(self, part: Part) -> list[Any]:
        """Look at all arguments before anything is asked."""
        try:
            given = [value(self._reading, self._variables) for value in part.given]
            return given + [source.start(self._variables) for source in part.sources]
        except HandOver:
            raise
        except Exception as error:
            raise HandOver("arguments") from error


async def _built(part: Part, results: list[Any]) -> tuple[dict[str, Any], int]:
    """Build what a part of the plan answers; give it, and how many objects it has.

    :raises HandOver: where a value is missing or can not be shown.
    """
    try:
        return await part.build(Turns(), *results)
    except HandOver:
        raise
    except Exception as error:
        raise HandOver("value") from error


class _Steps:
    """The steps of one part, on their way."""

    def __init__(
        self,
        part: Part,
        results: list[Any],
        reading: Reading,
        variables: Variables,
        *,
        taken: list[Taken],
    ) -> None:
        self._taken = taken
        self._part = part
        self._results = results
        self._reading = reading
        self._variables = variables
        self._waiting = {} if part.is_chain else {step: step.waits_for for step in part.steps}
        self._failed: HandOver | None = None
        # What no other step waits for is read when all is there: right before it is shown, while
        # little else is in the way of the processor's caches.
        self._unread: list[tuple[Step, Sequence[Answer]]] = []
        self._steps_begun = 0
        self._bytes_read = 0
        # Keys that were collected; several steps may want the same.
        self._collected: dict[Callable[..., list[str]], list[str]] = {}
        # Of sources that several levels ask: which keys are on their way, and with which step.
        self._coming: dict[int, dict[str, asyncio.Future[None]]] = {}

    async def take(self) -> None:
        """Take every step.

        :raises HandOver: where one fails, when all that had begun have ended.
        """
        if self._part.is_chain:
            for step in self._part.steps:
                if self._failed is None:
                    await self._ask(step)
        else:
            await self._take_all(self._part.first)
        for step, answers in self._unread:
            await self._read(step, answers)
        if self._failed is not None:
            raise self._failed

    async def _take_all(self, steps: Iterable[Step]) -> None:
        """Take steps at once, and then those that have been waiting for them."""
        first, *others = steps
        tasks = [asyncio.ensure_future(self._take(step)) for step in others]
        try:
            # The first needs no task of its own.
            await self._take(first)
            for task in tasks:
                await task
        finally:
            for task in tasks:
                task.cancel()

    async def _take(self, step: Step) -> None:
        await self._ask(step)
        if self._failed is not None:
            return
        ready = []
        for fed in step.feeds:
            self._waiting[fed] -= 1
            if not self._waiting[fed]:
                ready.append(fed)
        if ready:
            await self._take_all(ready)

    async def _ask(self, step: Step) -> None:
        """Ask for the keys that nobody asked for yet, and wait for those that are on their way."""
        keys: list[str] = []
        if step.collect is not None:
            keys = self._new_keys(step, step.collect)
            if keys and step.is_shared:
                keys = await self._ask_shared(step, keys)
            if not keys:
                return
        await self._ask_for(step, keys)

    def _new_keys(self, step: Step, collect: Callable[..., list[str]]) -> list[str]:
        """Give each key once that is wanted and not known; none where they can not be told."""
        known = self._results[step.at]
        wanted = self._collected.get(collect)
        if wanted is None:
            try:
                found = dict.fromkeys(collect(*[self._results[at] for at in step.takes]))
            except HandOver as why:
                self._failed = why
                return []
            except Exception as error:  # noqa: BLE001 - the reference executor says what is wrong
                self._failed = HandOver("value")
                self._failed.__cause__ = error
                return []
            found.pop("", None)
            wanted = self._collected[collect] = list(found)
        return [key for key in wanted if key not in known] if known else wanted

    async def _ask_shared(self, step: Step, keys: list[str]) -> list[str]:
        """Ask for keys that no other step is asking for, and give what is left to ask: nothing."""
        coming = self._coming.setdefault(step.at, {})
        others = {coming[key] for key in keys if key in coming}
        own = [key for key in keys if key not in coming]
        if own:
            here = asyncio.get_running_loop().create_future()
            coming.update(dict.fromkeys(own, here))
            try:
                await self._ask_for(step, own)
            finally:
                here.set_result(None)
        for other in others:
            await other
        return []

    async def _ask_for(self, step: Step, keys: list[str]) -> None:
        self._steps_begun += 1
        if self._steps_begun > USUAL_STEPS:
            await turn()
        started = time.perf_counter()
        answers: Sequence[Answer]
        try:
            answers = await step.source.ask(self._reading, self._variables, keys)
        except Exception as error:  # noqa: BLE001 - the reference executor raises it in its place
            answers = [Answer(step.source.rpc, keys, error)]
        for answer in answers:
            if answer.has_failed:
                self._failed = HandOver("failure")
        if step.feeds or step.is_shared:
            await self._read(step, answers)
        else:
            self._unread.append((step, answers))
        self._taken.append(Taken(*step.told, len(keys), time.perf_counter() - started))

    async def _read(self, step: Step, answers: Sequence[Answer]) -> None:
        """Read what a step brought, and add it to what its source gave."""
        source = step.source
        for answer in answers:
            response = answer.content
            if isinstance(response, bytes):
                self._bytes_read += len(response)
                if self._bytes_read > USUAL_BYTES:
                    await turn()
                try:
                    response = answer.rpc.response.FromString(response)
                except DecodeError as error:
                    response, self._failed = error, HandOver("failure")
            self._results[step.at] = source.add(self._results[step.at], answer, response)
