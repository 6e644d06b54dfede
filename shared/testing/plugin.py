"""A pytest plugin with the harness's parts as fixtures, for this project's tests and for others.

`pytest_plugins = ["shared.testing.plugin"]` in a conftest brings it in. A test that fails shows the seed that it was
given, how to run it again with it, and what happened on all processes.
"""

import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

# Everything else is imported where it is used: a run without chaos would wait a second for it.
if TYPE_CHECKING:
    from shared.testing.broker_faults import Broker
    from shared.testing.centre import CentreClient
    from shared.testing.centre_process import CentreProcess
    from shared.testing.cluster import Cluster
    from shared.testing.disk import SmallDisk
    from shared.testing.postgres_node import PostgresNode
    from shared.testing.power import PoweredDisk
    from shared.testing.proxy import Hop, Network

SEED = pytest.StashKey[int]()
CLUSTERS = pytest.StashKey["list[Cluster]"]()
SEEDS = 1 << 31
BROKER_DISK_MEGABYTES = 4096
"""What is not used takes no room. RabbitMQ stops taking messages when a disk has little left."""
LAST_MOMENTS = 200

MakeCluster = Callable[..., Awaitable["Cluster"]]
MakeHop = Callable[..., "Hop"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--chaos-seed", type=int, default=None, help="run the tests with chaos with this seed again"
    )


@pytest.fixture
def chaos_seed(request: pytest.FixtureRequest) -> int:
    """The seed of this test: a new one each time, or --chaos-seed. Shown when the test fails."""
    given: int | None = request.config.getoption("--chaos-seed")
    seed = random.SystemRandom().randrange(SEEDS) if given is None else given
    request.node.stash[SEED] = seed
    return seed


@pytest.fixture
def network(chaos_seed: int) -> "Iterator[Network]":
    """Proxies between anything and anything: `network.hop("client→server", port)`."""
    from shared.testing.proxy import Network

    with Network(chaos_seed) as made:
        yield made


@pytest.fixture
def tcp_proxy(network: "Network") -> MakeHop:
    """A proxy in front of a port, each time it is called: `tcp_proxy(port).cause(Cut())`."""

    def make(to: int | tuple[str, int], name: str = "") -> "Hop":
        return network.hop(name or f"hop-{len(network.hops) + 1}", to)

    return make


@pytest.fixture(scope="session")
def chaos_broker(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Broker]":
    """One broker node for the session (4 to 8 s); trios get a virtual host each. Its power can be cut, if at all."""
    from shared.testing.broker_faults import Broker
    from shared.testing.power import powered_disk

    broker = Broker(tmp_path_factory.mktemp("broker"), disk=powered_disk(BROKER_DISK_MEGABYTES, "broker"))
    try:
        broker.spawn()
        yield broker
    finally:
        broker.close()


@pytest.fixture(scope="session")
def chaos_postgres() -> "Iterator[PostgresNode]":
    """One PostgreSQL server for the session (1 s); trios get databases of their own."""
    from shared.testing.postgres_node import PostgresNode

    node = PostgresNode()
    try:
        node.spawn()
        yield node
    finally:
        node.close()


@pytest_asyncio.fixture
async def chaos_trio(request: pytest.FixtureRequest, chaos_seed: int) -> AsyncIterator[MakeCluster]:
    """A trio each time it is called with the options of `Cluster`, ready; all are ended with the test.

    Broker and PostgreSQL are the session's unless the test brings its own.
    """
    from shared.testing.cluster import Cluster

    made = request.node.stash.setdefault(CLUSTERS, [])

    async def make(**options: Any) -> "Cluster":
        if options.get("broker", True) is True:
            options["broker"] = request.getfixturevalue("chaos_broker")
        if options.get("database") == "postgresql" and "postgres" not in options:
            options["postgres"] = request.getfixturevalue("chaos_postgres")
        cluster = Cluster(chaos_seed, **options)
        made.append(cluster)
        return await cluster.start()

    yield make
    for cluster in made:
        await cluster.close()


@pytest.fixture(scope="session")
def centre_process(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[CentreProcess]":
    """A private centre for the session (2 s): free ports, its own keys, SQLite."""
    from shared.testing.centre_process import CentreProcess

    process = CentreProcess(tmp_path_factory.mktemp("centre"))
    try:
        process.start()
        yield process
    finally:
        process.kill()


@pytest_asyncio.fixture
async def centre(centre_process: "CentreProcess") -> "AsyncIterator[CentreClient]":
    """A client of its console; the centre is empty and well when the test begins, and well when it ends."""
    async with centre_process.client() as client:
        await client.reset()
        yield client
        await client.clear()


@pytest.fixture
def small_disk() -> "Iterator[SmallDisk]":
    """A disk of 16 MB that can be filled; the test is skipped, with the reason, where none can be mounted."""
    from shared.testing.disk import SMALLEST, SmallDisk, no_small_disk

    if reason := no_small_disk():
        pytest.skip(reason)
    with contextlib.closing(SmallDisk(SMALLEST)) as disk:
        yield disk


@pytest.fixture
def powered_disk() -> "Iterator[PoweredDisk]":
    """A disk of 16 MB that can lose its power with all that was not synced; skipped where none can be mounted."""
    from shared.testing.disk import SMALLEST, no_small_disk
    from shared.testing.power import PoweredDisk

    if reason := no_small_disk(PoweredDisk):
        pytest.skip(reason)
    with contextlib.closing(PoweredDisk(SMALLEST)) as disk:
        yield disk


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Put the seed and the timelines under what failed, while the logs are still there."""
    report: pytest.TestReport = yield
    if report.failed and (seed := item.stash.get(SEED, None)) is not None:
        report.sections.append(("chaos", f"again: pytest --chaos-seed {seed} '{item.nodeid}'"))
        for cluster in item.stash.get(CLUSTERS, []):
            with contextlib.suppress(OSError):
                report.sections.append(("timeline", cluster.timeline.render(LAST_MOMENTS)))
    return report
