"""One run: clients do their days, faults fall by the schedule, everything heals and settles, the checker judges."""

import asyncio
import contextlib
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import httpx

from shared.testing.broker_faults import Broker
from shared.testing.cluster import Cluster
from shared.testing.postgres_node import PostgresNode
from tests.chaos.checker import case_of, judge
from tests.chaos.checks.finding import Violation
from tests.chaos.clients.crowd import Crowd
from tests.chaos.clients.history import History, read_history
from tests.chaos.clients.office import write_offices
from tests.chaos.convergence import Convergence, NotConverged
from tests.chaos.faults.acting import Stage
from tests.chaos.injector import Injector
from tests.chaos.observed import Observed, Observer
from tests.chaos.planted.bugs import Bug, plant
from tests.chaos.schedule import schedule
from tests.chaos.setup import Setup
from tests.chaos.tap import Tap

DISKS = {"queue": 256, "enrolment": 512, "centre": 512, "broker": 4096, "postgres": 4096}
"""Megabytes. The servers' are so large because they must not run full: RabbitMQ stops taking messages long before."""
SETTINGS = {
    "CENTRAL_UNIQUENESS_DELAY": "2",
    "RECONCILIATION_INTERVAL": "60",
    "LOG_LEVEL": "INFO",
}
"""The centre's books are compared every minute of the offices' clock: an hour's loss has to be found within a run."""
RESTARTS_AFTER = 0.3
ANSWERS_WITHIN = 30.0
CHECK_CLIENTS = 1.0
FEW_CONNECTIONS = 256
NOT_STALE = httpx.Limits(max_connections=32, keepalive_expiry=2.0)
"""The servers close an idle connection after 5 s: used in that moment, it is an error of nobody's."""


