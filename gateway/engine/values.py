"""Values of variables and arguments: coerced as graphql-core does, quickly where that is easy."""

from collections.abc import Callable, Mapping
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
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    coerce_input_literal,
    coerce_input_value,
    get_argument_values,
    get_variable_values,
    is_non_null_type,
    is_required_argument,
    type_from_ast,
    visit,
)
from graphql.error import GraphQLError
from graphql.language import Visitor

from gateway.engine.execution import HandOver

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
            value = coerce_input_value(value, self.type)
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
    # Coerced once and for all.
    constant: Mapping[str, Any]
    # Argument → the variable that it is, with no more to it.
    plain: Mapping[str, str]
    # Those of them that must not be null.
    required: frozenset[str]
    # Every variable that is used; together they decide the values.
    used: tuple[str, ...]
    is_simple: bool

    def values(self, variables: Variables) -> dict[str, Any]:
        """Give the coerced arguments; an argument left out without a default is missing.

        :raises HandOver: where one is refused.
        """
        if not self.is_simple:
            return variables.arguments(self.definition, self.node)
        # A variable that is absent leaves the argument's default in place; null does not.
        values, given = dict(self.constant), variables.values
        for argument, variable in self.plain.items():
            if variable in given:
                values[argument] = given[variable]
            if argument in self.required and values.get(argument) is None:
                raise HandOver("arguments")
        return values

    def key(self, variables: Variables) -> tuple[Any, ...]:
        """Give what two requests with equal arguments have in common; it may not be hashable."""
        given = variables.values
        return tuple([given.get(name, Undefined) for name in self.used])


def arguments_of(definition: GraphQLField, node: FieldNode) -> Arguments:
    """Take a field's arguments apart, when it is planned."""
    plain: dict[str, str] = {}
    used: dict[str, None] = {}
    is_simple = True
    constant_nodes = []
    for argument in node.arguments or ():
        inside = variables_in(argument.value)
        used.update(dict.fromkeys(inside))
        if not inside:
            constant_nodes.append(argument)
        elif isinstance(argument.value, VariableNode):
            plain[argument.name.value] = argument.value.name.value
        else:
            is_simple = False
    required = frozenset(name for name in plain if is_non_null_type(definition.args[name].type))
    needed = {name for name in plain if is_required_argument(definition.args[name])}
    constant = _constant(definition, node, constant_nodes, without=needed) if is_simple else {}
    return Arguments(definition, node, constant, plain, required, tuple(used), is_simple)


def variables_in(value: ValueNode) -> tuple[str, ...]:
    """Name the variables in a value, each once."""
    finder = _Finder()
    visit(value, finder)
    return tuple(finder.names)


class _Finder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names[node.name.value] = None


def _constant(
    definition: GraphQLField, node: FieldNode, nodes: list[Any], *, without: set[str]
) -> dict[str, Any]:
    """Coerce the constant arguments and the defaults of those left out."""
    rest = GraphQLField(
        definition.type,
        {name: each for name, each in definition.args.items() if name not in without},
    )
    return get_argument_values(rest, FieldNode(name=node.name, arguments=tuple(nodes)))
