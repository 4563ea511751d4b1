"""Inputs of the graph that fill messages: bound by declaration, checked when declared."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, dataclass_transform

import strawberry
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.type import decimal_pb2

from gateway.kit.contract import (
    BindingRefused,
    Descriptor,
    Field,
    camel,
    description_of,
    field_of,
)
from gateway.kit.errors import bad_input
from gateway.kit.fields import BoundField
from gateway.kit.leaves import SHOWN_MESSAGE, check_kind
from gateway.kit.shapes import Shape, shape_of

T = TypeVar("T", bound=type)

# Updates say here which of their fields count.
MASK: Final = "update_mask"
_DECIMAL: Final = decimal_pb2.Decimal.DESCRIPTOR.full_name


@dataclass(frozen=True)
class Taken:
    """What was declared of one input."""

    cls: type
    message: type[Message]
    # The message inside the request that an update changes, if it is an update.
    resource: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    # Fields whose absence, null and value are three different things.
    maybe: frozenset[str] = frozenset()
    requires: bool = False


_BY_MESSAGE: Final[dict[str, Taken]] = {}
_BY_CLASS: Final[dict[type, Taken]] = {}


@dataclass_transform(kw_only_default=True, field_specifiers=())
def takes(message: type[Message], *, resource: str = "") -> Callable[[T], T]:
    """Declare an input that fills a message; of an update, the `resource` inside its request.

    :raises BindingRefused: where a field is not in the message, or of another kind.
    """

    def decorate(cls: T) -> T:
        fields: dict[str, Field] = {}
        maybe, requires = set(), False
        setattr(cls, SHOWN_MESSAGE, message.DESCRIPTOR)
        for name, annotation in list(cls.__annotations__.items()):
            why = f"{cls.__name__}.{name}"
            shape = shape_of(annotation, why=why)
            descriptor = _descriptor(message, name, resource=resource, why=why)
            _check(descriptor, shape, why=why)
            fields[camel(name)] = descriptor
            if shape.maybe:
                maybe.add(camel(name))
            optional = shape.nullable or shape.maybe
            requires = requires or not optional
            options: dict[str, Any] = {"default": None if shape.maybe else strawberry.UNSET}
            setattr(
                cls,
                name,
                BoundField(description=description_of(descriptor), **(options if optional else {})),
            )
        made = strawberry.input(
            cls,
            description=description_of(message.DESCRIPTOR),
            one_of=_is_one_of(message.DESCRIPTOR) or None,
        )
        taken = Taken(made, message, resource, fields, frozenset(maybe), requires)
        _BY_CLASS[made] = taken
        _BY_MESSAGE[message.DESCRIPTOR.full_name] = taken
        return made

    return decorate


def input_of(descriptor: Descriptor) -> Taken | None:
    """Give the input that fills a message, if one is declared."""
    return _BY_MESSAGE.get(descriptor.full_name)


def taken(cls: type) -> Taken:
    return _BY_CLASS[cls]


def inputs() -> list[Taken]:
    """Give every input that is declared."""
    return list(_BY_CLASS.values())


def request_of(declared: Taken, given: Mapping[str, Any], *, path: str) -> Message:
    """Make the request that an input stands for, with the mask of an update.

    :raises Failed: BAD_USER_INPUT naming the field.
    """
    request = declared.message()
    fill(request, given, path=path)
    if declared.resource:
        mask: FieldMask = request.update_mask  # type: ignore[attr-defined]
        mask.paths.extend(declared.fields[name].name for name in given if name in declared.maybe)
        if not mask.paths:
            raise bad_input("must name something to change", field=path)
    return request


def fill(message: Message, given: Mapping[str, Any], *, path: str) -> None:
    """Write the coerced values of an input into the message that it is bound to.

    :raises Failed: BAD_USER_INPUT naming the field.
    """
    declared = _BY_MESSAGE[message.DESCRIPTOR.full_name]
    for name, value in given.items():
        if value is None:
            # Unset is how the contract says null, and an update's mask tells what is cleared.
            continue
        descriptor = declared.fields[name]
        inside = message
        if declared.resource and descriptor.containing_type is not message.DESCRIPTOR:
            inside = getattr(message, declared.resource)
        set_field(inside, descriptor, value, path=f"{path}.{name}")


def set_field(message: Message, descriptor: Field, value: Any, *, path: str) -> None:
    """Write one coerced value.

    :raises Failed: BAD_USER_INPUT naming the field.
    """
    name = descriptor.name
    try:
        if descriptor.is_repeated:
            _extend(getattr(message, name), descriptor, value, path=path)
        elif descriptor.message_type is None:
            setattr(message, name, _scalar(value))
        else:
            _fill_inner(getattr(message, name), value, path=path)
    except ValueError:
        # Half of a surrogate pair is no text; a number may be too great for the contract.
        raise bad_input("can not be taken", field=path) from None


def _extend(items: Any, descriptor: Field, values: list[Any], *, path: str) -> None:
    if descriptor.message_type is None:
        items.extend([_scalar(value) for value in values])
        return
    for index, value in enumerate(values):
        _fill_inner(items.add(), value, path=f"{path}[{index}]")


def _scalar(value: Any) -> Any:
    # Coerced words are the contract's numbers, or members of an enum that hold them.
    return getattr(value, "value", value)


def _fill_inner(message: Message, value: Any, *, path: str) -> None:
    if isinstance(value, Message):
        message.CopyFrom(value)
    elif message.DESCRIPTOR.full_name == _DECIMAL:
        message.value = value  # type: ignore[attr-defined]
    else:
        fill(message, value, path=path)
        message.SetInParent()


def _is_one_of(descriptor: Descriptor) -> bool:
    """Tell whether a message has one field of several; optional fields are a oneof inside."""
    return [len(each.fields) for each in descriptor.oneofs if not each.name.startswith("_")] == [
        len(descriptor.fields)
    ]


def _descriptor(message: type[Message], name: str, *, resource: str, why: str) -> Field:
    fields: Mapping[str, Field] = message.DESCRIPTOR.fields_by_name
    if not resource or name in fields:
        return field_of(message, name, why=why)
    if MASK not in fields:
        raise BindingRefused(f"{why}: {message.DESCRIPTOR.full_name} has no {MASK}")
    found = fields[resource].message_type.fields_by_name.get(name)
    if found is None:
        raise BindingRefused(f"{why}: {message.DESCRIPTOR.full_name}.{resource} has no such field")
    return found


def _check(descriptor: Field, shape: Shape, *, why: str) -> None:
    if descriptor.is_repeated != shape.many:
        raise BindingRefused(f"{why}: {descriptor.full_name} and the annotation differ in how many")
    check_kind(descriptor, shape.type, why=why)
    optional = shape.nullable or shape.maybe
    if descriptor.has_presence and descriptor.message_type is None and not optional:
        raise BindingRefused(f"{why}: {descriptor.full_name} may be left out")
