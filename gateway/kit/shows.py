"""Types of the graph that show messages: a declaration names the message, its fields the fields."""

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import get_annotations
from typing import Any, Final, TypeVar, dataclass_transform

import strawberry
from google.protobuf.message import Message
from strawberry.types import get_object_definition
from strawberry.types.arguments import StrawberryArgument

from gateway.kit.contract import (
    BindingRefused,
    Rpc,
    description_of,
    field_of,
    repeated_message,
    resource_of,
)
from gateway.kit.fields import BoundField, Resolve, bound
from gateway.kit.leaves import SHOWN_MESSAGE, Leaf, leaf
from gateway.kit.shapes import shape_of

T = TypeVar("T", bound=type)


@dataclass(frozen=True)
class Shown:
    """What was declared of one type."""

    cls: type
    message: type[Message]
    # The batch rpc that gets things of this type by their ids, and its field that holds them.
    get: Rpc | None
    items: str
    # What its ids begin with.
    prefix: str


# By prefix, for `node`; by message, for telling types apart; by class, for edges.
BY_PREFIX: Final[dict[str, Shown]] = {}
BY_MESSAGE: Final[dict[str, Shown]] = {}
_BY_CLASS: Final[dict[type, Shown]] = {}


@dataclass(frozen=True)
class LeafBinding:
    """A field read from the source message by its own name."""

    leaf: Leaf
    kind: str = field(default="leaf", init=False)

    def arguments(self) -> list[StrawberryArgument]:
        return []

    def resolver(self, target: type, *, source: type, why: str) -> Resolve:  # noqa: ARG002
        read = self.leaf.read
        return lambda message, _info: read(message)


@dataclass_transform(kw_only_default=True, field_specifiers=(bound,))
def shows(
    message: type[Message], *, get: Rpc | None = None, about: Rpc | None = None
) -> Callable[[T], T]:
    """Declare a type whose objects are messages; `get` makes it a node that is found by its id.

    `about` gets what there is to say of another thing, by that thing's id: not a node of its own.

    :raises BindingRefused: where a field is not in the message, or of another kind.
    """

    def decorate(cls: T) -> T:
        setattr(cls, SHOWN_MESSAGE, message.DESCRIPTOR)
        cls.__annotations__ = _of_interfaces(cls, message) | get_annotations(cls)
        for name, annotation in list(cls.__annotations__.items()):
            if name not in cls.__dict__:
                setattr(cls, name, _leaf_field(message, name, annotation, of=cls))
        _describe_edges(cls, message)
        made = strawberry.type(cls, description=description_of(message.DESCRIPTOR))
        shown = _shown(made, message, get=get or about)
        _BY_CLASS[made] = shown
        if get is not None:
            BY_PREFIX[shown.prefix] = shown
            BY_MESSAGE[message.DESCRIPTOR.full_name] = shown
        return made

    return decorate


def extends(cls: type) -> Callable[[T], T]:
    """Add a class body's fields to a type of another module, which need not know of them."""

    def decorate(part: T) -> T:
        _describe_edges(part, shown(cls, why=part.__name__).message)
        made = strawberry.type(part)
        fields = get_object_definition(cls, strict=True).fields
        fields.extend(get_object_definition(made, strict=True).fields)
        return made

    return decorate


def shown(cls: type, *, why: str) -> Shown:
    """Give what was declared of a type.

    :raises BindingRefused: where it shows no message.
    """
    found = _BY_CLASS.get(cls)
    if found is None:
        raise BindingRefused(f"{why}: {cls.__name__} shows no message")
    return found


def shown_types() -> list[Shown]:
    """Give every type that is declared to show a message."""
    return list(_BY_CLASS.values())


def shown_message(cls: type) -> type[Message] | None:
    """Give the message that a type shows, if it shows one."""
    found = _BY_CLASS.get(cls)
    return found.message if found else None


def _of_interfaces(cls: type, message: type[Message]) -> dict[str, Any]:
    """Give the fields that an interface of the type promises and the message has.

    The id is the same text in every message, so that it needs no binding.
    """
    return {
        name: annotation
        for base in cls.__mro__[1:]
        for name, annotation in get_annotations(base).items()
        if name in message.DESCRIPTOR.fields_by_name and name != "id"
    }


def _leaf_field(message: type[Message], name: str, annotation: Any, *, of: type) -> Any:
    why = f"{of.__name__}.{name}"
    descriptor = field_of(message, name, why=why)
    binding = LeafBinding(leaf(descriptor, shape_of(annotation, why=why), why=why))
    return BoundField(binding=binding, description=description_of(descriptor))


def _describe_edges(cls: type, message: type[Message]) -> None:
    """Describe edges as the contract does the ids that they follow, unless they say more."""
    for name, each in cls.__dict__.items():
        key = getattr(getattr(each, "binding", None), "key", None)
        if key is not None and not each.description:
            why = f"{cls.__name__}.{name}"
            each.description = description_of(field_of(message, key, why=why))


def _shown(cls: type, message: type[Message], *, get: Rpc | None) -> Shown:
    if get is None:
        return Shown(cls, message, get=None, items="", prefix="")
    items = repeated_message(get.response, why=get.name)
    if items.message_type is not message.DESCRIPTOR:
        raise BindingRefused(
            f"{cls.__name__}: {get.name} gives {items.message_type.full_name}, "
            f"not {message.DESCRIPTOR.full_name}"
        )
    prefix = resource_of(field_of(message, "id", why=cls.__name__))
    if resource_of(get.request_field("ids")) != prefix or not prefix:
        raise BindingRefused(f"{get.name} takes no ids of {cls.__name__}")
    return Shown(cls, message, get=get, items=items.name, prefix=prefix)
