"""Where a measurement is played: keys and databases in a directory of its own, real processes, nothing left over."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

from services.ektp.errors import CommandFailed
from services.ektp.launch.specs import module_of
from shared.migrations import migrate
from shared.processes import ends_with_parent
from shared.security import sign_token
from shared.testing.ports import free_ports

READY_WITHIN = 60.0
STOP_WITHIN = 10.0
NOWHERE = "amqp://guest:guest@127.0.0.1:1/"
"""No broker: what is measured is the office's work, not the broker's share of two cores."""
EMPTY = "empty"
DATABASES = {"queue_api": "queue", "enrolment_api": "enrolment", "central_mock": "central"}


class Process:
    """A child that is ready when its URL answers 200."""

    def __init__(self, name: str, argv: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self._log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                ends_with_parent(argv), env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    def wait_ready(self, url: str) -> None:
        """Block until it answers. Raises CommandFailed with its last words."""
        deadline = time.monotonic() + READY_WITHIN
        while not _answers(url):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise CommandFailed(f"{self.name} did not start: {self._log.read_text()[-300:]}")
            time.sleep(0.05)

    def processor_seconds(self) -> float:
        """What all its threads have had of the processor since it began."""
        return time.clock_gettime(~self._process.pid << 3 | 2)  # as clock_getcpuclockid(3) makes it

    def confine(self, cores: Collection[int]) -> None:
        """Run on these alone, with all threads that it has."""
        for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)

    def memory(self) -> tuple[float, float]:
        """Resident megabytes now, and the most there ever were."""
        status = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        sizes = {line.split(":")[0]: line.split()[1] for line in status if line.startswith("Vm")}
        return int(sizes["VmRSS"]) / 1024, int(sizes["VmHWM"]) / 1024

    def stop(self) -> None:
        """End it in order, then by force."""
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Stage:
    """Migrated databases and the processes over them."""

    def __init__(self, directory: Path, keys: Path, *, broker_url: str = NOWHERE, **settings: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.keys = keys
        self._processes: list[Process] = []
        queue, enrolment, centre, self._control, empty = free_ports(5)
        self._ports = {"queue_api": queue, "enrolment_api": enrolment, "central_mock": centre, EMPTY: empty}
        own = {
            "EKTP_HOME": str(directory),
            "KEYS_DIR": str(keys),
            "BROKER_URL": broker_url,
            "QUEUE_PORT": str(queue),
            "ENROLMENT_PORT": str(enrolment),
            "CENTRAL_PORT": str(centre),
            "CENTRAL_CONTROL_PORT": str(self._control),
            "CENTRAL_UNIQUENESS_DELAY": "86400",  # decisions are not what is measured
            "RECONCILIATION_DAYS": "0",  # a centre that forgets between two rounds would get everything again
            "LOG_FORMAT": "json",
        }
        foreign = ("_DATABASE_URL", "CENTRAL_URL", "OFFICES_FILE", "CLOCK_SPEED")
        inherited = {name: value for name, value in os.environ.items() if not name.endswith(foreign)}
        self._environment = inherited | own | settings

    def database(self, service: str) -> str:
        """The URL of a service's own database."""
        return f"sqlite:///{self.directory / DATABASES[service]}.db"

    def migrate(self, *services: str) -> None:
        """Make their databases."""
        for service in services:
            migrate(service, self.database(service))

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports[name]}"

    @property
    def control_url(self) -> str:
        """The centre's console."""
        return f"http://127.0.0.1:{self._control}"

    def start(self, service: str) -> Process:
        """A service as `make run` starts it, ready."""
        ready = self.control_url if service == "central_mock" else self.url(service)
        return self._spawn(service, [sys.executable, "-m", module_of(service)], f"{ready}/health/ready")

    def start_empty(self) -> Process:
        """The yardstick of a request, ready."""
        argv = [sys.executable, "-m", "services.ektp.bench.empty", str(self._ports[EMPTY])]
        return self._spawn(EMPTY, argv, f"{self.url(EMPTY)}/openapi.json")

    def start_bare_centre(self) -> Process:
        """The centre's app with nothing in front of it, ready."""
        argv = [sys.executable, "-m", "services.ektp.bench.bare_centre"]
        return self._spawn("bare_centre", argv, f"{self.url('central_mock')}/central/v1/health")

    def _spawn(self, name: str, argv: list[str], ready_url: str) -> Process:
        process = Process(name, argv, self._environment, self.directory / f"{name}.log")
        self._processes.append(process)
        process.wait_ready(ready_url)
        return process

    def token(self, *roles: str, offices: tuple[str, ...] = ()) -> dict[str, str]:
        """The header of somebody with these roles."""
        token = sign_token(self.keys, subject="bench", roles=roles, offices=offices, lifetime=3600.0)
        return {"Authorization": f"Bearer {token}"}

    def close(self) -> None:
        """End what was started."""
        while self._processes:
            self._processes.pop().stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2.0) as answer:  # noqa: S310  # our own URL
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
