"""Where files are kept: what is asked of such a place, and a folder as one."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, Protocol
from uuid import uuid4

# What a client's connection carries at once (reliability.md 5.2).
CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written."""

    byte_count: int
    sha256: bytes


class Storage(Protocol):
    """Keeps files by names with slashes in them; a file is there whole or not at all."""

    async def write(self, name: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Write a file, or write it again; when this returns it outlives a loss of power."""
        ...

    def read(self, name: str) -> AsyncIterator[bytes]:
        """Give a file in chunks of CHUNK_BYTES."""
        ...

    async def delete(self, folder: str) -> None:
        """Delete all files whose names begin with a folder's, if there are any."""
        ...


class DirectoryStorage:
    """Keeps files in a folder of this machine, or of one that all replicas share."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def write(self, name: str, chunks: AsyncIterator[bytes]) -> Stored:
        path = self._root / name
        unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
        await asyncio.to_thread(path.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
        digest, count = sha256(), 0
        try:
            with await asyncio.to_thread(unfinished.open, "xb") as file:
                async for chunk in chunks:
                    await asyncio.to_thread(file.write, chunk)
                    digest.update(chunk)
                    count += len(chunk)
                await asyncio.to_thread(_settle, file)
            await asyncio.to_thread(_publish, unfinished, path)
        finally:
            await asyncio.to_thread(unfinished.unlink, missing_ok=True)
        return Stored(count, digest.digest())

    async def read(self, name: str) -> AsyncIterator[bytes]:
        with await asyncio.to_thread((self._root / name).open, "rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk

    async def delete(self, folder: str) -> None:
        path = self._root / folder
        if await asyncio.to_thread(path.exists):
            await asyncio.to_thread(shutil.rmtree, path)


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _publish(unfinished: Path, path: Path) -> None:
    """Give a file its name, for good."""
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
