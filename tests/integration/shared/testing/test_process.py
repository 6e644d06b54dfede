"""A process under the harness's thumb, with a small HTTP server in the place of a service."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.testing.ports import free_port
from shared.testing.process import Process, ProcessFailed
from shared.testing.timeline import Timeline
from shared.testing.waiting import eventually

SERVER = """
import json, os, socketserver, sys
class Answering(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(9)
        if os.environ.get("MOOD") == "bad":
            os._exit(3)
        self.request.sendall(os.environ.get("MOOD", "fine").encode())
class Server(socketserver.TCPServer):
    allow_reuse_address = True
stamp = "2999-01-01T00:00:00+00:00"
print(json.dumps({"event": "started", "level": "info", "timestamp": stamp}), flush=True)
print(json.dumps({"event": "low.water", "level": "warning", "timestamp": stamp, "left": 3}), flush=True)
Server(("127.0.0.1", int(sys.argv[1])), Answering).serve_forever()
"""


class Client:
    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, timeout: float = 5.0) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as line:
            line.sendall(b"?")
            return line.recv(100)

    async def is_ready(self) -> bool:
        try:
            return bool(await asyncio.to_thread(self.ask))
        except OSError:
            return False


@pytest.fixture
def client() -> Client:
    return Client(free_port())


@pytest.fixture
def timeline() -> Timeline:
    return Timeline()


@pytest.fixture
def process(client: Client, timeline: Timeline, tmp_path: Path) -> Iterator[Process]:
    made = Process(
        "server",
        [sys.executable, "-c", SERVER, str(client.port)],
        environment={},
        log=tmp_path / "server.log",
        timeline=timeline,
        ready=client.is_ready,
    )
    yield made
    made.kill()


async def test_it_is_killed_and_stays_dead_until_it_is_started(process: Process, client: Client) -> None:
    await process.start()
    pids = [process.pid]
    process.kill()
    assert not process.is_running()
    pids.append(process.pid)
    with pytest.raises(ConnectionRefusedError):
        client.ask()
    await process.start()
    pids.append(process.pid)
    assert pids[1] is None and pids[0] != pids[2]
    assert client.ask() == b"fine"
    assert process.starts == 2


async def test_a_frozen_one_takes_connections_and_answers_when_it_is_thawed(
    process: Process, client: Client
) -> None:
    await process.start()
    process.stop()
    with pytest.raises(TimeoutError):
        client.ask(timeout=0.1)
    process.cont()
    assert client.ask() == b"fine"
    process.stop()
    process.kill()
    assert not process.is_running(), "frozen ones die too"


async def test_its_environment_may_change_between_starts(process: Process, client: Client) -> None:
    await process.start()
    process.environment["MOOD"] = "great"
    await process.restart()
    assert client.ask() == b"great"


async def test_it_ends_in_order_when_asked(process: Process) -> None:
    await process.start()
    assert await process.terminate() == -15
    assert process.ended_by_itself == 0 and not process.is_wanted()


async def test_one_that_ends_by_itself_is_told_from_one_that_was_killed(
    process: Process, client: Client, timeline: Timeline
) -> None:
    await process.start()
    process.kill()
    assert process.ended_by_itself == 0 and not process.is_wanted()
    await process.start()
    process.environment["MOOD"] = "bad"
    process.kill()
    process.spawn()
    await eventually(lambda: client.is_ready() if process.is_running() else True)
    await eventually(lambda: process.ended_by_itself == 1)
    assert process.is_wanted() and not process.is_running()
    assert "server  ended by itself with exit code 3" in timeline.render()


async def test_one_that_never_comes_up_says_why(process: Process) -> None:
    process.argv = [sys.executable, "-c", "raise SystemExit('no key')"]
    with pytest.raises(ProcessFailed, match="server ended before it was ready: no key"):
        await process.start()


async def test_its_warnings_stand_in_the_timeline_beside_what_was_done_to_it(
    process: Process, timeline: Timeline
) -> None:
    await process.start()
    process.stop()
    process.cont()
    process.kill()
    said = [moment.what for moment in timeline.moments()]
    assert said[0].startswith("started, process ")
    assert said[1:] == [
        "ready",
        "stopped (SIGSTOP)",
        "continued (SIGCONT)",
        "killed (-9)",
        "warning: low.water left=3",
    ]
    assert timeline.acted == {("server", "stopped"): 1, ("server", "killed"): 1}
