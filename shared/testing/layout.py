"""How the processes of a trio are laid out: ports, a proxy on each way between them, and what each is told of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shared.testing.broker_faults import Broker
from shared.testing.databases import PostgresDatabase, ServiceDatabase
from shared.testing.plan import (
    BROKER,
    CENTRE,
    CLIENTS,
    DATABASE,
    TALKS_TO,
    basic_environment,
    hop_name,
    plain,
    process_names,
    with_settings,
)
from shared.testing.ports import free_port, free_ports
from shared.testing.process import Process
from shared.testing.proxy import Network
from shared.testing.timeline import Timeline


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What is there before the services are."""

    home: Path
    keys: Path
    network: Network
    timeline: Timeline
    databases: Mapping[str, ServiceDatabase]
    broker: Broker | None
    settings: Mapping[str, str]
    control_port: int

    def processes(self, replicas: int, probe: Callable[[str], Awaitable[bool]]) -> dict[str, Process]:
        """Every process, not started yet; `probe(name)` says whether one is ready."""
        names = process_names(replicas)
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        return {name: self._process(name, ports, partial(probe, name)) for name in names}

    def _process(self, name: str, ports: Mapping[str, int], ready: Callable[[], Awaitable[bool]]) -> Process:
        clients = self.network.hop(hop_name(CLIENTS, name), ports[name])
        return Process(
            name,
            plain(name).argv,
            environment=self._environment(name, ports),
            log=self.home / f"{name}.log",
            timeline=self.timeline,
            ready=ready,
            url=clients.url,
            direct_url=f"http://127.0.0.1:{ports[name]}",
        )

    def _environment(self, name: str, ports: Mapping[str, int]) -> dict[str, str]:
        kind = plain(name)
        environment = basic_environment(self.home / name, self.keys) | {
            kind.port_setting: str(ports[name]),
            kind.database_setting: self._database(name),
            "CENTRAL_CONTROL_PORT": str(self.control_port),
        }
        for target in kind.talks_to:
            environment[TALKS_TO[target]] = self._way(name, target, ports)
        return with_settings(environment, self.settings)

    def _database(self, name: str) -> str:
        """The URL of its database: a file has no way to it, a server is found through a hop."""
        database = self.databases[plain(name).name]
        if not isinstance(database, PostgresDatabase):
            return database.url
        hop = self.network.hop(hop_name(name, DATABASE), database.node.port)
        return database.node.url(database.name, hop.port)

    def _way(self, name: str, target: str, ports: Mapping[str, int]) -> str:
        """The URL by which a process finds another, through their hop."""
        hop = hop_name(name, target)
        if target == CENTRE:
            return self.network.hop(hop, ports[CENTRE]).url
        assert target == BROKER
        if self.broker is None:  # nobody answers there
            return f"amqp://guest:guest@127.0.0.1:{self.network.hop(hop, free_port()).port}/"
        return self.broker.url_through(self.network.hop(hop, self.broker.port).port)
