"""A recording at the counter: draft, photo, approval, fingers and eyes, and the receipt that is the promise."""

import asyncio
import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.clients.caller import PATIENT, Caller, Told
from tests.chaos.clients.office import ANOTHER

READ_TOGETHER = (
    ("signature",),
    ("finger-l2", "finger-l3", "finger-l4", "finger-l5"), ("finger-r2", "finger-r3", "finger-r4", "finger-r5"),
    ("finger-l1", "finger-r1"), ("iris-left", "iris-right"),
)  # fmt: skip
"""What a device reads at once is sent at once: four fingers, two thumbs, two eyes."""
EXCEPTED = 0.006
LOOKED_AT = 0.15
ASKED_AGAIN = 0.15
MOST_ROUNDS = 5
BIODATA = {
    "name": "FITRIYANI", "birth_place": "Karanganyar", "birth_date": "2008-08-17", "sex": "FEMALE",
    "marital_status": "SINGLE", "address": "Kemuning", "religion": "ISLAM", "occupation": "PELAJAR",
    "nationality": "WNI",
}  # fmt: skip


@dataclass
class Recording:
    """One citizen before one officer."""

    caller: Caller
    office: str
    nik: str
    ticket: str | None
    foreign_token: str
    record: str = ""
    completion: str = ""
    """The key under which it is completed, and asked for again."""
    sent: dict[str, str] = field(default_factory=dict)
    """SHA-256 of what each device read, as the client saw it."""

    async def run(self) -> Told:
        """From the draft to the receipt; what completing it came to."""
        draft = {
            "office": self.office,
            "nik": self.nik,
            "kind": "FIRST_TIME",
            "ticket_id": self.ticket,
            "biodata": BIODATA,
        }
        begun = await self._post("draft", "/v1/enrolments", draft, ticket=self.ticket)
        if not begun.ok:
            return begun
        self.record = begun.body["id"]
        for _ in range(MOST_ROUNDS):
            self.completion = self.caller.new_key()
            captured = await self._capture_all()
            if not captured:
                return Told("info")
            done = await self._complete()
            if done.status not in {409, 422}:  # a photo that came late takes the approval back
                return done
        return Told("info")

    async def _capture_all(self) -> bool:
        """Photo, approval, then the rest; False when something was not answered, or refused."""
        if not await self._capture("photo"):
            return False
        path = f"/v1/enrolments/{self.record}"
        if not (
            await self._post("approve", f"{path}/photo-approval", {"approved": True}, record=self.record)
        ).ok:
            return False
        for together in READ_TOGETHER:
            if not all(await asyncio.gather(*map(self._read, together))):
                return False
        return True

    async def _read(self, modality: str) -> bool:
        """One reading, or the exception in its place."""
        if not (modality.startswith("finger") and self.caller.dice.random() < EXCEPTED):
            return await self._capture(modality)
        reason = {"modality": modality, "reason": "finger is missing", "approved_by": "supervisor-chaos"}
        told = await self._post(
            "except", f"/v1/enrolments/{self.record}/exceptions", reason, record=self.record
        )
        if told.ok:
            self.sent.pop(modality, None)
        return told.ok

    async def _capture(self, modality: str) -> bool:
        # the same bytes whenever it is sent, for a try that was given up may still arrive
        content = f"{modality} of {self.record} ".encode() * 4
        digest = hashlib.sha256(content)
        told = await self.caller.do(
            "capture", "PUT", "enrolment", f"/v1/enrolments/{self.record}/captures/{modality}?quality=80",
            {"office": self.office, "record": self.record, "modality": modality, "sha256": digest.hexdigest()},
            patience=PATIENT, data=content,
            headers={
                "Content-Digest": f"sha-256=:{base64.b64encode(digest.digest()).decode()}:",
                "Content-Type": "application/octet-stream",
            },
        )  # fmt: skip
        if told.ok:
            self.sent[modality] = digest.hexdigest()
        return told.ok

    async def _complete(self) -> Told:
        return await self._post(
            "complete", f"/v1/enrolments/{self.record}/complete", patience=self._patience(), key=self.completion,
            record=self.record, ticket=self.ticket, sent=self.sent,
        )  # fmt: skip

    async def afterwards(self, receipt: dict[str, Any]) -> None:
        """What citizens and officers do with a receipt now and then: look, ask again, show it where it is unknown."""
        dice = self.caller.dice
        if dice.random() < ASKED_AGAIN:
            await self._complete()
        if dice.random() < LOOKED_AT:
            await self.caller.get(
                "receipt", "enrolment", f"/v1/receipts/{receipt['code']}", record=self.record
            )
        if dice.random() < LOOKED_AT / 3:
            await self.caller.do(
                "foreign", "GET", "enrolment", f"/v1/enrolments/{self.record}",
                {"office": ANOTHER[self.office], "record": self.record}, patience=5.0,
                headers={"Authorization": f"Bearer {self.foreign_token}"},
            )  # fmt: skip

    def _patience(self) -> float:
        """Now and then somebody has to go before the answer comes: then nobody knows."""
        return 2.0 if self.caller.dice.random() < 0.04 else PATIENT

    async def _post(
        self,
        what: str,
        path: str,
        body: Any = None,
        *,
        patience: float = PATIENT,
        key: str = "",
        **about: Any,
    ) -> Told:
        return await self.caller.post(
            what, "enrolment", path, body, patience=patience, key=key, office=self.office, **about
        )
