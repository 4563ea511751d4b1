"""Refuses a document that asks for too much, by the measure taken of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)

from gateway.http.errors import Refused
from gateway.http.measure import Measure, Measuring, NestedTooDeeply, size_of
from gateway.settings import Limits

# Sizes that one document is asked with and whose cost is remembered.
REMEMBERED_MAX = 64


@dataclass(frozen=True)
class Price:
    """What an operation may return, and where in its answer objects come for free."""

    cost: int
    free_keys: frozenset[str]
    # How large its text is with all fragments in their places.
    selections: int


@dataclass
class Pricing:
    """The prices of one document's operations, by the sizes that its variables give."""

    document: DocumentNode
    schema: GraphQLSchema
    limits: Limits
    sizing: tuple[str, ...] = ()
    _prices: dict[tuple[object, ...], Price] = field(default_factory=dict)

    def price(self, operation: OperationDefinitionNode, *, variables: Mapping[str, Any]) -> Price:
        """Measure the document for these variables, or remember it.

        :raises Refused: LIMIT_EXCEEDED, naming the limit.
        """
        name = operation.name.value if operation.name else ""
        key = self._key(name, variables)
        if (known := self._prices.get(key)) is not None:
            return known
        measuring = Measuring(
            self.document,
            chosen=operation,
            schema=self.schema,
            limits=self.limits,
            variables=variables,
        )
        price = check(measuring, limits=self.limits)
        if not self._prices:
            self.sizing = tuple(sorted(measuring.sizing))
            key = self._key(name, variables)
        if len(self._prices) >= REMEMBERED_MAX:
            self._prices.clear()
        self._prices[key] = price
        return price

    def _key(self, name: str, variables: Mapping[str, Any]) -> tuple[object, ...]:
        # A null given is not the default that stands for nothing given.
        return (name, *((each in variables, size_of(variables.get(each))) for each in self.sizing))


def check(measuring: Measuring, *, limits: Limits) -> Price:
    """Hold every definition against the limits, and the chosen operation against the cost limit.

    :raises Refused: LIMIT_EXCEEDED, naming the limit.
    """
    definitions = measuring.document.definitions
    fragments = sum(isinstance(each, FragmentDefinitionNode) for each in definitions)
    _hold("fragments", fragments, limits.fragments)
    cost = selections = 0
    try:
        for operation, measure in measuring.operations():
            _hold_structure(measure, limits)
            _hold("root_fields", measure.fields, limits.root_fields)
            if operation.operation is OperationType.MUTATION:
                _hold("mutation_fields", measure.fields, limits.mutation_fields)
            if operation is measuring.chosen:
                cost, selections = measure.cost, measure.selections
        for measure in measuring.fragments():
            _hold_structure(measure, limits)
    except NestedTooDeeply:
        raise _exceeded("depth", limits.depth) from None
    if measuring.incremental:
        raise Refused("INCREMENTAL_DELIVERY_NOT_SUPPORTED", "@defer and @stream are not supported.")
    _hold("cost", cost, limits.cost)
    return Price(cost=cost, free_keys=frozenset(measuring.free_keys), selections=selections)


def check_variables(variables: Mapping[str, Any], *, limits: Limits) -> None:
    """Hold the variables against the limits of depth, list length and text length.

    :raises Refused: LIMIT_EXCEEDED, naming the limit and the variable.
    """
    waiting: list[tuple[str, object, int]] = [(name, value, 1) for name, value in variables.items()]
    while waiting:
        path, value, depth = waiting.pop()
        if isinstance(value, str):
            _hold("variable_text", len(value), limits.variable_text, field=path)
        elif isinstance(value, list):
            _hold("variable_list", len(value), limits.variable_list, field=path)
            _hold("variable_depth", depth, limits.variable_depth, field=path)
            waiting.extend(
                (f"{path}[{index}]", item, depth + 1) for index, item in enumerate(value)
            )
        elif isinstance(value, dict):
            _hold("variable_depth", depth, limits.variable_depth, field=path)
            waiting.extend((f"{path}.{name}", item, depth + 1) for name, item in value.items())


def _hold_structure(measure: Measure, limits: Limits) -> None:
    _hold("depth", measure.depth, limits.depth)
    _hold("aliases", measure.aliases, limits.aliases)
    _hold("directives", measure.directives, limits.directives)
    _hold("repeats", measure.repeats, limits.repeats)
    _hold("selections", measure.selections, limits.selections)


def _hold(name: str, actual: int, maximum: int, *, field: str | None = None) -> None:
    if actual > maximum:
        raise _exceeded(name, maximum, field=field)


def _exceeded(name: str, maximum: int, *, field: str | None = None) -> Refused:
    what = name.replace("_", " ")
    where = f" in variable {field}" if field else ""
    return Refused(
        "LIMIT_EXCEEDED",
        f"The request exceeds the limit of {maximum} for {what}{where}.",
        limit=name,
        maximum=maximum,
        field=field,
    )
