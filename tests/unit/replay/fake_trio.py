"""A trio of one small app in memory: enough of the contract to play a day in seconds, with faults to plant."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response

from services.ektp.replay.engine import Stage
from services.ektp.running import RunningTrio
from shared.clock import SystemClock
from shared.contracts.offices import Office

OFFICE = {
    "code": "33.13.07",
    "name": "Kecamatan Ngargoyoso",
    "kind": "KECAMATAN",
    "time_zone": "Asia/Jakarta",
    "services": ["ENROLMENT", "CARD_PICKUP"],
    "counters": [{"name": "9", "services": ["CARD_PICKUP"]}],
    "hours": [],
}
URL = "http://trio"
SERVICES = ("queue_api", "enrolment_api", "central_control")


class FakeRunningTrio(RunningTrio):
    """Tokens that name their role, so that the fake needs no keys."""

    def token(self, roles: Any, offices: Any, *, subject: str = "ektp", hours: float = 1) -> str:
        return str(next(iter(roles)))


@dataclass
class FakeTrio:
    """One office's line, its records and the centre."""

    clock: SystemClock = field(default_factory=SystemClock)
    office: dict[str, Any] = field(default_factory=lambda: dict(OFFICE))
    record_offline: bool = True
    tickets: list[dict[str, Any]] = field(default_factory=list)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    away_until: datetime | None = None
    ledger: list[dict[str, str]] = field(default_factory=list)
    closed: bool = False
    loses: set[str] = field(default_factory=set)
    unhealthy: int = 0
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    clock_settings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def away(self) -> bool:
        return self.away_until is not None and self.clock.now() < self.away_until

    @property
    def held(self) -> bool:
        return self.away and not self.record_offline

    def stage(self) -> Stage:
        transport = httpx.ASGITransport(app=app_of(self))
        return Stage(FakeRunningTrio(dict.fromkeys(SERVICES, URL), Path(), None), transport)

    def find(self, key: str, value: str) -> dict[str, Any]:
        return next(ticket for ticket in self.tickets if ticket[key] == value)

    def tick(self) -> None:
        """What the services do by themselves: hold, release, deliver."""
        for ticket in self.tickets:
            if self.held and ticket["state"] in {"CALLED", "SERVING"}:
                ticket["state"] = "HELD"
            elif not self.away and ticket["state"] == "HELD" and not self.closed:
                ticket |= {"state": "WAITING", "first": True}
        for record in self.records.values():
            if record["captured"] and record["delivery"] != "ACKNOWLEDGED" and not self.away:
                record |= {"delivery": "ACKNOWLEDGED", "sent_at": self.clock.now().isoformat()}

    def call_next(self) -> dict[str, Any] | None:
        waiting = [ticket for ticket in self.tickets if ticket["state"] == "WAITING"]
        if not waiting or self.held:
            return None
        ticket = min(waiting, key=lambda each: (not each.get("first"), int(each["number"][1:])))
        ticket["state"] = "CALLED"
        return ticket

    def complete(self, record: dict[str, Any]) -> dict[str, Any]:
        record["captured"] = True
        self.find("id", record["ticket_id"])["state"] = "DONE"
        return {"status": "BIO_CAPTURED", "receipt": {"number": f"R-{record['id']}", "code": "x"}}

    def close_day(self) -> None:
        self.closed = True
        for ticket in self.tickets:
            if ticket["state"] not in {"DONE", "NO_SHOW"}:
                ticket["state"] = "VOUCHERED"


def problem(status: int, kind: str) -> JSONResponse:
    return JSONResponse({"type": f"urn:ektp:problem:{kind}", "title": kind, "detail": kind}, status)


def control(trio: FakeTrio) -> APIRouter:
    router = APIRouter()

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.put("/control/v1/clock")
    async def clock(request: Request) -> dict[str, Any]:
        setting: dict[str, Any] = await request.json()
        trio.clock_settings.append(setting)
        trio.clock.set(
            datetime.fromisoformat(setting["start"]) if setting["start"] else None, setting["speed"]
        )
        return setting

    @router.post("/control/v1/offline")
    async def offline(request: Request) -> dict[str, str]:
        seconds = int((await request.json())["for"].removeprefix("PT").removesuffix("S"))
        trio.away_until = trio.clock.now() + timedelta(seconds=seconds)
        since, until = trio.clock.now().isoformat(), trio.away_until.isoformat()
        trio.ledger.append({"hop": "CENTRE", "since": since, "until": until})
        return {}

    @router.post("/control/v1/online")
    async def online() -> dict[str, str]:
        trio.away_until = None
        return {}

    @router.post("/control/v1/verify")
    async def verify(request: Request) -> dict[str, Any]:
        there = {
            key for key, record in trio.records.items() if record["delivery"] == "ACKNOWLEDGED"
        } - trio.loses
        asked = set((await request.json())["keys"])
        lost, strange = sorted(asked - there), sorted(there - asked)
        account = {"lost": lost, "duplicated": [], "unexpected": strange, "mismatched": []}
        return account | {"expected": len(asked), "at_centre": len(asked & there)}

    return router


