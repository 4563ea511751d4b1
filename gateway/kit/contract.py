"""Reads the contract: its rpcs, what its ids name, and its comments, which describe the graph."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from partner.type.v1 import options_pb2

# Generated beside the Python code, which loses the comments.
COMMENTS: Final = Path(options_pb2.__file__).parents[2] / "comments.json"
# Protobuf has two classes for each kind of descriptor, in Python and in C.
Descriptor = Any
Field = Any
# Words of the contract in a sentence; never an id, whose second part begins with a digit.
SNAKE: Final = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")


class BindingRefused(TypeError):
    """A declaration and the contract disagree: the process must not start."""


@dataclass(frozen=True)
class Rpc:
    """One method of the contract."""

    name: str
    # The service's word in the package name: "billing" of partner.billing.v1.
    service: str
    path: str
    request: type[Message]
    response: type[Message]
    description: str

    def request_field(self, name: str) -> Field:
        """Give a field of the request.

        :raises BindingRefused: where there is none.
        """
        return field_of(self.request, name, why=self.name)

    def takes(self, name: str) -> bool:
        return name in self._taken

    @cached_property
    def _taken(self) -> frozenset[str]:
        return frozenset(self.request.DESCRIPTOR.fields_by_name)


def rpcs(file: Descriptor, service: str) -> Mapping[str, Rpc]:
    """Give the methods of one service of a file, by name."""
    descriptor = file.services_by_name[service]
    return {
        method.name: Rpc(
            name=method.name,
            service=file.package.split(".")[1],
            path=f"/{descriptor.full_name}/{method.name}",
            request=GetMessageClass(method.input_type),
            response=GetMessageClass(method.output_type),
            description=comment(method.full_name),
        )
        for method in descriptor.methods
    }


def field_of(message: type[Message], name: str, *, why: str) -> Field:
    """Give a field of a message.

    :raises BindingRefused: naming both sides.
    """
    field = message.DESCRIPTOR.fields_by_name.get(name)
    if field is None:
        raise BindingRefused(f"{why}: {message.DESCRIPTOR.full_name} has no field {name}")
    return field


def repeated_message(message: type[Message], *, why: str) -> Field:
    """Give the one field of a response that holds its items.

    :raises BindingRefused: where there is not exactly one.
    """
    found = [
        field
        for field in message.DESCRIPTOR.fields
        if field.is_repeated and field.message_type is not None
    ]
    if len(found) != 1:
        raise BindingRefused(f"{why}: {message.DESCRIPTOR.full_name} is not a list of one thing")
    return found[0]


def resource_of(field: Field) -> str:
    """Give the prefix of the ids that a field holds, or nothing where it holds no ids."""
    prefix: str = field.GetOptions().Extensions[options_pb2.resource]
    return prefix


def description_of(descriptor: Descriptor) -> str:
    """Give the contract's comment on a message, a field or an enum."""
    return comment(descriptor.full_name)


def comment(full_name: str) -> str:
    return SNAKE.sub(lambda word: camel(word[0]), _comments().get(full_name, ""))


def camel(path: str) -> str:
    """Write a path of the contract as the graph does: filter.associate_time_from → camelCase."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), path)


@cache
def _comments() -> dict[str, str]:
    comments: dict[str, str] = json.loads(COMMENTS.read_text(encoding="utf-8"))
    return comments
