"""Every fail point there is kills a real process once, and a citizen's day comes to its one right end all the same.

In each round every service has one point to die at while a citizen takes a number and is recorded by clients that
send again what was not answered. Whoever died is started again; what then holds is looked up in all three databases.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from services.enrolment_api.recording.domain import ALL_MODALITIES
from shared.failpoints import POINTS
from shared.testing.broker_faults import Broker
from shared.testing.cluster import Cluster
from shared.testing.databases import PostgresDatabase
from shared.testing.failpoints import FAIL_POINTS_BY_FILE, call_off, order, reached
from shared.testing.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
OFFICE = "33.13.07"
WITHIN = 45.0
START, SPEED = "2026-11-23T08:00:00+07:00", 20.0
WHO: dict[str, str] = {
    "complete": "enrolment", "forwarder": "enrolment", "results": "enrolment",
    "relay": "queue", "consumer": "queue", "inbox": "queue", "centre": "centre",
}  # fmt: skip
"""Whose points are killed at: those of relay and consumer are the same code in both services."""
FIRST: dict[str, str] = {
    "inbox.before-commit": "consumer.before-commit=raise",  # the event has to wait before its turn comes
    "forwarder.after-ask": "forwarder.before-send",  # only what may be there is asked for
}
"""What has to happen first for a point to be reached."""
OF_ALL = [point for point in POINTS if point.startswith("database.")]
BIODATA: dict[str, Any] = {
    "name": "FITRIYANI", "birth_place": "Karanganyar", "birth_date": "2008-08-17", "sex": "FEMALE",
    "marital_status": "SINGLE", "address": "Kemuning", "religion": "ISLAM", "occupation": "PELAJAR",
    "nationality": "WNI",
}  # fmt: skip


def rounds() -> Iterator[dict[str, str]]:
    """Each service's next point, until every one has had its round. A KeyError: whose point is it?"""
    points: dict[str, list[str]] = {"enrolment": [], "queue": [], "centre": []}
    for point in POINTS:
        if point not in OF_ALL:
            points[WHO[point.split(".")[0]]].append(point)
    for together in zip_longest(*points.values()):
        yield {who: point for who, point in zip(points, together, strict=True) if point}
    for point in OF_ALL:
        yield dict.fromkeys(points, point)


