"""Writes the comments of the contract to a JSON file: the graph's descriptions come from there."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

# What stands in a source path for the lists of a file, a message, an enum and a service.
MESSAGES, ENUMS, SERVICES = 4, 5, 6
FIELDS, NESTED_MESSAGES, NESTED_ENUMS, VALUES, METHODS = 2, 3, 4, 2, 2
# Where our own papers say more; nothing to readers of the graph.
REFERENCE = re.compile(r"[ ,]*\(?domain\.md [0-9.]+\)?(, rules [0-9 to]+\))?")

Named = tuple[tuple[int, ...], str]


def main(descriptors: str, out: str) -> None:
    """Read a descriptor set with source info and write {full name: comment}, sorted."""
    comments: dict[str, str] = {}
    for file in FileDescriptorSet.FromString(Path(descriptors).read_bytes()).file:
        if file.package.startswith("partner."):
            comments |= _comments(file)
    text = json.dumps(comments, ensure_ascii=False, indent=0, sort_keys=True)
    Path(out).write_text(text + "\n", encoding="utf-8")


def _comments(file: FileDescriptorProto) -> dict[str, str]:
    written = {
        tuple(location.path): location.leading_comments
        for location in file.source_code_info.location
        if location.leading_comments
    }
    return {name: _plain(written[path]) for path, name in _names(file) if path in written}


def _plain(comment: str) -> str:
    text = " ".join(comment.split())
    # "(代金券额度, domain.md 6.6)" loses the second half only.
    text = re.sub(r", domain\.md [0-9.]+\)", ")", text)
    return REFERENCE.sub("", text)


def _names(file: FileDescriptorProto) -> Iterator[Named]:
    for index, message in enumerate(file.message_type):
        yield from _names_of_message((MESSAGES, index), file.package, message)
    for index, enum in enumerate(file.enum_type):
        yield from _named((ENUMS, index), file.package, enum, ((VALUES, enum.value),))
    for index, service in enumerate(file.service):
        yield from _named((SERVICES, index), file.package, service, ((METHODS, service.method),))


def _names_of_message(path: tuple[int, ...], scope: str, message: Any) -> Iterator[Named]:
    yield from _named(path, scope, message, ((FIELDS, message.field),))
    inside = f"{scope}.{message.name}"
    for index, nested in enumerate(message.nested_type):
        yield from _names_of_message((*path, NESTED_MESSAGES, index), inside, nested)
    for index, enum in enumerate(message.enum_type):
        yield from _named((*path, NESTED_ENUMS, index), inside, enum, ((VALUES, enum.value),))


def _named(
    path: tuple[int, ...], scope: str, thing: Any, lists: tuple[tuple[int, Any], ...]
) -> Iterator[Named]:
    name = f"{scope}.{thing.name}"
    yield path, name
    for number, parts in lists:
        for index, part in enumerate(parts):
            yield (*path, number, index), f"{name}.{part.name}"


if __name__ == "__main__":
    main(*sys.argv[1:])
