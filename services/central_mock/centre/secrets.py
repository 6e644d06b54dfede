"""The centre's private keys: it opens packets, signs receipts, and knows a person by a keyed hash of the NIK."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shared.contracts.central import CentreKeys, SignedReceipt
from shared.keys import SEAL_PRIVATE, SIGN_PRIVATE
from shared.packets import Opener


@dataclass(frozen=True)
class CentreSecrets:
    """What only the centre can do."""

    opener: Opener
    public: CentreKeys
    _sign: Ed25519PrivateKey
    _person: bytes

    @classmethod
    def from_directory(cls, keys_dir: Path) -> "CentreSecrets":
        """With the private halves that set-up made."""
        seal = serialization.load_pem_private_key((keys_dir / SEAL_PRIVATE).read_bytes(), None)
        sign = serialization.load_pem_private_key((keys_dir / SIGN_PRIVATE).read_bytes(), None)
        assert isinstance(seal, X25519PrivateKey)
        assert isinstance(sign, Ed25519PrivateKey)
        public = CentreKeys(
            seal=_text(seal.public_key().public_bytes_raw()), sign=_text(sign.public_key().public_bytes_raw())
        )
        person = hashlib.blake2b(seal.private_bytes_raw(), digest_size=32, person=b"ektp-person").digest()
        return cls(Opener(seal), public, sign, person)

    def person(self, nik: str) -> str:
        """Who a NIK is, without saying it."""
        return hashlib.blake2b(nik.encode(), digest_size=32, key=self._person).hexdigest()

    def receipt(self, *, number: str, key: str, packet_sha256: str, at: datetime) -> SignedReceipt:
        """A receipt with the centre's signature."""
        unsigned = SignedReceipt(
            receipt_number=number, key=key, packet_sha256=packet_sha256, received_at=at, signature=""
        )
        return unsigned.model_copy(update={"signature": _text(self._sign.sign(unsigned.signed_bytes()))})


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
