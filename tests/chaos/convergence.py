"""After everything is healed: what must be empty, and how long it may take.

Two hours pass on the offices' clocks, so that no patience outlasts the wait (the longest is an hour: a clock that was
turned back, the centre's books compared); then this many seconds of the machine.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from shared.testing.cluster import Cluster
from tests.chaos.clients.office import OFFICES
from tests.chaos.setup import BEGIN, SPEED

LOOKS_EVERY = 0.3
STAYS_SO = 7.5
"""Real seconds for which nothing may be left and nothing move: what was lost with a queue shows when its consumer has
gone through the publisher's outbox, which takes two rounds of half a minute on clocks that run ten times as fast."""
QUEUES = ("queue_api.enrolment_events", "enrolment_api.queue_events")
PASSES = timedelta(hours=2)
FINAL = {"PRINT_READY_RECORD", "DUPLICATE_RECORD", "ENROLL_FAILURE_AT_CENTRAL", "ADJUDICATE_RECORD"}
_GAUGE = re.compile(r"^(ektp_outbox_oldest_seconds|ektp_inbox_waiting) (\S+)$", re.MULTILINE)
_MOVED = re.compile(r"^ektp_events_total\{.*$", re.MULTILINE)


class NotConverged(AssertionError):
    """Something is still on its way; the message says what."""


@dataclass(frozen=True)
class Look:
    """How things stand at one moment."""

    left: list[str]
    """What is not done."""
    moved: list[str] = field(default_factory=list)
    """How many events each service has published, applied, kept."""


class Convergence:
    """What is not settled yet, asked of the services themselves."""

    def __init__(self, trio: Cluster, http: httpx.AsyncClient) -> None:
        self._trio, self._http = trio, http
        self._ops = {"Authorization": f"Bearer {trio.token('ops')}"}
        self._supervisor = {"Authorization": f"Bearer {trio.token('supervisor', *OFFICES)}"}

    async def set_clocks(self, start: datetime = BEGIN) -> None:
        """All clocks at one time, and at the run's speed."""
        for url in self._urls():
            answer = await self._http.put(
                f"{url}/control/v1/clock",
                headers=self._ops,
                json={"start": start.isoformat(), "speed": SPEED},
            )
            answer.raise_for_status()

    async def let_time_pass(self) -> None:
        """Two hours from the latest of the clocks."""
        shown = [await self._get(f"{url}/control/v1/clock", self._ops) for url in self._urls()]
        await self.set_clocks(max(datetime.fromisoformat(each["now"]) for each in shown) + PASSES)

    async def wait(self, within: float) -> float:
        """Seconds until nothing is left to do. Raises NotConverged."""
        began = still_since = time.monotonic()
        before: Look | None = None
        while True:
            look = await self._look()
            now = time.monotonic()
            if look.left or before is None or look.moved != before.moved:
                before, still_since = look, now
            elif now - still_since > STAYS_SO:
                return still_since - began
            if now - began > within:
                raise NotConverged("; ".join(look.left) or "events are still on their way")
            await asyncio.sleep(LOOKS_EVERY)

    async def _look(self) -> Look:
        try:
            records, services = await self._records(), await self._services()
        except (httpx.HTTPError, KeyError) as error:
            return Look([repr(error)])
        return Look([*records, *services.left, *await self._queues()], services.moved)

    async def _records(self) -> list[str]:
        enrolment = self._trio.enrolment.direct_url
        link = await self._get(f"{enrolment}/v1/central-link", self._ops)
        left = [] if link["state"] == "ONLINE" else [f"the link is {link['state']} ({link['reason']})"]
        for state in ("PENDING", "IN_FLIGHT", "OUTCOME_UNKNOWN", "QUARANTINED"):
            found = await self._get(f"{enrolment}/v1/deliveries?state={state}&limit=5", self._supervisor)
            left += [f"{state}: {each['id']} {each.get('reason', '')}" for each in found["items"]]
        for status in ("BIO_CAPTURED", "SENT_FOR_ENROLLMENT"):
            found = await self._get(f"{enrolment}/v1/enrolments?status={status}&limit=5", self._supervisor)
            left += [f"{status}: {each['id']}" for each in found["items"]]
        return left

    async def _services(self) -> Look:
        left, moved = list[str](), list[str]()
        for name, process in self._trio.processes.items():
            if name == "centre":
                continue
            text = (await self._http.get(f"{process.direct_url}/metrics")).text
            moved += _MOVED.findall(text)
            left += [f"{name}: {gauge} {value}" for gauge, value in _GAUGE.findall(text) if float(value) > 0]
        return Look(left, moved)

    async def _queues(self) -> list[str]:
        depths = {queue: await asyncio.to_thread(self._trio.broker.depth, queue) for queue in QUEUES}
        return [f"{queue}: {depth} messages" for queue, depth in depths.items() if depth]

    def _urls(self) -> list[str]:
        direct = [each.direct_url for name, each in self._trio.processes.items() if name != "centre"]
        return [*direct, self._trio.control_url]

    async def _get(self, url: str, headers: dict[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = (await self._http.get(url, headers=headers)).raise_for_status().json()
        return found
