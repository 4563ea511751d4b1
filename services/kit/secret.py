"""A secret of an installation, and the keys that are derived from it, one for each purpose."""

from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

BYTES_MIN: Final = 32


class Secret:
    """Knows one secret; who gets a key of it learns nothing of the other keys."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < BYTES_MIN:
            message = f"a secret needs at least {BYTES_MIN} bytes"
            raise ValueError(message)
        self._secret = secret

    @classmethod
    def from_file(cls, path: Path) -> Self:
        return cls(path.read_bytes().strip())

    def key(self, purpose: str) -> bytes:
        """Derive the key of 32 bytes for a purpose, the same each time."""
        derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
        return derivation.derive(self._secret)