@dataclass
class Report:
    """What a run came to."""

    setup: Setup
    violations: list[Violation] = field(default_factory=list)
    unconverged: str = ""
    idle: list[str] = field(default_factory=list)
    """Faults of the schedule that never acted."""
    errors: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    acted: Counter[tuple[str, str]] = field(default_factory=Counter)
    ended_by_themselves: dict[str, int] = field(default_factory=dict)
    intents: Counter[str] = field(default_factory=Counter)
    """Of clients, by outcome."""
    unknown: Counter[str] = field(default_factory=Counter)
    """What nobody knows the end of."""
    records: int = 0
    verified: dict[str, int] = field(default_factory=dict)
    converged_in: float = 0.0
    took: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds of each part of the run: what is not faults is the price of a seed."""
    memory: int = 0
    """Megabytes, the most that clients, witness and checker have had."""
    timeline: str = ""

    @property
    def ok(self) -> bool:
        """Nothing lost, all settled, and every fault of the schedule has acted."""
        return not (self.violations or self.unconverged or self.idle or self.errors)


async def run(
    setup: Setup,
    *,
    broker: Broker | bool = True,
    postgres: PostgresNode | None = None,
    settings: Mapping[str, str] | None = None,
    bug: Bug | None = None,
    keep: Path | None = None,
) -> Report:
    """Play it. A broker and a server may be given, to be used for many runs in turn; a bug may be planted.

    What clients and witness wrote down is kept where that is asked for.
    """
    began = time.monotonic()
    report = Report(setup)
    home = Path(tempfile.mkdtemp(prefix="ektp-chaos-"))
    witness = Tap(home / "events.ndjson")
    cluster = Cluster(
        setup.seed,
        database=setup.database,
        replicas=setup.replicas,
        broker=broker,
        postgres=postgres,
        disks=DISKS if setup.disks else None,
        powered=setup.disks,
        settings=SETTINGS
        | {"OFFICES_FILE": str(write_offices(home / "offices.json"))}
        | dict(settings or {}),
        before_services=lambda trio: witness.start(trio.broker.url),
    )
    try:
        async with cluster as trio, _clients() as (http, plain):
            if bug is not None:
                await plant(trio, bug)
            report.phases["start"] = time.monotonic() - began
            await Run(setup, trio, report, home, http, plain, witness).play()
            report.timeline = trio.timeline.render()
            (home / "timeline.txt").write_text(report.timeline)
    finally:
        await witness.close()
        if keep is not None:
            shutil.copytree(home, keep, dirs_exist_ok=True)
        shutil.rmtree(home, ignore_errors=True)
    report.took = time.monotonic() - began
    report.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return report


@contextlib.asynccontextmanager
async def _clients() -> AsyncIterator[tuple[aiohttp.ClientSession, httpx.AsyncClient]]:
    connector = aiohttp.TCPConnector(limit=FEW_CONNECTIONS, limit_per_host=FEW_CONNECTIONS)
    async with (
        aiohttp.ClientSession(connector=connector) as http,
        httpx.AsyncClient(timeout=ANSWERS_WITHIN, limits=NOT_STALE, trust_env=False) as plain,
    ):
        yield http, plain


@dataclass
class Run:
    """The parts of a run while it runs."""

    setup: Setup
    trio: Cluster
    report: Report
    home: Path
    http: aiohttp.ClientSession
    plain: httpx.AsyncClient
    witness: Tap

    async def play(self) -> None:
        """From the first client to the verdict."""
        self.convergence = Convergence(self.trio, self.plain)
        self.observer = Observer(self.trio, self.plain)
        await self.convergence.set_clocks()
        with History(self.home / "history.ndjson") as history:
            await self._hurt(history)
        with self._timed("settling"):
            await self._settle()
        await self.witness.close()
        with self._timed("checking"):
            await self._judge()

    @contextlib.contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.report.phases[phase] = time.monotonic() - began

    async def _hurt(self, history: History) -> None:
        """The clients' working time, with the faults of the schedule."""
        crowd = Crowd(self.trio, history, self.http, self.setup.seconds)
        keeper = asyncio.create_task(self._start_again())
        try:
            crowd.start()
            with self._timed("faults"):
                await self._fall(crowd)
            with self._timed("healing"):
                await self.trio.recover()
                await crowd.finish()
        finally:
            keeper.cancel()
            await crowd.close()

    async def _fall(self, crowd: Crowd) -> None:
        ops = {"Authorization": f"Bearer {self.trio.token('ops')}"}
        began = time.monotonic()
        async with httpx.AsyncClient(
            base_url=self.trio.control_url, headers=ops, timeout=10.0, limits=NOT_STALE, trust_env=False
        ) as console:
            await console.put("/control/v1/seed", json={"seed": self.setup.seed})
            injector = Injector(Stage(self.trio, console), schedule(self.setup))
            falling = asyncio.create_task(injector.run())
            while not falling.done() or time.monotonic() - began < self.setup.seconds:
                crowd.check()
                await asyncio.sleep(CHECK_CLIENTS)
            await falling
            (await console.delete("/control/v1/faults")).raise_for_status()
        self.report.faults, self.report.errors = injector.by_kind(), injector.errors
        self.report.idle = [str(each) for each in injector.idle()]

    async def _start_again(self) -> None:
        """As a supervisor does: whoever ended by himself is started again, and it is counted."""
        while True:
            for process in self.trio.processes.values():
                if process.is_wanted() and not process.is_running():
                    process.spawn()
            await asyncio.sleep(RESTARTS_AFTER)

    async def _settle(self) -> None:
        try:
            await self.convergence.let_time_pass()
            self.report.converged_in = await self.convergence.wait(self.setup.settles_within)
            await self.witness.see_all()
        except (NotConverged, httpx.HTTPError, TimeoutError) as error:
            self.report.unconverged = str(error) or repr(error)
        self.trio.timeline.note("harness", f"converged: {self.report.unconverged or 'yes'}")
        self.report.acted = self.trio.acted
        self.report.ended_by_themselves = {
            name: each.ended_by_itself for name, each in self.trio.processes.items() if each.ended_by_itself
        }

    async def _judge(self) -> None:
        history = read_history(self.home / "history.ndjson")
        observed: Observed = await self.observer.observe(history)
        case = case_of(self.home, observed)
        self.report.violations = await asyncio.to_thread(judge, case)
        self.report.intents = Counter(each.outcome for each in history)
        self.report.unknown = Counter(each.what for each in history if each.unknown)
        self.report.records = len({each.about["record"] for each in case.told("complete")})
        self.report.verified = {
            name: len(found) for name, found in observed.verified.items() if isinstance(found, list)
        }
