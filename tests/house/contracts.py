"""The contract as the house tests see it: descriptors, images for buf, and its generation."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import google.rpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FileDescriptor

from tests.house.tree import PROTOS, ROOT

BIN = Path(sys.executable).parent
# Where googleapis-common-protos keeps google/type and google/rpc.
GOOGLE = Path(next(iter(google.rpc.__path__))).parents[1]


def proto_names(folder: Path = PROTOS) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in (folder / "partner").rglob("*.proto")
    )


@cache
def proto_files() -> list[FileDescriptor]:
    """Load every file of the contract into the default pool."""
    for name in proto_names():
        importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    pool = descriptor_pool.Default()
    return [pool.FindFileByName(name) for name in proto_names()]


def service_names(service: str) -> set[str]:
    return {
        declared.full_name
        for file in proto_files()
        if file.package == f"partner.{service}.v1"
        for declared in file.services_by_name.values()
    }


def messages() -> Iterator[Descriptor]:
    for file in proto_files():
        for message in file.message_types_by_name.values():
            yield from _nested(message)


def _nested(message: Descriptor) -> Iterator[Descriptor]:
    yield message
    for inner in message.nested_types:
        yield from _nested(inner)


def make_image(folder: Path, image: Path) -> Path:
    """Compile the protos of a folder into what buf reads without any registry."""
    command = (sys.executable, "-m", "grpc_tools.protoc", "-I", ".", "-I", str(GOOGLE))
    options = (f"--descriptor_set_out={image}", "--include_imports", "--include_source_info")
    run(*command, *options, *proto_names(folder), cwd=folder)
    return image


def run(*command: str, cwd: Path = ROOT, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program; what it printed stands in the failure."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        command, cwd=cwd, capture_output=True, text=True, check=False, env=_env()
    )
    if check and done.returncode:
        message = f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        raise AssertionError(message)
    return done


def _env() -> dict[str, str]:
    return os.environ | {"PYTHON": sys.executable, "PATH": f"{BIN}:{os.environ.get('PATH', '')}"}
