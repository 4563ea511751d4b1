"""What a type of the graph is: a connection, a list, a value. Costs and counts go by it."""

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)


def is_connection(named: GraphQLNamedType) -> bool:
    """Tell whether a type is one page of a list."""
    return is_object_type(named) and "pageInfo" in named.fields


def is_value(named: GraphQLNamedType) -> bool:
    """Tell whether an object is a value, like money or a page's end: plain fields, no identity."""
    return (
        is_object_type(named)
        and not named.interfaces
        and "id" not in named.fields
        and all(
            is_leaf_type(get_named_type(field.type)) and not field.args
            for field in named.fields.values()
        )
    )


def is_list(definition: GraphQLField) -> bool:
    """Tell whether a field gives many."""
    type_ = definition.type
    return is_list_type(type_.of_type if is_non_null_type(type_) else type_)
