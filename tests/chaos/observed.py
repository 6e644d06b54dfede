"""What the services and the centre say of themselves when all is over, through their own doors only."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.testing.cluster import Cluster
from tests.chaos.clients.history import Operation
from tests.chaos.clients.office import OFFICES

AT_ONCE = 8
APPLIED = re.compile(r'^ektp_events_total\{outcome="applied"\} (\S+)$', re.MULTILINE)
PARKED = ("queue_api.enrolment_events.parked", "enrolment_api.queue_events.parked")


@dataclass(frozen=True, kw_only=True)
class Observed:
    """The end of a run."""

    tickets: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id, as the bearer of the code sees each."""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By id, as an officer sees each, with its timeline."""
    listed: dict[str, str] = field(default_factory=dict)
    """Every record that enrolment_api knows, with its status."""
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The public page, by the receipt's code."""
    verified: dict[str, Any] = field(default_factory=dict)
    """The centre's own account of what the clients believe."""
    days: list[dict[str, Any]] = field(default_factory=list)
    """Each office's day, as queue_api counts it."""
    sums: list[dict[str, Any]] = field(default_factory=list)
    """Each office's day, as enrolment_api adds it up."""
    applied: dict[str, int] = field(default_factory=dict)
    """Events that a service has applied, of those that were never started again."""
    parked: dict[str, int | None] = field(default_factory=dict)
    ready: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By process: what `/health/ready` says, with its `status_code`."""


class Observer:
    """Asks everybody, past the proxies."""

    def __init__(self, trio: Cluster, http: httpx.AsyncClient) -> None:
        self._trio, self._http = trio, http
        self._officer = _bearer(trio.token("supervisor", *OFFICES))
        self._ops = _bearer(trio.token("ops"))
        self._few = asyncio.Semaphore(AT_ONCE)

    async def observe(self, history: list[Operation]) -> Observed:
        """Everything the checks want to know."""
        listed = await self._list_records()
        records = {
            each["id"]: each
            for each in await self._all("enrolment", [f"/v1/enrolments/{key}" for key in listed])
        }
        tickets = await self._tickets(history)
        days = sorted({(view["office"], view["day"]) for view in tickets.values() if view})
        receipts = await self._receipts(history)
        return Observed(
            listed=listed,
            records=records,
            tickets=tickets,
            receipts=receipts,
            verified=await self._verify(history, records),
            days=await self._all("queue", [f"/v1/offices/{office}/days/{day}" for office, day in days]),
            sums=await self._all(
                "enrolment", [f"/v1/offices/{office}/reconciliations/{day}?limit=1" for office, day in days]
            ),
            applied=await self._applied(),
            parked={queue: await asyncio.to_thread(self._trio.broker.depth, queue) for queue in PARKED},
            ready=dict(
                zip(
                    self._trio.processes,
                    await asyncio.gather(*map(self._ready, self._trio.processes)),
                    strict=True,
                )
            ),
        )

    async def _list_records(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for office in OFFICES:
            cursor = ""
            while True:
                page = await self._get("enrolment", f"/v1/enrolments?office={office}&limit=200{cursor}")
                found |= {each["id"]: each["status"] for each in page["items"]}
                if page["next_cursor"] is None:
                    break
                cursor = f"&cursor={page['next_cursor']}"
        return found

    async def _tickets(self, history: list[Operation]) -> dict[str, dict[str, Any]]:
        codes = {
            each.answer["id"]: each.answer["code"]
            for each in history
            if each.ok and {"id", "code", "number"} <= each.answer.keys()
        }
        views = await self._all("queue", [f"/v1/tickets/{code}" for code in codes.values()])
        return dict(zip(codes, views, strict=True))

    async def _receipts(self, history: list[Operation]) -> dict[str, dict[str, Any]]:
        codes = sorted(
            {each.answer["receipt"]["code"] for each in history if each.ok and each.what == "complete"}
        )
        return dict(
            zip(codes, await self._all("enrolment", [f"/v1/receipts/{code}" for code in codes]), strict=True)
        )

    async def _verify(self, history: list[Operation], records: dict[str, Any]) -> dict[str, Any]:
        """Accepted is what a client was told, and what became of those who were told nothing."""
        wanted = [
            {"key": key, "sha256": record["packet_sha256"], "office": record["office"]}
            for key, record in records.items()
            if record["status"] != "DRAFT"
        ]
        known = {each["key"] for each in wanted}
        promised = {each.about["record"] for each in history if each.ok and each.what == "complete"}
        wanted += [{"key": key, "sha256": None, "office": None} for key in sorted(promised - known)]
        answer = await self._http.post(
            f"{self._trio.control_url}/control/v1/verify",
            headers=self._ops,
            json={"records": wanted, "client": None},
        )
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def _all(self, service: str, paths: Iterable[str]) -> list[dict[str, Any]]:
        return list(await asyncio.gather(*(self._get(service, path) for path in paths)))

    async def _get(self, service: str, path: str) -> dict[str, Any]:
        """What is not there is an empty answer: the checks say what that means."""
        async with self._few:
            answer = await self._http.get(
                f"{self._trio.processes[service].direct_url}{path}", headers=self._officer
            )
        if answer.status_code == httpx.codes.NOT_FOUND:
            return {}
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def _applied(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for service in ("queue", "enrolment"):
            processes = self._trio.replicas(service)
            if all(each.starts == 1 for each in processes):
                told = [(await self._http.get(f"{each.direct_url}/metrics")).text for each in processes]
                found[service] = sum(int(float(count)) for text in told for count in APPLIED.findall(text))
        return found

    async def _ready(self, name: str) -> dict[str, Any]:
        url = self._trio.control_url if name == "centre" else self._trio.processes[name].direct_url
        try:
            answer = await self._http.get(f"{url}/health/ready")
        except httpx.HTTPError as error:
            return {"status_code": 0, "error": repr(error)}
        said: dict[str, Any] = answer.json()
        return said | {"status_code": answer.status_code}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