def office(trio: FakeTrio) -> APIRouter:
    router = APIRouter()

    @router.get("/v1/offices/33.13.07")
    async def office() -> dict[str, Any]:
        return trio.office | {"policies": {"record_offline": trio.record_offline}, "today": {"open": True}}

    @router.put("/v1/offices/33.13.07")
    async def configure(request: Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        trio.office = Office.model_validate(body).model_dump(mode="json")
        trio.record_offline = body["policies"]["record_offline"]
        return body

    @router.get("/v1/offices/33.13.07/board")
    async def board() -> dict[str, Any]:
        count = [ticket["state"] for ticket in trio.tickets]
        mode = "NORMAL" if not trio.away else "PAUSED" if trio.held else "OFFLINE_RECORDING"
        row = {
            "service": "ENROLMENT",
            "mode": mode,
            "waiting": count.count("WAITING"),
            "held": count.count("HELD"),
        }
        return {"services": [row], "outage": None}

    @router.get("/v1/offices/33.13.07/outages")
    async def outages() -> dict[str, Any]:
        return {"items": trio.ledger, "next_cursor": None}

    @router.get("/v1/offices/33.13.07/days/{date}")
    async def day(date: str) -> dict[str, Any]:
        return {"served": 0, "issued": 0}

    @router.post("/v1/offices/33.13.07/days/{date}/close")
    async def close(date: str) -> dict[str, Any]:
        trio.close_day()
        return {}

    return router


def line(trio: FakeTrio) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/offices/33.13.07/tickets", status_code=201)
    async def take() -> dict[str, Any]:
        number = len(trio.tickets) + 1
        ticket = {"id": f"t{number}", "code": f"c{number}", "number": f"A{number:03d}", "state": "WAITING"}
        trio.tickets.append(ticket)
        return ticket

    @router.get("/v1/tickets/{code}")
    async def ticket(code: str) -> dict[str, Any]:
        return trio.find("code", code)

    @router.post("/v1/offices/33.13.07/counters/{counter}/call-next")
    async def call_next(counter: int) -> Any:
        return trio.call_next() or Response(status_code=204)

    @router.post("/v1/tickets/{ticket_id}/{action}")
    async def act(ticket_id: str, action: str) -> Any:
        found = trio.find("id", ticket_id)
        if found["state"] not in {"CALLED", "SERVING"}:
            return problem(409, "illegal-action")
        found["state"] = "SERVING"
        return found

    return router


def recording(trio: FakeTrio) -> APIRouter:
    router = APIRouter()

    @router.post("/v1/enrolments", status_code=201)
    async def draft(request: Request) -> Any:
        if trio.held:
            return problem(503, "central-link-required")
        body = await request.json()
        record = {
            **body,
            "id": f"e{len(trio.records) + 1}",
            "captured": False,
            "delivery": "NONE",
            "timeline": [],
        }
        trio.records[record["id"]] = record
        return record

    @router.put("/v1/enrolments/{record}/captures/{modality}")
    async def capture(record: str, modality: str) -> dict[str, str]:
        return {}

    @router.post("/v1/enrolments/{record}/photo-approval")
    async def approve(record: str) -> dict[str, str]:
        return {}

    @router.post("/v1/enrolments/{record}/complete")
    async def complete(record: str) -> Any:
        if trio.held:
            return problem(503, "central-link-required")
        return trio.complete(trio.records[record])

    @router.get("/v1/enrolments")
    async def enrolments() -> dict[str, Any]:
        return {"items": list(trio.records.values()), "next_cursor": None}

    @router.get("/v1/central-link")
    async def link() -> dict[str, Any]:
        backlog = sum(r["captured"] and r["delivery"] != "ACKNOWLEDGED" for r in trio.records.values())
        return {"state": "OFFLINE" if trio.away else "ONLINE", "backlog": backlog}

    return router


def app_of(trio: FakeTrio) -> FastAPI:
    app = FastAPI()
    for part in (control, office, line, recording):
        app.include_router(part(trio))

    @app.middleware("http")
    async def once_per_key(request: Request, call_next: Any) -> Response:
        trio.tick()
        key = request.headers.get("Idempotency-Key")
        if trio.unhealthy and "control" not in request.url.path and "health" not in request.url.path:
            trio.unhealthy -= 1
            raise httpx.ConnectError("killed")
        if key and key in trio.answers:
            return JSONResponse(*reversed(trio.answers[key]))
        answer: Response = await call_next(request)
        return answer

    return app