@dataclass
class Day:
    """A client that was promised something; it sends again, under the same key, until it is answered."""

    trio: Cluster
    serial: int
    record: str = ""
    ticket: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.http = httpx.AsyncClient(timeout=10.0, trust_env=False)
        self.headers = {"Authorization": f"Bearer {self.trio.token('officer', OFFICE)}"}

    async def call(self, method: str, who: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """A service's answer, see `ask`."""
        return await self.ask(method, f"{self.trio.processes[who].direct_url}/v1{path}", json=body, **more)

    async def ask(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        """Until it is answered, and not with a 5xx."""
        headers = self.headers | {"Idempotency-Key": str(uuid4())} | more.pop("headers", {})
        while True:
            with suppress(httpx.TransportError):
                answer = await self.http.request(method, url, headers=headers, **more)
                if answer.status_code < 500:
                    assert answer.is_success, f"{method} {url}: {answer.text}"
                    found: dict[str, Any] = answer.json()
                    return found
            await asyncio.sleep(0.05)  # a client's own patience

    async def play(self) -> None:
        """From the kiosk to the receipt."""
        await self.call("POST", "queue", f"/offices/{OFFICE}/tickets", {"service": "ENROLMENT"})
        self.ticket = await self.call("POST", "queue", f"/offices/{OFFICE}/counters/1/call-next")
        await self.call("POST", "queue", f"/tickets/{self.ticket['id']}/start")
        draft = {
            "office": OFFICE,
            "nik": f"331307570808{self.serial:04d}",
            "kind": "FIRST_TIME",
            "ticket_id": self.ticket["id"],
            "biodata": BIODATA,
        }
        self.record = (await self.call("POST", "enrolment", "/enrolments", draft))["id"]
        for modality in ALL_MODALITIES:
            await self.capture(modality)
            if modality == "photo":
                path = f"/enrolments/{self.record}/photo-approval"
                await self.call("POST", "enrolment", path, {"approved": True})
        await self.call("POST", "enrolment", f"/enrolments/{self.record}/complete")

    async def leave(self) -> None:
        """Make room at the counter, however far it got."""
        with suppress(AssertionError, TimeoutError):
            async with asyncio.timeout(WITHIN):
                await self.call("POST", "queue", f"/tickets/{self.ticket.get('id')}/cancel")

    async def capture(self, modality: str) -> None:
        content = f"{modality} of {self.record}".encode()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        await self.call(
            "PUT",
            "enrolment",
            f"/enrolments/{self.record}/captures/{modality}?quality=80",
            content=content,
            headers={"Content-Digest": f"sha-256=:{digest}:", "Content-Type": "application/octet-stream"},
        )

    async def is_settled(self) -> bool:
        """Whether the citizen's record is decided on and known to be, the ticket done, and no event on its way."""
        await self._hurry()
        record = await self.call("GET", "enrolment", f"/enrolments/{self.record}")
        ticket = await self.call("GET", "queue", f"/tickets/{self.ticket['code']}")
        assert (record["delivery"], record["status"], ticket["state"]) == (
            "ACKNOWLEDGED",
            "PRINT_READY_RECORD",
            "DONE",
        )
        for who in ("queue", "enrolment"):
            assert self.rows(who, "SELECT routing_key FROM outbox WHERE published_at IS NULL") == []
            assert self.rows(who, "SELECT reason FROM inbox_waiting") == []
        assert self.in_effect("queue") == self.published("enrolment")
        assert self.in_effect("enrolment") == self.published("queue")
        return True

    async def _hurry(self) -> None:
        link = await self.call("GET", "enrolment", "/central-link")
        if link["state"] != "ONLINE":
            await self.call("POST", "enrolment", "/central-link/probe")

    def rows(self, who: str, statement: str) -> list[tuple[Any, ...]]:
        return self.trio.databases[who].rows(statement)

    def published(self, who: str) -> dict[str, int]:
        """The last sequence of every aggregate."""
        return dict(self.rows(who, "SELECT subject, last FROM event_sequence"))

    def in_effect(self, who: str) -> dict[str, int]:
        """How far each aggregate has taken effect."""
        return dict(self.rows(who, "SELECT subject, last FROM inbox_cursor"))

    def effects(self) -> dict[str, int]:
        """How often each event about this citizen was published by the service it took effect in."""
        told = self.rows(
            "queue",
            f"SELECT routing_key, count(*) FROM outbox WHERE subject = '{self.ticket['id']}' GROUP BY 1",  # noqa: S608
        )
        told += self.rows(
            "enrolment",
            f"SELECT routing_key, count(*) FROM outbox WHERE subject = '{self.record}' GROUP BY 1",  # noqa: S608
        )
        return dict(told)

    async def verified(self, records: list[str]) -> dict[str, Any]:
        """The centre's own account of all records so far."""
        return await self.ask(
            "POST",
            f"{self.trio.control_url}/control/v1/verify",
            json={"keys": records, "office": OFFICE, "client": None},
            headers={"Authorization": f"Bearer {self.trio.token('ops')}"},
        )


@dataclass
class Stage:
    """The trio and the records that were promised in it."""

    trio: Cluster
    records: list[str] = field(default_factory=list)


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["sqlite", "postgresql"])
async def stage(request: pytest.FixtureRequest, chaos_broker: Broker) -> AsyncIterator[Stage]:
    settings = FAIL_POINTS_BY_FILE | {"CENTRAL_UNIQUENESS_DELAY": "0"}
    postgres = request.getfixturevalue("chaos_postgres") if request.param == "postgresql" else None
    async with Cluster(
        63, database=request.param, broker=chaos_broker, postgres=postgres, settings=settings
    ) as trio:
        await hasten(trio)
        yield Stage(trio)


async def hasten(trio: Cluster) -> None:
    """Let nobody's patience last long, and no midnight come; a service that is started again keeps its clock."""
    headers = {"Authorization": f"Bearer {trio.token('ops')}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
        for url in (trio.queue.direct_url, trio.enrolment.direct_url, trio.control_url):
            answer = await client.put(f"{url}/control/v1/clock", json={"start": START, "speed": SPEED})
            answer.raise_for_status()


def end_leases_of(who: str, trio: Cluster) -> None:
    """A minute later, as it were: on PostgreSQL others might live, and wait until the dead one's leases are over."""
    database = trio.databases[who]
    if isinstance(database, PostgresDatabase):
        database.node.psql("DELETE FROM lease", database.name)
        if who == "enrolment":
            over = "UPDATE delivery SET next_attempt_at = captured_at WHERE state = 'IN_FLIGHT'"
            database.node.psql(over, database.name)


async def start_again_whoever_dies(trio: Cluster) -> None:
    """As a supervisor does."""
    while True:
        for process in trio.processes.values():
            if process.is_wanted() and not process.is_running():
                end_leases_of(process.name, trio)
                process.spawn()
        await asyncio.sleep(0.02)


def all_reached(trio: Cluster, points: dict[str, str]) -> bool:
    """Whether each has died where it was told to."""
    found = {who: reached(trio.processes[who])[-1:] for who in points}
    assert found == {who: [point] for who, point in points.items()}
    return True


@pytest.mark.parametrize(
    "points", list(rounds()), ids=lambda points: "+".join(dict.fromkeys(points.values()))
)
async def test_a_kill_at_each_point_loses_nothing_and_doubles_nothing(
    stage: Stage, points: dict[str, str]
) -> None:
    trio, day = stage.trio, Day(stage.trio, len(stage.records) + 1)
    for who, point in points.items():
        order(trio.processes[who], ",".join(filter(None, (FIRST.get(point), point))))
    supervisor = asyncio.create_task(start_again_whoever_dies(trio))
    try:
        async with asyncio.timeout(WITHIN):
            await day.play()
            await eventually(lambda: all_reached(trio, points), within=WITHIN)
            await eventually(day.is_settled, within=WITHIN)
            stage.records.append(day.record)
            verified = await day.verified(stage.records)
    except BaseException:
        print(trio.timeline.render(100))
        await day.leave()
        raise
    finally:
        supervisor.cancel()
        for process in trio.processes.values():
            call_off(process)
        await day.http.aclose()
    assert verified["ok"], verified
    assert all_reached(trio, points)
    assert set(day.effects().values()) == {1}, "each took effect once"
