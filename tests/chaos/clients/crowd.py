"""All clients of a run: kiosks, officers and supervisors where the offices have them, from the run's seed."""

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence

import aiohttp

from shared.testing.cluster import Cluster
from tests.chaos.clients.caller import Caller, Shift
from tests.chaos.clients.counter import Counter
from tests.chaos.clients.history import History
from tests.chaos.clients.kiosk import Kiosk, PowerWatch
from tests.chaos.clients.mobile import Mobile
from tests.chaos.clients.office import ANOTHER, MOBILE, OFFICES, Citizens, Office
from tests.chaos.clients.supervisor import Supervisor

FINISHING = 25.0
"""Seconds that clients go on asking for what they have begun when the shift is over."""
CLOSES_EARLY = (0.6, 0.9)
"""The share of the run after which one of the offices closes its day, in the middle of everything."""
Worker = Kiosk | PowerWatch | Counter | Mobile | Supervisor


class Crowd:
    """Everybody who uses the trio."""

    def __init__(self, trio: Cluster, history: History, http: aiohttp.ClientSession, seconds: float) -> None:
        self.shift = Shift()
        self._trio, self._history, self._http = trio, history, http
        self._ways = {name: [each.url for each in trio.replicas(name)] for name in ("queue", "enrolment")}
        self._workers: list[Worker] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._citizens = Citizens(random.Random(f"{trio.seed}/citizens"))
        dice = random.Random(f"{trio.seed}/offices")
        early = dice.choice(sorted(OFFICES))
        for code, counters in OFFICES.items():
            open_for = seconds * dice.uniform(*CLOSES_EARLY) if code == early else float("inf")
            self._workers += self._staff(Office(code, dict(counters)), open_for)

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

    def _staff(self, office: Office, open_for: float) -> Iterator[Worker]:
        """Everybody of one office."""
        code, citizens = office.code, self._citizens
        foreign = self._trio.token("officer", ANOTHER[code], subject=f"stranger-{code}")
        yield Kiosk(office, self._caller("kiosk", code, "kiosk"))
        yield PowerWatch(office, self._caller("officer", code, "power"))
        yield Supervisor(office, self._caller("supervisor", code, "day"), open_for)
        for name in office.counters:
            yield Counter(name, office, self._caller("officer", code, name), citizens, foreign)
        for number in range(MOBILE.get(code, 0)):
            yield Mobile(office, self._caller("officer", code, f"mobile-{number + 1}"), citizens, foreign)

    def _caller(self, role: str, office: str, name: str) -> Caller:
        who = f"{role}-{office}-{name}"
        ways: Mapping[str, Sequence[str]] = self._ways
        return Caller(
            who, self._trio.token(role, office, subject=who), ways, self._http, self._history,
            random.Random(f"{self._trio.seed}/{who}"), self.shift,
        )  # fmt: skip
