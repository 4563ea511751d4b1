"""The public keys of the identity provider, from a URL or a file."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from joserfc.jwk import ECKey

log = structlog.get_logger("gateway")

REFRESH_SECONDS = 600
# An unknown key id may be a new key or a forgery; forgeries must not make us ask all the time.
UNKNOWN_SECONDS = 60
FETCH_SECONDS = 5
DOCUMENT_BYTES_MAX = 256 * 1024


class KeyDirectory:
    """Finds a key by its id; keeps what it knows when the provider is away."""

    def __init__(self, source: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.source = source
        self._clock = clock
        self._keys: dict[str, ECKey] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def find(self, key_id: str) -> ECKey | None:
        """Give the key of this id, asking the provider again where that is due."""
        if key_id in self._keys and self._reading.locked():
            # Somebody is asking; a known key need not wait for the answer.
            return self._keys[key_id]
        if self._age > REFRESH_SECONDS:
            await self._refresh(older_than=REFRESH_SECONDS)
        elif key_id not in self._keys and self._age > UNKNOWN_SECONDS:
            await self._refresh(older_than=UNKNOWN_SECONDS)
        return self._keys.get(key_id)

    @property
    def _age(self) -> float:
        return self._clock() - self._read_at

    async def _refresh(self, *, older_than: float) -> None:
        async with self._reading:
            if self._age <= older_than:
                # Somebody else has just done it.
                return
            try:
                self._keys = _signing_keys(await self._read())
                # Not before: whoever comes meanwhile must wait for the answer.
                self._read_at = self._clock()
            except (OSError, ValueError, TimeoutError, aiohttp.ClientError) as error:
                log.warning("keys not read", source=self.source, error=repr(error))
                # Known keys stay good, and the next attempt is a minute away, not ten.
                self._read_at = self._clock() - (REFRESH_SECONDS - UNKNOWN_SECONDS)

    async def _read(self) -> Any:
        if not self.source.startswith(("https://", "http://")):
            return json.loads(await asyncio.to_thread(Path(self.source).read_bytes))
        timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(self.source, allow_redirects=False) as response,
        ):
            response.raise_for_status()
            body = await response.content.read(DOCUMENT_BYTES_MAX)
            return json.loads(body)


def _signing_keys(document: Any) -> dict[str, ECKey]:
    """Take the EC P-256 keys that have an id and may sign; leave all others."""
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("the document is no JSON Web Key Set")  # noqa: TRY004  # it was read, and is wrong
    keys: dict[str, ECKey] = {}
    for entry in document["keys"]:
        if (
            isinstance(entry, dict)
            and entry.get("kty") == "EC"
            and entry.get("crv") == "P-256"
            and entry.get("use", "sig") == "sig"
            and isinstance(entry.get("kid"), str)
        ):
            public = {name: entry[name] for name in ("kty", "crv", "x", "y") if name in entry}
            keys[entry["kid"]] = ECKey.import_key(public)
    return keys
