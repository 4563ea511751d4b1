"""Fields that carry their binding, and the step that gives a schema their resolvers."""

from collections.abc import Callable
from typing import Any, Final, Protocol, Self

import strawberry
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

Resolve = Callable[..., Any]

# Under which name Strawberry keeps its own view of a type or a field with graphql-core's.
DEFINITION: Final = "strawberry-definition"


class Binding(Protocol):
    """How a field gets its value; data that resolvers and plans are derived from."""

    def arguments(self) -> list[StrawberryArgument]:
        """Give the field's arguments."""
        ...

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:
        """Make graphql-core's resolver; the target is the type inside null and list.

        :raises BindingRefused: where declaration and contract disagree.
        """
        ...


class BoundField(StrawberryField):
    """A field of a type, bound to the contract."""

    def __init__(self, *, binding: Binding | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.binding = binding

    def __copy__(self) -> Self:
        copied = super().__copy__()
        copied.binding = self.binding
        return copied

    @property
    def arguments(self) -> list[StrawberryArgument]:
        # Late: the inputs and enums of other modules are declared by then.
        if self._arguments is None and self.binding is not None:
            self._arguments = self.binding.arguments()
        return super().arguments

    @arguments.setter
    def arguments(self, value: list[StrawberryArgument]) -> None:
        self._arguments = value


def bound(binding: Binding, *, description: str) -> Any:
    """Declare a field by its binding."""
    return BoundField(binding=binding, description=description)


def binding_of(field: GraphQLField) -> Any:
    """Give the binding of a field of the schema, or none where it has no binding."""
    return getattr(field.extensions.get(DEFINITION), "binding", None)


def attribute_of(field: GraphQLField) -> str | None:
    """Name the attribute of the source that a field shows, if it just shows one."""
    declared = field.extensions.get(DEFINITION)
    return declared.python_name if declared is not None and declared.is_basic_field else None


def class_of(type_: GraphQLObjectType) -> type:
    """Give the class that declares a type of the schema."""
    declared: type = type_.extensions[DEFINITION].origin
    return declared


def bind(schema: GraphQLSchema) -> None:
    """Give every declared field its resolver, with nothing of Strawberry on its way.

    :raises BindingRefused: where a declaration and the contract disagree.
    """
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            # Interfaces say what a value is; to ask again for each object adds nothing.
            type_.is_type_of = None
            _bind_fields(type_)


def _bind_fields(type_: GraphQLObjectType) -> None:
    definition = type_.extensions[DEFINITION]
    for name, graphql_field in type_.fields.items():
        field: StrawberryField = graphql_field.extensions[DEFINITION]
        binding = getattr(field, "binding", None)
        if binding is not None:
            graphql_field.resolve = binding.resolver(
                innermost(field.resolve_type(type_definition=definition)),
                source=definition.origin,
                why=f"{type_.name}.{name}",
            )
            # What a subscription gives, one after the other.
            graphql_field.subscribe = getattr(binding, "events", None)
        elif field.is_basic_field:
            graphql_field.resolve = _attribute(field.python_name)


def innermost(type_: Any) -> Any:
    """Give the type inside null and list."""
    while (inside := getattr(type_, "of_type", None)) is not None:
        type_ = inside
    return type_


def argument(name: str, annotation: Any, *, description: str, **default: Any) -> StrawberryArgument:
    """Declare an argument by its name in the graph."""
    return StrawberryArgument(
        python_name=name,
        graphql_name=name,
        type_annotation=strawberry.annotation.StrawberryAnnotation(annotation),
        description=description,
        **default,
    )


def _attribute(name: str) -> Resolve:
    return lambda source, _info: getattr(source, name)
