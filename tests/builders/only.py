"""Parts of messages: what a read mask should leave of a whole one."""

from typing import TypeVar

from google.protobuf.message import Message

M = TypeVar("M", bound=Message)


def only(message: M, *names: str) -> M:
    """Copy a message with these of its fields alone."""
    part = type(message)()
    part.CopyFrom(message)
    for field in message.DESCRIPTOR.fields:
        if field.name not in names:
            part.ClearField(field.name)
    return part


def is_whole(message: Message) -> bool:
    """Tell whether every field says something, so that one left out would be missed."""
    return len(message.ListFields()) == len(message.DESCRIPTOR.fields)
