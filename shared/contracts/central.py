"""The centre's wire format, as both ends read it: envelope, receipt, results, reconciliation.

The packet is CBOR with sealed parts (`shared/packets.py`); only the centre can open it.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from shared.contracts.offices import OfficeCode

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
RecordKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True)


class RecordEnvelope(_Wire):
    """What travels in the open beside the sealed packet: nothing that names a person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: RecordKey
    """The record's id at the office; also the Idempotency-Key."""
    office: OfficeCode
    kind: str
    captured_at: AwareDatetime
    packet_sha256: Sha256
    packet_bytes: int
    supersedes: RecordKey | None = None


class SignedReceipt(_Wire):
    """The centre's word that it holds the record; `signature` is Ed25519 over `signed_bytes`, base64."""

    receipt_number: str
    key: RecordKey
    packet_sha256: Sha256
    received_at: AwareDatetime
    signature: str

    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        fields = [self.receipt_number, self.key, self.packet_sha256, self.received_at.isoformat()]
        return "\n".join(["ektp-receipt-v1", *fields]).encode()


class Decision(StrEnum):
    """What the uniqueness check came to, in SIAK's words."""

    PRINT_READY_RECORD = "PRINT_READY_RECORD"
    DUPLICATE_RECORD = "DUPLICATE_RECORD"
    ADJUDICATE_RECORD = "ADJUDICATE_RECORD"
    ENROLL_FAILURE_AT_CENTRAL = "ENROLL_FAILURE_AT_CENTRAL"


class Result(_Wire):
    """One decision; `cursor` orders results and is given back as `after`."""

    cursor: str
    key: RecordKey
    office: OfficeCode
    decision: Decision
    decided_at: AwareDatetime
    reason: str = ""


class Results(_Wire):
    """The decisions after a cursor, oldest first; `next_after` is the cursor to ask with next."""

    results: list[Result]
    next_after: str


class ReconciliationEntry(_Wire):
    """One record the office says it sent."""

    key: RecordKey
    sha256: Sha256


class ReconciliationRequest(_Wire):
    """An office's day as the office knows it."""

    office: OfficeCode
    date: date
    entries: Annotated[list[ReconciliationEntry], Field(max_length=20_000)]


class Reconciliation(_Wire):
    """What the two sides do not agree on, by key."""

    missing: list[str]
    mismatched: list[str]
    unexpected: list[str]


class CentreKeys(_Wire):
    """The centre's public keys, base64 of the raw 32 bytes."""

    seal: str
    """X25519: packets are sealed to it."""
    sign: str
    """Ed25519: receipts are signed with it."""
