"""The calls a replayed day makes, one method each, named for what the person at the desk does."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any

from services.ektp.replay.client import Caller, Service, TrioClient


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody who signs in at the replayed office."""

    kiosk: Caller
    officer: Caller
    supervisor: Caller
    ops: Caller


class Hall:
    """queue_api, as the kiosk, the display, the counters and the supervisor use it."""

    def __init__(self, client: TrioClient, staff: Staff, office: str) -> None:
        self._client = client
        self._staff = staff
        self._path = f"/v1/offices/{office}"

    async def office(self) -> dict[str, Any]:
        """The office as it is configured."""
        found: dict[str, Any] = await self._client.get(Service.QUEUE, self._path)
        return found

    async def configure(self, office: dict[str, Any]) -> None:
        """Put the office's whole configuration."""
        await self._client.put(Service.QUEUE, self._path, self._staff.supervisor, json=office)

    async def take_ticket(self) -> dict[str, Any]:
        """A citizen presses the button for a recording."""
        answer = await self._client.post(
            Service.QUEUE, f"{self._path}/tickets", self._staff.kiosk, {"service": "ENROLMENT"}
        )
        ticket: dict[str, Any] = answer.json()
        return ticket

    async def ticket(self, code: str) -> dict[str, Any]:
        """What the citizen's own page says."""
        found: dict[str, Any] = await self._client.get(Service.QUEUE, f"/v1/tickets/{code}")
        return found

    async def call_next(self, counter: int) -> dict[str, Any] | None:
        """The next ticket for this counter; None when nobody may be called."""
        answer = await self._client.post(
            Service.QUEUE,
            f"{self._path}/counters/{counter}/call-next",
            self._staff.officer,
            {"services": ["ENROLMENT"]},
        )
        if answer.status_code == HTTPStatus.NO_CONTENT:
            return None
        ticket: dict[str, Any] = answer.json()
        return ticket

    async def act(self, ticket_id: str, action: str) -> dict[str, Any]:
        """Start, finish and the like. Raises Refused from a state that does not allow it."""
        answer = await self._client.post(
            Service.QUEUE, f"/v1/tickets/{ticket_id}/{action}", self._staff.officer
        )
        ticket: dict[str, Any] = answer.json()
        return ticket

    async def board(self) -> dict[str, Any]:
        """What the waiting room shows for recordings, with the office's outage beside it."""
        board: dict[str, Any] = await self._client.get(Service.QUEUE, f"{self._path}/board")
        rows = board["services"]
        row = (
            rows["ENROLMENT"]
            if isinstance(rows, dict)
            else next(r for r in rows if r["service"] == "ENROLMENT")
        )
        return {**row, "outage": board.get("outage")}

    async def day(self, day: date) -> dict[str, Any]:
        """The day's account."""
        found: dict[str, Any] = await self._client.get(
            Service.QUEUE, f"{self._path}/days/{day}", self._staff.officer
        )
        return found

    async def close_day(self, day: date) -> None:
        """Closing time."""
        await self._client.post(Service.QUEUE, f"{self._path}/days/{day}/close", self._staff.supervisor)

    async def outages(self) -> list[dict[str, Any]]:
        """The office's outage ledger, the first page of it."""
        page = await self._client.get(Service.QUEUE, f"{self._path}/outages", self._staff.officer)
        items: list[dict[str, Any]] = page["items"]
        return items


class Recording:
    """enrolment_api, as the officer at the camera uses it."""

    def __init__(self, client: TrioClient, staff: Staff, office: str) -> None:
        self._client = client
        self._officer = staff.officer
        self._office = office

    async def draft(self, nik: str, biodata: dict[str, str], ticket_id: str) -> str:
        """Begin a recording; its id."""
        body = {
            "office": self._office,
            "nik": nik,
            "biodata": biodata,
            "kind": "FIRST_TIME",
            "ticket_id": ticket_id,
        }
        answer = await self._client.post(Service.ENROLMENT, "/v1/enrolments", self._officer, body)
        return str(answer.json()["id"])

    async def capture(self, enrolment: str, modality: str, content: bytes) -> None:
        """Store what a device read."""
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        headers = {"Content-Digest": f"sha-256=:{digest}:", "Content-Type": "application/octet-stream"}
        path = f"/v1/enrolments/{enrolment}/captures/{modality}"
        await self._client.put(
            Service.ENROLMENT, path, self._officer, content=content, params={"quality": "80"}, headers=headers
        )

    async def approve_photo(self, enrolment: str) -> None:
        """The applicant has seen the photo and likes it."""
        await self._client.post(
            Service.ENROLMENT, f"/v1/enrolments/{enrolment}/photo-approval", self._officer
        )

    async def complete(self, enrolment: str) -> str:
        """The receipt's number: the recording is on disk."""
        answer = await self._client.post(
            Service.ENROLMENT, f"/v1/enrolments/{enrolment}/complete", self._officer
        )
        return str(answer.json()["receipt"]["number"])

    async def records(self, day: date) -> list[dict[str, Any]]:
        """All records of the office's day, page by page."""
        records: list[dict[str, Any]] = []
        wanted: dict[str, str] = {"office": self._office, "date": str(day), "limit": "200"}
        while True:
            page = await self._client.get(Service.ENROLMENT, "/v1/enrolments", self._officer, params=wanted)
            records += page["items"]
            if not page["next_cursor"]:
                return records
            wanted["cursor"] = page["next_cursor"]

    async def link(self) -> dict[str, Any]:
        """The link to the centre as the officer's screen shows it."""
        found: dict[str, Any] = await self._client.get(Service.ENROLMENT, "/v1/central-link", self._officer)
        return found


class Centre:
    """central_mock's control port: the engineer who lets the centre fail, and its own account."""

    def __init__(self, client: TrioClient, staff: Staff) -> None:
        self._client = client
        self._ops = staff.ops

    async def offline(self, mode: str, length: timedelta) -> None:
        """The centre is away for so long of its own clock."""
        body = {"mode": mode, "for": f"PT{int(length.total_seconds())}S"}
        await self._client.post(Service.CONTROL, "/control/v1/offline", self._ops, body)

    async def online(self) -> None:
        """The centre is back."""
        await self._client.post(Service.CONTROL, "/control/v1/online", self._ops)

    async def verify(self, belief: dict[str, Any]) -> dict[str, Any]:
        """What the centre has of the believed records, how often, and what it has beside them."""
        answer = await self._client.post(Service.CONTROL, "/control/v1/verify", self._ops, belief)
        found: dict[str, Any] = answer.json()
        return found
