"""All clients of a run: a kiosk and a counter each where the offices have them, from the run's seed."""

import asyncio
import random
from collections.abc import Mapping, Sequence

import aiohttp

from shared.testing.cluster import Cluster
from tests.chaos.clients.caller import Caller, Shift
from tests.chaos.clients.counter import Counter
from tests.chaos.clients.history import History
from tests.chaos.clients.kiosk import Kiosk, PowerWatch
from tests.chaos.clients.office import ANOTHER, OFFICES, Citizens, Office

FINISHING = 25.0
"""Seconds that clients go on asking for what they have begun when the shift is over."""


class Crowd:
    """Everybody who uses the trio."""

    def __init__(self, trio: Cluster, history: History, http: aiohttp.ClientSession) -> None:
        self.shift = Shift()
        self.counters: list[Counter] = []
        self._trio, self._history, self._http = trio, history, http
        self._ways = {name: [each.url for each in trio.replicas(name)] for name in ("queue", "enrolment")}
        self._workers: list[Kiosk | PowerWatch | Counter] = []
        self._tasks: list[asyncio.Task[None]] = []
        citizens = Citizens(random.Random(f"{trio.seed}/citizens"))
        for code, counters in OFFICES.items():
            self._staff(Office(code, dict(counters)), citizens)

    def start(self) -> None:
        """Open the doors."""
        self._tasks = [asyncio.create_task(worker.work(), name=worker.caller.who) for worker in self._workers]

    async def finish(self) -> None:
        """Close them, and wait until everybody knows what they can know. Raises what a client fell over."""
        self.shift.end(FINISHING)
        await asyncio.gather(*self._tasks)

    def check(self) -> None:
        """Raise what a client fell over: a harness that has lost its clients proves nothing."""
        for task in self._tasks:
            if task.done() and (error := task.exception()) is not None:
                raise error

    async def close(self) -> None:
        """Send everybody home at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _staff(self, office: Office, citizens: Citizens) -> None:
        self._workers.append(Kiosk(office, self._caller("kiosk", office.code, "kiosk")))
        self._workers.append(PowerWatch(office, self._caller("officer", office.code, "power")))
        foreign = self._trio.token("officer", ANOTHER[office.code], subject=f"stranger-{office.code}")
        for name in office.counters:
            counter = Counter(name, office, self._caller("officer", office.code, name), citizens, foreign)
            self.counters.append(counter)
            self._workers.append(counter)

    def _caller(self, role: str, office: str, name: str) -> Caller:
        who = f"{role}-{office}-{name}"
        ways: Mapping[str, Sequence[str]] = self._ways
        return Caller(
            who, self._trio.token(role, office, subject=who), ways, self._http, self._history,
            random.Random(f"{self._trio.seed}/{who}"), self.shift,
        )  # fmt: skip
