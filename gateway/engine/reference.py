"""Runs operations on graphql-core, field by field: whatever the engine does not know."""

from collections.abc import AsyncIterator
from typing import Any

import strawberry
from graphql import ExecutionResult, GraphQLSchema, execute, subscribe

from gateway.engine.execution import Operation, Outcome


class ReferenceExecutor:
    """Runs operations through the resolvers of a Strawberry schema."""

    def __init__(self, schema: strawberry.Schema, *, hides_the_schema: bool = True) -> None:
        self.schema = core_schema(schema)
        self._options: dict[str, Any] = {
            "executor_class": schema.execution_context_class,
            "hide_suggestions": hides_the_schema,
            "operation_extensions": None,
        }

    async def execute(
        self, operation: Operation, *, variables: dict[str, Any], context: Any
    ) -> Outcome:
        result = execute(
            self.schema,
            operation.document.node,
            context_value=context,
            variable_values=variables,
            operation_name=operation.name,
            **self._options,
        )
        return _outcome(result if isinstance(result, ExecutionResult) else await result)

    async def subscribe(
        self, operation: Operation, *, variables: dict[str, Any], context: Any
    ) -> AsyncIterator[Outcome] | Outcome:
        started = subscribe(
            self.schema,
            operation.document.node,
            context_value=context,
            variable_values=variables,
            operation_name=operation.name,
            **self._options,
        )
        if not isinstance(started, ExecutionResult | AsyncIterator):
            started = await started
        if isinstance(started, ExecutionResult):
            return _outcome(started)
        return _outcomes(started)


def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """Give the graphql-core schema below a Strawberry schema."""
    # Strawberry has no public name for it, though its own integrations live from it.
    return schema._schema  # noqa: SLF001


def _outcome(result: ExecutionResult) -> Outcome:
    # Whoever handed over has another reason.
    return Outcome(data=result.data, errors=list(result.errors or ()), reason="configured")


async def _outcomes(results: AsyncIterator[ExecutionResult]) -> AsyncIterator[Outcome]:
    try:
        async for result in results:
            yield _outcome(result)
    finally:
        if (close := getattr(results, "aclose", None)) is not None:
            await close()
