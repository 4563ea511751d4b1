"""The compiled executor: plans kept with their documents, runs, and who takes over when."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import strawberry
import structlog

from gateway.engine.execution import HandOver, Operation, Outcome
from gateway.engine.plan import Plan
from gateway.engine.planner import plan
from gateway.engine.reference import ReferenceExecutor
from gateway.engine.runner import Run
from gateway.engine.selection import switches_of
from gateway.engine.values import Declared, Variables
from gateway.kit.loading import Reading

log = structlog.get_logger("gateway")

# A document whose booleans make more different plans than this is not worth planning.
PLANS_MAX: Final = 16
# A plan for so many selections is made within some milliseconds.
SELECTIONS_AT_ONCE: Final = 100


@dataclass
class Plans:
    """The plans of one operation, by the booleans that decide what is selected."""

    declared: Declared
    switches: tuple[str, ...]
    # A plan, or why there is none.
    made: dict[tuple[bool, ...], Plan | str] = field(default_factory=dict)

    async def plan_aside(self, operation: Operation, variables: Variables) -> Plan:
        """Give the plan as `plan` does; a large one is made in a thread, beside other requests.

        :raises HandOver: where there is none.
        """
        if operation.selections <= SELECTIONS_AT_ONCE or self._key(variables) in self.made:
            return self.plan(operation, variables)
        return await asyncio.to_thread(self.plan, operation, variables)

    def plan(self, operation: Operation, variables: Variables) -> Plan:
        """Give the plan for these variables, made when it is first needed.

        :raises HandOver: where there is none.
        """
        key = self._key(variables)
        found = self.made.get(key)
        if found is None:
            if any(variables.values.get(name) is None for name in self.switches):
                raise HandOver("variables")
            if len(self.made) >= PLANS_MAX:
                raise HandOver("variants")
            found = self.made[key] = self._make(
                operation, dict(zip(self.switches, key, strict=True))
            )
        if isinstance(found, str):
            raise HandOver(found)
        return found

    def _key(self, variables: Variables) -> tuple[bool, ...]:
        return tuple([variables.values.get(name) is True for name in self.switches])

    def _make(self, operation: Operation, switches: Mapping[str, bool]) -> Plan | str:
        try:
            return plan(
                operation.document.node,
                operation.node,
                schema=self.declared.schema,
                switches=switches,
            )
        except HandOver as reason:
            return reason.reason


class Engine:
    """Runs queries and mutations by compiled plans, and the rest as the reference executor does."""

    def __init__(self, schema: strawberry.Schema, *, hides_the_schema: bool = True) -> None:
        self.reference = ReferenceExecutor(schema, hides_the_schema=hides_the_schema)

    async def execute(
        self, operation: Operation, *, variables: dict[str, Any], context: Any
    ) -> Outcome:
        reading: Reading = context
        run: Run | None = None
        try:
            plans = self.plans(operation)
            values = plans.declared.read(variables)
            made = await plans.plan_aside(operation, values)
            run = Run(made, reading=reading, variables=values)
            data = await run.answer()
        except HandOver as why:
            if run is not None:
                run.known().tell(reading)
            outcome = await self.reference.execute(operation, variables=variables, context=context)
            if run is not None and not outcome.errors and why.reason != "arguments":
                # It found nothing wrong, so the plan is; but arguments may be wrong and not used.
                log.exception("plan failed", operation=operation.name)
            return replace(outcome, reason=why.reason, steps=run.steps if run is not None else ())
        return Outcome(data, cost=run.objects, steps=run.steps)

    async def subscribe(
        self, operation: Operation, *, variables: dict[str, Any], context: Any
    ) -> AsyncIterator[Outcome] | Outcome:
        return await self.reference.subscribe(operation, variables=variables, context=context)

    def plans(self, operation: Operation) -> Plans:
        """Give the plans of an operation, which are kept with its document."""
        key = (Engine, operation.name)
        plans: Plans | None = operation.document.derived.get(key)
        if plans is None:
            declared = Declared(self.reference.schema, operation.node)
            switches = switches_of(operation.document.node, operation.node)
            plans = operation.document.derived[key] = Plans(declared, switches)
        return plans
