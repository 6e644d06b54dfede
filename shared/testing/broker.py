"""A RabbitMQ node for tests: real, private, and gone afterwards."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from shared.messaging.node import BrokerNode
from shared.testing.ports import free_port


@contextlib.contextmanager
def running_broker(home: Path | None = None, *, plugins: tuple[str, ...] = ()) -> Iterator[BrokerNode]:
    """A node that takes connections, stopped at the end; its files are deleted unless `home` is given.

    Use one per test session and a fresh virtual host or fresh queue names per test: a start takes 4 to 8 s.
    """
    directory = home or Path(tempfile.mkdtemp(prefix="ektp-broker-"))
    node = BrokerNode(directory, port=free_port(), plugins=plugins)
    try:
        node.start()
        node.wait_ready()
        yield node
    finally:
        node.stop()
        if home is None:
            shutil.rmtree(directory, ignore_errors=True)
