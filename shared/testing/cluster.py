"""A trio for faults: three services, or replicas of them, with a broker, databases and the network between them.

`ektp run` keeps a trio alive; here nobody starts again what the test has killed but the test. Everything is on free
ports and in a temporary directory, and everything ends with the process that made it, however that one ends.
"""

import asyncio
import contextlib
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from shared.keys import create_keys
from shared.security import sign_token
from shared.testing.broker_faults import Broker
from shared.testing.clocks import turn_clock
from shared.testing.databases import ServiceDatabase
from shared.testing.disk import SmallDisk
from shared.testing.layout import Layout
from shared.testing.plan import BROKER, CENTRE, POSTGRES, DatabaseKind, plain
from shared.testing.ports import free_port
from shared.testing.postgres_node import PostgresNode
from shared.testing.power import cut_power
from shared.testing.process import Process
from shared.testing.proxy import Hop, Network
from shared.testing.storage import Storage
from shared.testing.timeline import Timeline
from shared.testing.waiting import eventually

READY_WITHIN = 60.0
TOKEN_LIFETIME = 12 * 3600.0
LAST_MOMENTS = 200

BeforeServices = Callable[["Cluster"], Awaitable[None]]


class Cluster:
    """One trio. Enter it as an async context, from the main thread."""

    def __init__(
        self,
        seed: int | None = None,
        *,
        database: DatabaseKind = "sqlite",
        replicas: int = 1,
        broker: Broker | bool = True,
        postgres: PostgresNode | None = None,
        disks: Mapping[str, int] | None = None,
        powered: bool = False,
        settings: Mapping[str, str] | None = None,
        before_services: BeforeServices | None = None,
    ) -> None:
        """`broker` and `postgres` may be given: they are used, healed and left running, for many trios in turn.

        `disks` are megabytes of a small disk by its owner (`enrolment`, `queue`, `centre`); with `powered` these are
        such that can lose their power (see `cut_power`), and `broker` and `postgres` may have one. `settings` are
        environment variables for all processes. `before_services` is awaited when the broker is up and no service
        runs yet: who wants to see their first words listens from there on.
        """
        if replicas > 1 and database == "sqlite":
            raise ValueError("replicas share a database: they need PostgreSQL")
        self.seed = random.SystemRandom().randrange(1 << 31) if seed is None else seed
        self.dice = random.Random(self.seed)
        self.timeline = Timeline()
        self.home = Path(tempfile.mkdtemp(prefix="ektp-cluster-"))
        self.keys = self.home / "keys"
        self.network = Network(self.seed, self.timeline.note)
        self.processes: dict[str, Process] = {}
        self.storage = Storage(self.home, self.timeline, disks or {}, powered=powered)
        self._control_port = free_port()
        self._kind, self._replicas, self._settings = database, replicas, dict(settings or {})
        self._wants_broker, self._own_broker = bool(broker), broker is True
        self._broker = broker if isinstance(broker, Broker) else None
        self._postgres, self._own_postgres = postgres, postgres is None
        self._before_services = before_services
        self._closed = False
        self._client = httpx.AsyncClient(timeout=5.0, trust_env=False)

    @property
    def hops(self) -> dict[str, Hop]:
        """The ways between the parts, each with a proxy: `trio.hops["enrolment→centre"]`."""
        return self.network.hops

    @property
    def databases(self) -> dict[str, ServiceDatabase]:
        """Of the services, by the service's name."""
        return self.storage.databases

    @property
    def disks(self) -> dict[str, SmallDisk]:
        """The services' own disks, where they were asked for."""
        return self.storage.disks

    @property
    def control_url(self) -> str:
        """The centre's console, past every proxy."""
        return f"http://127.0.0.1:{self._control_port}"

    @property
    def queue(self) -> Process:
        return self.processes["queue"]

    @property
    def enrolment(self) -> Process:
        return self.processes["enrolment"]

    @property
    def centre(self) -> Process:
        return self.processes["centre"]

    @property
    def broker(self) -> Broker:
        assert self._broker is not None, "this trio has no broker"
        return self._broker

    @property
    def postgres(self) -> PostgresNode:
        assert self._postgres is not None, "this trio has no PostgreSQL"
        return self._postgres

    def replicas(self, kind: str) -> list[Process]:
        """The processes of one service: `queue`, `queue-2`."""
        return [each for name, each in self.processes.items() if plain(name).name == kind]

    @property
    def acted(self) -> Counter[tuple[str, str]]:
        """How often each fault really acted, on whom: `("enrolment→centre", "LoseAnswers")`, `("queue", "killed")`."""
        found = Counter(self.timeline.acted)
        for name, hop in self.hops.items():
            found.update({(name, fault): times for fault, times in hop.counts.acted.items()})
        return found

    def token(self, role: str, *offices: str, subject: str | None = None) -> str:
        """A bearer token for clients of this trio."""
        who = subject or f"{role}-harness"
        return sign_token(self.keys, subject=who, roles=[role], offices=offices, lifetime=TOKEN_LIFETIME)

    async def start(self) -> Self:
        """Keys, databases, broker, then the services; returns when all answer and are with the broker."""
        self.timeline.note(
            "harness", f"seed {self.seed}, {self._kind}, {self._replicas} of each, in {self.home}"
        )
        try:
            create_keys(self.keys, demo=False)
            self._spawn_servers()
            if self._postgres is not None:
                await self._postgres.wait_ready()
            await self.storage.prepare(self._postgres if self._kind == "postgresql" else None)
            if self._broker is not None:
                await self._broker.wait_ready()
                self._broker.use_vhost(self.home.name)
            if self._before_services is not None:
                await self._before_services(self)
            self.processes = self._layout().processes(self._replicas, self._is_ready)
            for process in self.processes.values():
                process.spawn()
            await self.wait_ready()
        except BaseException:
            await self.close()
            raise
        return self

    async def wait_ready(self, within: float = READY_WITHIN) -> None:
        """Until every process is ready, and with the broker where there is one. Raises AssertionError."""
        async with asyncio.timeout(within):
            await asyncio.gather(*(process.wait_ready(within) for process in self.processes.values()))
            if self._broker is not None:
                names = [name for name in self.processes if BROKER in plain(name).talks_to]
                connected = [partial(self._is_up, name, BROKER) for name in names]
                await asyncio.gather(*(eventually(each, within=within) for each in connected))

    async def recover(self, within: float = READY_WITHIN) -> None:
        """Heal everything, start what does not run, and wait until all is ready."""
        self.heal()
        for server in (self._broker, self._postgres):
            if server is not None:
                await server.start(within)
        for process in self.processes.values():
            process.spawn()
        await self.wait_ready(within)

    def heal(self) -> None:
        """Take every fault away that goes on: network, frozen processes, alarms, locks, full disks."""
        self.network.heal()
        self.storage.heal()
        for part in (*self.processes.values(), self._broker, self._postgres):
            if isinstance(part, Process):
                part.cont()
            elif part is not None:
                part.heal()

    def died(self) -> list[str]:
        """The names of parts that nobody ended and that do not run."""
        parts = (*self.processes.values(), self._broker, self._postgres)
        return [part.name for part in parts if part and part.is_wanted() and not part.is_running()]

    def lock_database(self, service: str) -> None:
        """Keep a service from its database until `heal`."""
        self.storage.lock(service)

    def cut_power(self, *names: str) -> None:
        """Let parts lose their power in one moment, with all that their disks had not synced; nobody is started.

        For services with a disk of a trio that is `powered` or with a database on a server, and for a broker or a
        server that was made with such a disk. Raises ValueError for others.
        """
        cut_power(self.storage.outlet(self._part(name)) for name in names)

    async def health(self, name: str) -> dict[str, Any]:
        """What a process says of itself, past every proxy. Raises httpx.HTTPError when it says nothing."""
        answer = await self._client.get(f"{self._direct(name)}/health/ready")
        found: dict[str, Any] = answer.json()
        return found

    async def turn_clock(self, name: str, by: timedelta | None) -> datetime:
        """Let a process's clock jump, in either direction; None puts it back to real time. What it shows then."""
        shows = await turn_clock(self._client, self._direct(name), self.token("ops"), by)
        if by is None:
            self.timeline.note(name, "clock set to real time")
        else:
            self.timeline.note(name, f"clock jumps by {by}", fault="clock jump")
        return shows

    async def turn_clocks(self, by: timedelta | None) -> None:
        """The same for all processes at once."""
        await asyncio.gather(*(self.turn_clock(name, by) for name in self.processes))

    async def close(self) -> None:
        """Kill what is ours, let go of ports and disks, delete the directory."""
        if self._closed:
            return
        self._closed = True
        for process in self.processes.values():
            process.kill()
        with contextlib.suppress(
            Exception
        ):  # it may be dead or frozen: nothing may stand in the way of the end
            self.heal()
        if self._broker is not None:
            self._leave(self._broker)
        if self._own_postgres and self._postgres is not None:
            self._postgres.close()
        self.network.close()
        self.storage.close()
        shutil.rmtree(self.home, ignore_errors=True)
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(f"seed {self.seed}\n{self.timeline.render(LAST_MOMENTS)}")
        await self.close()

    def _part(self, name: str) -> Process | Broker | PostgresNode:
        return {BROKER: self._broker, POSTGRES: self._postgres}.get(name) or self.processes[name]

    def _leave(self, broker: Broker) -> None:
        if self._own_broker:
            broker.close()
        else:
            with contextlib.suppress(Exception):  # as above
                broker.drop_vhost()

    def _spawn_servers(self) -> None:
        if self._kind == "postgresql" and self._postgres is None:
            self._postgres = PostgresNode(disk=self.storage.servers_disk(POSTGRES))
        if self._wants_broker and self._broker is None:
            self._broker = Broker(self.home / BROKER, disk=self.storage.servers_disk(BROKER))
        for server in (self._broker, self._postgres):
            if server is not None:
                server.tell(self.timeline)
                server.spawn()

    def _layout(self) -> Layout:
        return Layout(
            home=self.home, keys=self.keys, network=self.network, timeline=self.timeline, databases=self.databases,
            broker=self._broker, settings=self._settings, control_port=self._control_port,
        )  # fmt: skip

    def _direct(self, name: str) -> str:
        # The centre's own port can be made to refuse or hang; its console answers always.
        return self.control_url if name == CENTRE else self.processes[name].direct_url

    async def _is_ready(self, name: str) -> bool:
        try:
            return (
                await self._client.get(f"{self._direct(name)}/health/ready")
            ).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def _is_up(self, name: str, component: str) -> bool:
        found = (await self.health(name))["components"].get(component, {})
        return bool(found.get("state") == "UP")
