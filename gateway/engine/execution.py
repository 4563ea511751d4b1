"""What it is to execute an operation: what goes in, what comes out, and who hands over to whom."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode


class Document(Protocol):
    """A validated document, and a place for what executors derive from it."""

    @property
    def node(self) -> DocumentNode: ...

    @property
    def derived(self) -> dict[object, Any]: ...


class Operation(Protocol):
    """The operation of a document that is to be executed."""

    @property
    def document(self) -> Document: ...

    @property
    def node(self) -> OperationDefinitionNode: ...

    @property
    def name(self) -> str | None: ...

    @property
    def selections(self) -> int:
        """Count what is selected when all fragments are in their places."""
        ...


@dataclass(slots=True)
class Taken:
    """A step that was taken: who was asked, for how many keys, which fields, how long it took."""

    source: str
    rpc: str
    level: int
    fields: Sequence[str]
    keys: int
    seconds: float


@dataclass(slots=True)
class Outcome:
    """What came of an operation."""

    data: Any
    errors: list[GraphQLError] = field(default_factory=list)
    # How many objects the answer has, from an executor that counted them.
    cost: int | None = None
    # Why the reference executor answered; none where a plan did.
    reason: str | None = None
    # The steps of the plan, if there was one.
    steps: Sequence[Taken] = ()


class Executor(Protocol):
    """Runs validated operations."""

    async def execute(
        self, operation: Operation, *, variables: dict[str, Any], context: Any
    ) -> Outcome:
        """Run a query or a mutation to its end."""
        ...

    async def subscribe(
        self, operation: Operation, *, variables: dict[str, Any], context: Any
    ) -> AsyncIterator[Outcome] | Outcome:
        """Start a subscription; one outcome instead of a stream says why it did not start."""
        ...


class HandOver(Exception):
    """The reference executor must answer; the reason is what the metrics count."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
