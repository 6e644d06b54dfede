"""The supervisor over real processes: what it starts, restarts, stops and leaves behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.ektp.launch.state import is_running, read_state
from shared.messaging.node import speaks_amqp
from shared.testing.ports import free_port, free_ports
from shared.testing.waiting import wait_until


class FakeTrio:
    """The process under test and what it printed."""

    def __init__(self, home: Path, ports: list[int], **environment: str) -> None:
        self.home, self.ports = home, ports
        self.out = home.parent / f"{home.name}-{len(list(home.parent.iterdir()))}.log"
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.launch.fake_trio", str(home), *map(str, ports)],
                env={**os.environ, **environment},
                stdout=out,
                stderr=out,
            )

    @property
    def log(self) -> str:
        return self.out.read_text()

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "trio.json").read_text())
        return found

    def pids(self) -> list[int]:
        state = self.state
        return [*(service["pid"] for service in state["services"].values()), *state["broker_pids"]]

    def wait_ready(self) -> "FakeTrio":
        wait_until(lambda: (self.home / "trio.json").exists() or self.process.poll() is not None, within=60)
        assert self.process.poll() is None, self.log
        return self

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)


Launch = Callable[..., FakeTrio]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    launched: list[FakeTrio] = []

    def start(ports: list[int] | None = None, **environment: str) -> FakeTrio:
        trio = FakeTrio(tmp_path / "home", ports or free_ports(3), **environment)
        launched.append(trio)
        return trio

    yield start
    for trio in launched:
        trio.process.kill()
        trio.process.wait()


def alive(pid: int) -> bool:
    """A zombie that nobody has reaped yet is not alive."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_all_services_are_ready_before_the_table_and_their_lines_are_prefixed(launch: Launch) -> None:
    trio = launch().wait_ready()
    for port in trio.ports:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    first = trio.state["services"]["fake_1"]
    assert f"fake_1        | hello from {first['pid']}" in trio.log
    state = read_state(trio.home)
    assert state is not None
    assert state.supervisor_pid == trio.process.pid


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_leaves_no_process(launch: Launch, number: signal.Signals) -> None:
    trio = launch().wait_ready()
    pids = trio.pids()
    started = time.monotonic()
    assert trio.end(number) == 0
    assert time.monotonic() - started < 10
    assert not [pid for pid in pids if alive(pid)]
    assert not (trio.home / "trio.json").exists()
    assert not is_running(trio.home)


def test_a_killed_supervisor_takes_its_children_and_its_broker_with_it(launch: Launch) -> None:
    trio = launch(FAKE_BROKER_PORT=str(free_port())).wait_ready()
    pids = trio.pids()
    assert len(pids) == 5  # three services, the node, its name server
    trio.end(signal.SIGKILL)
    wait_until(lambda: not [pid for pid in pids if alive(pid)], within=5)
    assert read_state(trio.home) is None  # the file is still there, the lock says nobody is
    (trio.home / "trio.json").unlink()
    launch(trio.ports, FAKE_BROKER_PORT=str(free_port())).wait_ready()


def test_a_service_that_dies_is_started_again_and_said_so(launch: Launch) -> None:
    trio = launch().wait_ready()
    before = trio.state["services"]["fake_2"]["pid"]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: "fake_2 is ready again" in trio.log)
    assert "fake_2 was ended by SIGKILL; starting it again in 0.5 s" in trio.log
    after = trio.state["services"]["fake_2"]
    assert after["pid"] != before
    assert after["restarts"] == 1


def test_a_service_that_never_starts_ends_the_trio_with_its_name(launch: Launch) -> None:
    trio = launch(FAKE_DIES="1")
    assert trio.process.wait(30) == 1
    assert "cannot start: no reason" in trio.log
    assert "died 3 times before it was ready; it ended with exit code 1" in trio.log.splitlines()[-1]


def test_a_frozen_service_does_not_hold_up_the_stop(launch: Launch) -> None:
    trio = launch().wait_ready()
    frozen = trio.state["services"]["fake_3"]["pid"]
    os.kill(frozen, signal.SIGSTOP)
    started = time.monotonic()
    assert trio.end() == 0
    assert time.monotonic() - started < 10
    assert not alive(frozen)


def test_two_supervisors_of_one_home_are_refused(launch: Launch) -> None:
    first = launch().wait_ready()
    second = launch()
    assert second.process.wait(15) == 1
    assert f"already runs in {first.home} (process {first.process.pid})" in second.log
    assert "Traceback" not in second.log
    assert first.process.poll() is None


def test_a_taken_port_is_one_clear_line(launch: Launch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        trio = launch([free_port(), port])
        assert trio.process.wait(15) == 1
    assert trio.log.splitlines() == [
        f"ektp: Port in use: {port} (FAKE_2_PORT); stop what listens there or set another port"
    ]


def test_a_broker_that_dies_comes_back_on_its_port_and_ends_with_the_trio(launch: Launch) -> None:
    port = free_port()
    trio = launch(FAKE_BROKER_PORT=str(port)).wait_ready()
    os.kill(trio.state["broker_pid"], signal.SIGKILL)
    wait_until(lambda: "the RabbitMQ node is ready again" in trio.log, within=40)
    assert speaks_amqp(port)
    pids = trio.pids()
    started = time.monotonic()
    assert trio.end() == 0
    assert time.monotonic() - started < 10
    assert not [pid for pid in pids if alive(pid)]
