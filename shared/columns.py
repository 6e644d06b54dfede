"""PII columns at rest: AES-256-GCM bound to the row, lookups by keyed hash."""

import hashlib
import hmac
import os
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.keys import COLUMN_KEY, LOOKUP_KEY

NONCE_BYTES = 12
# The first byte of every value names its key, so that a new key can be brought in beside the old.
KEY_ID = b"\x01"


class ColumnCipher:
    """Encrypts values for one row each; the same value looks different in every row."""

    def __init__(self, column_key: bytes, lookup_key: bytes) -> None:
        self._aead = AESGCM(column_key)
        self._lookup_key = lookup_key

    @classmethod
    def from_directory(cls, keys_dir: Path) -> "ColumnCipher":
        """With this deployment's keys."""
        column, lookup = ((keys_dir / name).read_text().strip() for name in (COLUMN_KEY, LOOKUP_KEY))
        return cls(bytes.fromhex(column), bytes.fromhex(lookup))

    def encrypt(self, value: str, *, row: str) -> bytes:
        """The value, readable only as part of this row."""
        nonce = os.urandom(NONCE_BYTES)
        return KEY_ID + nonce + self._aead.encrypt(nonce, value.encode(), row.encode())

    def decrypt(self, stored: bytes, *, row: str) -> str:
        """The value back. Raises cryptography's InvalidTag when it was moved or changed."""
        nonce, sealed = stored[1 : 1 + NONCE_BYTES], stored[1 + NONCE_BYTES :]
        return self._aead.decrypt(nonce, sealed, row.encode()).decode()

    def lookup(self, value: str) -> str:
        """What to find the value by: HMAC-SHA256, hex."""
        return hmac.new(self._lookup_key, value.encode(), hashlib.sha256).hexdigest()
