"""One counter's day by REST, as an officer's client does it: plain requests, a key on every POST."""

import base64
import hashlib
import os
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.security import sign_token
from shared.testing.trio import Trio

OFFICE = "33.13.07"
MODALITIES = (
    "photo", "signature", *(f"finger-{hand}{number}" for hand in "lr" for number in range(1, 6)),
    "iris-left", "iris-right",
)  # fmt: skip


@dataclass
class Desk:
    """Counter 1 of Ngargoyoso."""

    trio: Trio
    counter: str = "1"
    served: int = 0
    recorded: list[dict[str, str]] = field(default_factory=list)
    """What clients were promised: `{key, receipt}` of every completed record."""
    at_counter: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        urls = (self.trio.queue_url, self.trio.enrolment_url, self.trio.control_url)
        self.queue, self.enrolment, self.control = (
            # no connection is kept: the services behind them are killed now and then
            httpx.Client(base_url=url, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
            for url in urls
        )
        self.officer = self.token("officer", OFFICE)
        self.ops = self.token("ops")

    def close(self) -> None:
        for client in (self.queue, self.enrolment, self.control):
            client.close()

    def token(self, role: str, *offices: str) -> str:
        return sign_token(
            self.trio.keys_dir, subject=f"{role}-e2e", roles=[role], offices=offices, lifetime=3600
        )

    def headers(self, token: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {token or self.officer}", "Idempotency-Key": str(uuid.uuid4())}

    def take_ticket(self) -> dict[str, Any]:
        answer = self.queue.post(
            f"/v1/offices/{OFFICE}/tickets", headers=self.headers(), json={"service": "ENROLMENT"}
        )
        return _json(answer, 201)

    def call_next(self) -> dict[str, Any] | None:
        answer = self.queue.post(
            f"/v1/offices/{OFFICE}/counters/{self.counter}/call-next", headers=self.headers()
        )
        return None if answer.status_code == 204 else _json(answer, 200)

    def free_counter(self) -> None:
        """As an officer does who wants the next citizen and sees the last one still there."""
        if self.at_counter is None or self.ticket(self.at_counter["code"])["state"] == "DONE":
            return
        path = f"/v1/tickets/{self.at_counter['id']}/finish"
        answer = self.queue.post(path, headers=self.headers())
        assert answer.status_code in {200, 409}, answer.text  # 409: the event was faster

    def act(self, ticket_id: str, action: str) -> dict[str, Any]:
        return _json(self.queue.post(f"/v1/tickets/{ticket_id}/{action}", headers=self.headers()), 200)

    def ticket(self, code: str) -> dict[str, Any]:
        return _json(self.queue.get(f"/v1/tickets/{code}"), 200)

    def draft(self, ticket_id: str | None) -> str:
        self.served += 1
        body = {
            "office": OFFICE,
            "nik": f"331307570808{self.served:04d}",
            "kind": "FIRST_TIME",
            "ticket_id": ticket_id,
            "biodata": {
                "name": "FITRIYANI",
                "birth_place": "Karanganyar",
                "birth_date": "2008-08-17",
                "sex": "FEMALE",
                "marital_status": "SINGLE",
                "address": "Kemuning",
                "religion": "ISLAM",
                "occupation": "PELAJAR",
                "nationality": "WNI",
            },
        }
        answer = self.enrolment.post("/v1/enrolments", headers=self.headers(), json=body)
        return str(_json(answer, 201)["id"])

    def capture_all(self, record: str) -> None:
        for modality in MODALITIES:
            self.capture(record, modality)
            if modality == "photo":
                path = f"/v1/enrolments/{record}/photo-approval"
                answer = self.enrolment.post(path, headers=self.headers(), json={"approved": True})
                _json(answer, 200)

    def capture(self, record: str, modality: str) -> None:
        content = os.urandom(600)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        answer = self.enrolment.put(
            f"/v1/enrolments/{record}/captures/{modality}?quality=80",
            content=content,
            headers={
                "Authorization": f"Bearer {self.officer}",
                "Content-Digest": f"sha-256=:{digest}:",
                "Content-Type": "application/octet-stream",
            },
        )
        assert answer.status_code < 300, answer.text

    def complete(self, record: str) -> dict[str, Any]:
        answer = self.enrolment.post(f"/v1/enrolments/{record}/complete", headers=self.headers())
        done = _json(answer, 200)
        self.recorded.append({"key": record, "receipt": done["receipt"]["code"]})
        return done

    def serve(self, *, to_the_end: bool = True) -> tuple[dict[str, Any], str]:
        """A citizen from the kiosk to the receipt, or all but that; the ticket is left to the event to finish."""
        self.free_counter()
        self.take_ticket()
        called = self.call_next()
        assert called is not None
        self.at_counter = called
        self.act(called["id"], "start")
        record = self.draft(called["id"])
        self.capture_all(record)
        if to_the_end:
            self.complete(record)
        return called, record

    def record(self, record: str) -> dict[str, Any]:
        return _json(self.enrolment.get(f"/v1/enrolments/{record}", headers=self.headers()), 200)

    def link(self) -> dict[str, Any]:
        return _json(self.enrolment.get("/v1/central-link", headers=self.headers()), 200)

    def centre(self, verb: str, **body: Any) -> None:
        answer = self.control.post(f"/control/v1/{verb}", headers=self.headers(self.ops), json=body or None)
        assert answer.status_code < 300, answer.text

    def set_clocks(self, start: str | None, speed: float = 1.0) -> None:
        for client in (self.queue, self.enrolment, self.control):
            answer = client.put(
                "/control/v1/clock", headers=self.headers(self.ops), json={"start": start, "speed": speed}
            )
            assert answer.status_code == 200, answer.text

    def verify(self) -> dict[str, Any]:
        """Ask the centre about every record a client holds a receipt of."""
        belief = {"keys": [each["key"] for each in self.recorded], "office": OFFICE}
        answer = self.control.post("/control/v1/verify", headers=self.headers(self.ops), json=belief)
        return _json(answer, 200)


def _json(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.text}"
    found: dict[str, Any] = answer.json()
    return found
