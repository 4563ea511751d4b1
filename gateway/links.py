"""Links to files: whoever has one gets the file for a quarter of an hour, as who asked for it."""

import binascii
import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from services.kit.identity import Principal

LIFE: Final = timedelta(minutes=15)


class LinkRefused(Exception):
    """The link was not made here, or too long ago, or for another file."""


class Links:
    """Makes links and reads them; all gateways of an installation do so alike.

    A link is sealed, not only signed: it says who asked, which is nobody's business.
    """

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(hashlib.sha512(b"links to files|" + secret).digest())

    @classmethod
    def from_signing_key(cls, path: Path) -> Self:
        """Derive the secret from the key that this workload signs with."""
        return cls(str(json.loads(path.read_text())["d"]).encode())

    def path_to(self, id_: str, *, principal: Principal, now: datetime) -> str:
        """Link to the file of an export."""
        claims = {"exp": int((now + LIFE).timestamp()), "who": principal.to_claims()}
        sealed = self._cipher.encrypt(orjson.dumps(claims), [id_.encode()])
        return f"/exports/{id_}?ticket={urlsafe_b64encode(sealed).rstrip(b'=').decode()}"

    def read(self, id_: str, ticket: str, *, now: datetime) -> Principal:
        """Tell who asked for the file of an export.

        :raises LinkRefused: always with the same text; why is nobody's business.
        """
        try:
            sealed = urlsafe_b64decode(ticket.encode("ascii") + b"=" * (-len(ticket) % 4))
            claims = orjson.loads(self._cipher.decrypt(sealed, [id_.encode()]))
        except (ValueError, binascii.Error, InvalidTag):
            raise LinkRefused("the link is not valid, or not any more") from None
        if datetime.fromtimestamp(claims["exp"], tz=UTC) <= now:
            raise LinkRefused("the link is not valid, or not any more")
        return Principal.from_claims(claims["who"] | {"act": "gateway"})
