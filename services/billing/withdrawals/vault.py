"""Seals the numbers of bank accounts: readable with the installation's secret only."""

import hmac
from secrets import token_bytes
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.kit.secret import Secret

NONCE_BYTES: Final = 12


class NumberVault:
    """Keeps numbers with AES-256-GCM, and tells the same number again by a keyed hash."""

    def __init__(self, secret: Secret) -> None:
        self._cipher = AESGCM(secret.key("bank account numbers"))
        # Who can look numbers up can not read them.
        self._index_key = secret.key("bank account numbers, index")

    def seal(self, number: str, *, tenant_id: UUID, bank_account_id: UUID) -> bytes:
        """Give what may be stored; moved to another row or tenant it can not be opened."""
        nonce = token_bytes(NONCE_BYTES)
        bound = tenant_id.bytes + bank_account_id.bytes
        return nonce + self._cipher.encrypt(nonce, number.encode(), bound)

    def open(self, sealed: bytes, *, tenant_id: UUID, bank_account_id: UUID) -> str:
        """Give the number.

        :raises cryptography.exceptions.InvalidTag: where it is not what was sealed.
        """
        bound = tenant_id.bytes + bank_account_id.bytes
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound).decode()

    def index(self, number: str, *, tenant_id: UUID) -> bytes:
        return hmac.digest(self._index_key, tenant_id.bytes + number.encode(), "sha256")
