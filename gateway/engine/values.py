"""Values of variables and arguments: coerced as graphql-core does, quickly where that is easy."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
    coerce_input_literal,
    coerce_input_value,
    get_argument_values,
    get_variable_values,
    is_non_null_type,
    type_from_ast,
)
from graphql.error import GraphQLError

from gateway.engine.execution import HandOver
from gateway.engine.expressions import Expression, Unclear, expression, variables_in

_INT_MAX: Final = 2**31 - 1
_INT_MIN: Final = -(2**31)
# Type → whether a value is one already. What is not may still be made into one, by graphql-core.
_IS: Final[dict[Any, Callable[[Any], bool]]] = {
    GraphQLString: lambda value: type(value) is str,
    GraphQLID: lambda value: type(value) is str,
    GraphQLBoolean: lambda value: type(value) is bool,
    GraphQLInt: lambda value: type(value) is int and _INT_MIN <= value <= _INT_MAX,
}


class Variables:
    """The values of one request's variables."""

    def __init__(self, declared: "Declared", given: Mapping[str, Any]) -> None:
        self._declared = declared
        self._given = given
        self.values: dict[str, Any] = {}
        for each in declared.variables:
            each.coerce(given, into=self.values)

    def arguments(self, definition: GraphQLField, node: FieldNode) -> dict[str, Any]:
        """Coerce a field's arguments in the one way that knows all of GraphQL's rules.

        :raises HandOver: where they are refused; the reference executor says it better.
        """
        try:
            return get_argument_values(definition, node, self._for_the_reference)
        except GraphQLError:
            raise HandOver("arguments") from None

    @cached_property
    def _for_the_reference(self) -> Any:
        nodes = self._declared.node.variable_definitions or ()
        coerced = get_variable_values(self._declared.schema, list(nodes), dict(self._given))
        if isinstance(coerced, list):
            raise HandOver("variables")
        return coerced


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable that an operation declares."""

    name: str
    type: Any
    is_one: Callable[[Any], bool] | None
    default: Any

    def coerce(self, given: Mapping[str, Any], *, into: dict[str, Any]) -> None:
        """Put the value where it is wanted; nothing where none is given and none is needed.

        :raises HandOver: where it is refused.
        """
        value = given.get(self.name, Undefined)
        if value is Undefined:
            if self.default is not Undefined:
                into[self.name] = self.default
            elif is_non_null_type(self.type):
                raise HandOver("variables")
            return
        if self.is_one is None or not self.is_one(value):
            try:
                value = coerce_input_value(value, self.type)
            except GraphQLError:
                # Where exactly one of several fields must be given, and is not.
                raise HandOver("variables") from None
            if value is Undefined:
                raise HandOver("variables")
        into[self.name] = value


class Declared:
    """The variables that an operation declares."""

    def __init__(self, schema: GraphQLSchema, node: OperationDefinitionNode) -> None:
        self.schema = schema
        self.node = node
        self.variables = [self._variable(each) for each in node.variable_definitions or ()]

    def read(self, given: Mapping[str, Any]) -> Variables:
        """Coerce what a request gives.

        :raises HandOver: where a value is refused; the reference executor says why.
        """
        return Variables(self, given)

    def _variable(self, node: VariableDefinitionNode) -> Variable:
        type_: Any = type_from_ast(self.schema, node.type)
        inside = type_.of_type if is_non_null_type(type_) else type_
        default = node.default_value
        return Variable(
            node.variable.name.value,
            type_,
            _IS.get(inside),
            Undefined if default is None else coerce_input_literal(default, type_),
        )


@dataclass(frozen=True)
class Arguments:
    """The arguments of one selected field, as expressions over the variables."""

    definition: GraphQLField
    node: FieldNode
    # Coerced once and for all, defaults included.
    constant: Mapping[str, Any]
    # Those with variables in them.
    expressions: Mapping[str, Expression]
    # Every variable that is used; together they decide the values.
    used: tuple[str, ...]

    def values(self, variables: Variables) -> dict[str, Any]:
        """Give the coerced arguments; an argument left out without a default is missing.

        :raises HandOver: where one is refused.
        """
        values, given = dict(self.constant), variables.values
        try:
            for name, expression in self.expressions.items():
                values[name] = expression(given)
        except Unclear:
            return variables.arguments(self.definition, self.node)
        return values

    def names(self, name: str) -> bool:
        """Tell whether the argument may have a value at all."""
        return name in self.constant or name in self.expressions

    def key(self, variables: Variables) -> tuple[Any, ...]:
        """Give what two requests with equal arguments have in common; it may not be hashable."""
        given = variables.values
        return tuple([given.get(name, Undefined) for name in self.used])


def arguments_of(definition: GraphQLField, node: FieldNode) -> Arguments:
    """Take a field's arguments apart, when it is planned."""
    expressions: dict[str, Expression] = {}
    used: dict[str, None] = {}
    constant = []
    for argument in node.arguments or ():
        names = variables_in(argument.value)
        used.update(dict.fromkeys(names))
        if names:
            name = argument.name.value
            expressions[name] = expression(argument.value, definition.args[name].type)
        else:
            constant.append(argument)
    return Arguments(
        definition,
        node,
        _constant(definition, node, constant, without=expressions.keys()),
        expressions,
        tuple(used),
    )


def _constant(
    definition: GraphQLField, node: FieldNode, nodes: list[Any], *, without: Collection[str]
) -> dict[str, Any]:
    """Coerce the constant arguments and the defaults of those left out."""
    rest = GraphQLField(
        definition.type,
        {name: each for name, each in definition.args.items() if name not in without},
    )
    return get_argument_values(rest, FieldNode(name=node.name, arguments=tuple(nodes)))
