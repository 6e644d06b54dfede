"""What a client meets of a centre that means something else than it says, read off bare sockets and told in a line."""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.contracts.central import SignedReceipt
from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre
from tests.integration.central_mock.faults.wire import Seen, exchange
from tests.integration.central_mock.office import NGARGOYOSO, Prepared

PERSONS = count(1)
SKEWED = 60.0
"""Seconds from which a time counts as wrong."""

SetRule = Callable[[Prepared], Awaitable[None]]


@dataclass
class Story:
    """One record, or the two of a file, from the first request to the last decision."""

    centre: RunningCentre
    after: str = ""
    receipt: dict[str, Any] | None = None
    words: list[str] = field(default_factory=list)

    async def begin(self) -> None:
        """From here on decisions are looked at."""
        await self.centre.decide_at_once()
        self.after = (await self._results())["next_after"]

    def record(self) -> Prepared:
        """Of a person nobody else is."""
        return self.centre.office.prepare(nik=f"33130757080{next(PERSONS):05d}")

    async def _results(self) -> dict[str, Any]:
        params = {"office": NGARGOYOSO, "after": self.after}
        found: dict[str, Any] = (await self.centre.api.get("/central/v1/results", params=params)).json()
        return found

    async def send(self, record: Prepared, what: str = "sent") -> None:
        """POST it."""
        seen = await exchange(self.centre.port, record.raw_request())
        self.words.append(f"{what}: {await self._answer(seen, record)}")

    async def ask(self, record: Prepared, what: str = "asked") -> None:
        """GET it by its key."""
        head = f"GET /central/v1/records/{record.key} HTTP/1.1\r\nHost: centre\r\n\r\n"
        seen = await exchange(self.centre.port, head.encode())
        self.words.append(f"{what}: {await self._answer(seen, record)}")

    async def carry(self, *records: Prepared) -> None:
        """POST a file of them."""
        file = {
            "version": 1,
            "records": [
                {"envelope": each.envelope, "packet": base64.b64encode(each.packet).decode()}
                for each in records
            ],
        }
        body = json.dumps(file).encode()
        head = (
            "POST /central/v1/imports HTTP/1.1\r\nHost: centre\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        seen = await exchange(self.centre.port, head.encode() + body)
        self.words.append(f"file of {len(records)} sent: {seen.sentence().split(',')[0]}")

    async def _answer(self, seen: Seen, record: Prepared) -> str:
        if not seen.head:
            return seen.sentence()
        status = seen.sentence().split(",")[0]
        if status not in {"200", "201"}:
            return status
        return ", ".join([status, *await self._receipt(json.loads(seen.body), record), *_date(seen)])

    async def _receipt(self, receipt: dict[str, Any], record: Prepared) -> list[str]:
        words = []
        if receipt["key"] != record.key:
            words.append("the receipt of another record")
        if receipt["packet_sha256"] != record.sha256:
            words.append("the receipt has another hash")
        if not await self._is_signed(receipt):
            words.append("the signature is wrong")
        if off := _off(datetime.fromisoformat(receipt["received_at"])):
            words.append(f"received_at is {off}")
        first, self.receipt = self.receipt or receipt, self.receipt or receipt
        if first["receipt_number"] != receipt["receipt_number"]:
            words.append("another receipt than before")
        return words or ["a good receipt"]

    async def _is_signed(self, receipt: dict[str, Any]) -> bool:
        key = self.centre.runtime.secrets.public.sign
        try:
            Ed25519PublicKey.from_public_bytes(base64.b64decode(key)).verify(
                base64.b64decode(receipt["signature"]), SignedReceipt.model_validate(receipt).signed_bytes()
            )
        except InvalidSignature:
            return False
        return True

    async def decided(self, record: Prepared, what: str, *, at_least: int) -> None:
        """Read the decisions, once so many have come."""
        found: list[dict[str, Any]] = []

        async def come() -> bool:
            found[:] = (await self._results())["results"]
            return len(found) >= at_least

        await eventually(come, saying=f"{at_least} decisions, {what}")
        told = [
            each["decision"] if each["key"] == record.key else "one of a record that was never sent"
            for each in found
        ]
        self.words.append(f"{what}: {', then '.join(told) or 'nothing'}")


def _date(seen: Seen) -> list[str]:
    date = seen.header("date")
    off = _off(parsedate_to_datetime(date)) if date else ""
    return [f"Date is {off}"] if off else []


def _off(told: datetime) -> str:
    seconds = (told - datetime.now(UTC)).total_seconds()
    if abs(seconds) < SKEWED:
        return ""
    return f"{round(abs(seconds) / 60)} minutes {'ahead' if seconds > 0 else 'behind'}"
