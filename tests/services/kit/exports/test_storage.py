"""A folder as a storage: files are there whole or not at all."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from services.kit.exports.storage import CHUNK_BYTES, DirectoryStorage


async def given(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def broken() -> AsyncIterator[bytes]:
    yield b"half of "
    raise RuntimeError("the power is gone")


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*")]


async def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    storage, data = DirectoryStorage(tmp_path), b"x" * (CHUNK_BYTES + 1)

    stored = await storage.write("a/b/file", given(data[:10], data[10:]))
    chunks = [chunk async for chunk in storage.read("a/b/file")]

    assert (stored.byte_count, stored.sha256) == (len(data), sha256(data).digest())
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) == CHUNK_BYTES


async def test_a_file_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path)

    with pytest.raises(RuntimeError):
        await storage.write("a/file", broken())

    assert names(tmp_path) == ["a"]


async def test_a_file_can_be_written_again(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path)
    await storage.write("file", given(b"first"))

    await storage.write("file", given(b"second"))

    assert (tmp_path / "file").read_bytes() == b"second"


async def test_a_folder_is_deleted_and_can_be_deleted_again(tmp_path: Path) -> None:
    storage = DirectoryStorage(tmp_path)
    await storage.write("a/file", given(b"x"))
    await storage.write("b/file", given(b"y"))

    await storage.delete("a")
    await storage.delete("a")

    assert names(tmp_path) == ["b", "file"]
