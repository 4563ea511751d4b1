"""Values with variables in them, as functions of the variables that are made once per document."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from graphql import (
    GraphQLInputObjectType,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    Visitor,
    coerce_input_literal,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    visit,
)

Expression = Callable[[Mapping[str, Any]], Any]
"""Give the value for coerced variables."""


class Unclear(Exception):
    """A variable is missing or null where that takes rules to decide: let graphql-core do it."""


def expression(node: ValueNode, type_: Any) -> Expression:
    """Make the function of a value in a document, of which the validator approved.

    The function raises Unclear where a variable is missing, or null inside the value.
    """
    if isinstance(node, VariableNode):
        return _variable(node.name.value, may_be_null=not is_non_null_type(type_))
    return _inside(node, type_)


def variables_in(value: ValueNode) -> tuple[str, ...]:
    """Name the variables in a value, each once."""
    finder = _Finder()
    visit(value, finder)
    return tuple(finder.names)


def _inside(node: ValueNode, type_: Any) -> Expression:
    inner = get_nullable_type(type_)
    if isinstance(node, VariableNode):
        return _variable(node.name.value, may_be_null=False)
    if not variables_in(node):
        constant = coerce_input_literal(node, type_)
        return lambda _: constant
    if isinstance(node, ListValueNode) and is_list_type(inner):
        items = [_inside(each, inner.of_type) for each in node.values]
        return lambda given: [item(given) for item in items]
    if isinstance(node, ObjectValueNode) and is_input_object_type(inner):
        return _object(node, inner)
    return _unclear


def _object(node: ObjectValueNode, type_: GraphQLInputObjectType) -> Expression:
    written = {each.name.value: each.value for each in node.fields}
    if any(_has_default(field) for name, field in type_.fields.items() if name not in written):
        return _unclear
    fields = {
        type_.fields[name].out_name or name: _inside(value, type_.fields[name].type)
        for name, value in written.items()
    }
    # Which also checks that of one-of inputs there is exactly one.
    make = type_.out_type
    return lambda given: make({name: field(given) for name, field in fields.items()})


def _has_default(field: Any) -> bool:
    return field.default is not None or field.default_value is not Undefined


def _variable(name: str, *, may_be_null: bool) -> Expression:
    def value(given: Mapping[str, Any]) -> Any:
        found = given.get(name, _MISSING)
        if found is _MISSING or (found is None and not may_be_null):
            raise Unclear
        return found

    return value


def _unclear(_: Mapping[str, Any]) -> Any:
    raise Unclear


_MISSING: Final = object()


class _Finder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names[node.name.value] = None
