"""An officer's desk for tests: the calls of a recording, as a client at the counter makes them."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from services.enrolment_api.recording.domain import ALL_MODALITIES
from shared.contracts.envelope import Event, EventData
from shared.security import sign_token

NGARGOYOSO, KARANGANYAR, JEPARA = "33.13.07", "33.13", "33.20"
NIK = "3313074506980001"  # a woman born on 5 June 1998
BIODATA: dict[str, Any] = {
    "name": "Fitriyani Wulandari",
    "birth_place": "KARANGANYAR",
    "birth_date": "1998-06-05",
    "sex": "FEMALE",
    "marital_status": "SINGLE",
    "address": "Kemuning RT 02 RW 03",
    "religion": "ISLAM",
    "occupation": "PELAJAR/MAHASISWA",
    "nationality": "INDONESIA",
}


def start_body(**changes: Any) -> dict[str, Any]:
    """A draft's request; `biodata` changes are merged in."""
    biodata = BIODATA | changes.pop("biodata", {})
    return {"office": NGARGOYOSO, "nik": NIK, "biodata": biodata, "kind": "FIRST_TIME"} | changes


def digest_of(content: bytes) -> str:
    """The Content-Digest of those bytes."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


@dataclass
class Desk:
    """One signed-in member of staff."""

    http: httpx.AsyncClient
    keys: Path
    subject: str = "suparyanti"
    roles: tuple[str, ...] = ("officer",)
    offices: tuple[str, ...] = (NGARGOYOSO,)
    lifetime: float = 3600.0
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.token = sign_token(
            self.keys, subject=self.subject, roles=self.roles, offices=self.offices, lifetime=self.lifetime
        )

    def other(self, **changes: Any) -> "Desk":
        """Somebody else at the same service."""
        return Desk(self.http, self.keys, **({"subject": "suprayanti"} | changes))

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """GET, signed in."""
        return await self.http.get(path, params=params, headers=self._headers())

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
        """POST under a key of its own unless one is given."""
        headers = self._headers() | {"Idempotency-Key": key or str(uuid4())}
        return await self.http.post(path, json=body, headers=headers)

    async def start(self, **changes: Any) -> str:
        """A draft's id."""
        answer = await self.post("/v1/enrolments", start_body(**changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def capture(
        self, record_id: str, modality: str, content: bytes = b"", **headers: str
    ) -> httpx.Response:
        """One reading of a device."""
        content = content or f"{modality} of {record_id}".encode()
        given = {"Content-Digest": digest_of(content), "Content-Type": "application/octet-stream"} | headers
        return await self.http.put(
            f"/v1/enrolments/{record_id}/captures/{modality}",
            params={"quality": "80"},
            content=content,
            headers=self._headers() | {name: value for name, value in given.items() if value},
        )

    async def approve(self, record_id: str) -> httpx.Response:
        """The applicant likes the photo."""
        return await self.post(f"/v1/enrolments/{record_id}/photo-approval", {"approved": True})

    async def photographed(self, **changes: Any) -> str:
        """A draft whose photo is approved."""
        record_id = await self.start(**changes)
        assert (await self.capture(record_id, "photo")).status_code == 200
        assert (await self.approve(record_id)).status_code == 200
        return record_id

    async def captured(self, *, without: tuple[str, ...] = (), **changes: Any) -> str:
        """A draft with everything captured but what is left out."""
        record_id = await self.photographed(**changes)
        for modality in ALL_MODALITIES:
            if modality != "photo" and modality not in without:
                assert (await self.capture(record_id, modality)).status_code == 200
        return record_id

    async def complete(self, record_id: str, *, key: str | None = None) -> httpx.Response:
        """The promise."""
        return await self.post(f"/v1/enrolments/{record_id}/complete", key=key)

    async def recorded(self, **changes: Any) -> dict[str, Any]:
        """A completed record's answer."""
        answer = await self.complete(await self.captured(**changes))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem of a refusal, checked for its shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"urn:ektp:problem:{kind}", body
    assert body["status"] == status
    assert body["correlation_id"]
    return body


def event(subject: str, data: EventData, *, office: str = NGARGOYOSO, sequence: int = 1) -> Event:
    """An event of queue_api, as the consumer hands it over."""
    return Event(
        id=str(uuid4()),
        source="queue_api",
        type=data.event_type,
        subject=subject,
        time=datetime(2016, 9, 16, 3, 0, tzinfo=UTC),
        sequence=sequence,
        office=office,
        data=data.model_dump(mode="json"),
    )
