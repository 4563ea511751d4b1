"""What an annotation says: the type itself, whether it may be null, whether there are many."""

import types
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin

from strawberry import Maybe

from gateway.kit.contract import BindingRefused


@dataclass(frozen=True)
class Shape:
    """`list[Customer] | None` is many Customer, nullable."""

    type: Any
    nullable: bool = False
    many: bool = False
    # Told apart from null: an input's field that may be left out.
    maybe: bool = False


def shape_of(annotation: Any, *, why: str) -> Shape:
    """Take an annotation apart.

    :raises BindingRefused: where it says more than a shape can hold.
    """
    if get_origin(annotation) is Maybe:
        inner = shape_of(get_args(annotation)[0], why=why)
        return Shape(inner.type, nullable=inner.nullable, many=inner.many, maybe=True)
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [each for each in get_args(annotation) if each is not type(None)]
        if len(rest) != 1:
            raise BindingRefused(f"{why}: {annotation} is neither one type nor null")
        inner = shape_of(rest[0], why=why)
        return Shape(inner.type, nullable=True, many=inner.many)
    if get_origin(annotation) is list:
        inner = shape_of(get_args(annotation)[0], why=why)
        if inner.nullable or inner.many:
            raise BindingRefused(f"{why}: items of {annotation} can not be shown")
        return Shape(inner.type, many=True)
    return Shape(annotation)
