"""Talking to the centre about records and decisions: an answer counts only if it proves itself.

A truncated body can be a 200. So a receipt must echo our key and hash and bear the centre's signature.
"""

import base64
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import ValidationError

from services.enrolment_api.delivery.domain import Verdict
from services.enrolment_api.delivery.wire import (
    PROBLEM,
    SLOWEST_BYTES_PER_SECOND,
    Answer,
    ExchangeFailed,
    Wire,
    not_the_centre,
)
from services.enrolment_api.link.domain import Failure
from shared.clock import Clock
from shared.contracts.central import RecordEnvelope, Results, SignedReceipt
from shared.keys import SIGN_PUBLIC

DEADLINE = 10.0


@dataclass(frozen=True)
class Exchange:
    """What one exchange came to."""

    verdict: Verdict
    receipt: SignedReceipt | None = None
    failure: Failure | None = None
    retry_after: float | None = None
    reason: str = ""


class CentreClient:
    """The centre's API as this office uses it."""

    def __init__(
        self, *, base_url: str, clock: Clock, sign_key: Ed25519PublicKey, connections: int = 32
    ) -> None:
        self.wire = Wire(base_url=base_url, clock=clock, connections=connections)
        self._sign_key = sign_key

    @classmethod
    def from_directory(cls, *, base_url: str, clock: Clock, keys_dir: Path) -> "CentreClient":
        """With the centre's public key of this deployment."""
        key = load_pem_public_key((keys_dir / SIGN_PUBLIC).read_bytes())
        assert isinstance(key, Ed25519PublicKey)
        return cls(base_url=base_url, clock=clock, sign_key=key)

    async def close(self) -> None:
        """Close its connections."""
        await self.wire.close()

    async def send(self, envelope: RecordEnvelope, packet: bytes) -> Exchange:
        """Hand a record over; the same key and bytes any number of times are one record at the centre."""
        seconds = DEADLINE + len(packet) / SLOWEST_BYTES_PER_SECOND
        try:
            answer = await self.wire.exchange(
                "POST",
                "/central/v1/records",
                seconds,
                files={
                    "envelope": (None, envelope.model_dump_json().encode(), "application/json"),
                    "packet": ("packet.cbor", packet, "application/cbor"),
                },
                headers={"Idempotency-Key": envelope.key, "X-Office": envelope.office},
                point="forwarder.after-send",
            )
        except ExchangeFailed as failed:
            return failed_exchange(failed)
        if answer.status in {200, 201}:
            return self._receipt(answer, envelope.key, envelope.packet_sha256)
        if answer.media_type == PROBLEM and answer.status == 409:
            return Exchange(Verdict.CONFLICT, reason="the centre holds other bytes under this key")
        if answer.media_type == PROBLEM and answer.status in {400, 413, 415, 422}:
            return Exchange(Verdict.REJECTED, reason=f"rejected with {answer.status}")
        return failed_exchange(not_the_centre(answer))

    async def ask(self, key: str, packet_sha256: str, *, office: str) -> Exchange:
        """Ask for a record's receipt by its key: settles an unknown outcome."""
        try:
            answer = await self.wire.exchange(
                "GET", f"/central/v1/records/{key}", DEADLINE, headers={"X-Office": office}
            )
        except ExchangeFailed as failed:
            return failed_exchange(failed)
        if answer.status == 200:
            return self._receipt(answer, key, packet_sha256)
        if answer.status == 404 and answer.media_type == PROBLEM:
            return Exchange(Verdict.NOT_THERE)
        return failed_exchange(not_the_centre(answer))

    async def probe(self) -> Exchange:
        """Ask whether the centre is up."""
        try:
            answer = await self.wire.exchange("GET", "/central/v1/health", DEADLINE)
        except ExchangeFailed as failed:
            return failed_exchange(failed)
        if answer.status == 200 and answer.media_type == "application/json":
            return Exchange(Verdict.ACCEPTED)
        return failed_exchange(not_the_centre(answer))

    async def results(self, *, offices: list[str], after: str, wait: float) -> Results:
        """The centre's decisions after a cursor; waits up to `wait` seconds for one. Raises ExchangeFailed."""
        params: list[tuple[str, str | int | float | bool | None]] = [("office", office) for office in offices]
        params += [("after", after), ("wait", str(int(wait)))]
        answer = await self.wire.exchange("GET", "/central/v1/results", DEADLINE + wait, params=params)
        if answer.status != 200:
            raise not_the_centre(answer)
        try:
            return Results.model_validate_json(answer.body)
        except ValidationError as error:
            raise ExchangeFailed(Failure.BAD_ANSWER, sent=True) from error

    def _receipt(self, answer: Answer, key: str, packet_sha256: str) -> Exchange:
        try:
            receipt = SignedReceipt.model_validate_json(answer.body)
            if (receipt.key, receipt.packet_sha256) != (key, packet_sha256):
                raise ValueError("a receipt for another record")
            self._sign_key.verify(base64.b64decode(receipt.signature), receipt.signed_bytes())
        except (ValueError, InvalidSignature):
            return Exchange(
                Verdict.UNKNOWN, failure=Failure.BAD_ANSWER, reason="an answer that proves nothing"
            )
        return Exchange(Verdict.ACCEPTED, receipt=receipt)


def failed_exchange(failed: ExchangeFailed) -> Exchange:
    """What a failure means for what was being exchanged."""
    verdict = Verdict.UNKNOWN if failed.sent else Verdict.NOT_SENT
    if failed.failure is Failure.BUSY:
        verdict = Verdict.BUSY
    return Exchange(
        verdict, failure=failed.failure, retry_after=failed.retry_after, reason=failed.failure.value
    )
