"""A whole trio in a directory of its own, on ports of its own: what end-to-end tests and the demo play on.

It is `ektp run` as a person starts it, in a process of its own, found again by the trio.json it writes. Nothing
of it survives whoever started it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shared.processes import ends_with_parent
from shared.testing.ports import free_ports
from shared.testing.waiting import wait_until

READY_WITHIN = 120.0
STOP_WITHIN = 15.0
# What the surrounding shell may have set for a trio of its own.
NOT_INHERITED = {
    "BROKER_URL", "CENTRAL_URL", "KEYS_DIR", "OFFICES_FILE", "CLOCK_SPEED", "BIND_HOST", "EKTP_PROFILE", "LOG_FORMAT",
    "QUEUE_DATABASE_URL", "ENROLMENT_DATABASE_URL", "CENTRAL_DATABASE_URL",
}  # fmt: skip
PORT_SETTINGS = ("QUEUE_PORT", "ENROLMENT_PORT", "CENTRAL_PORT", "CENTRAL_CONTROL_PORT", "BROKER_PORT")


class TrioFailed(AssertionError):
    """The trio did not start; the message ends with its last lines."""


class Trio:
    """Start it from a thread that lives as long as the trio should (the main one)."""

    def __init__(self, home: Path | None = None, **settings: str) -> None:
        """`settings` are environment variables; ports not named in them are free ones."""
        self._own_home = home is None
        self.home = home or Path(tempfile.mkdtemp(prefix="ektp-trio-"))
        ports = dict(zip(PORT_SETTINGS, map(str, free_ports(len(PORT_SETTINGS))), strict=True))
        self.settings = ports | {"EKTP_HOME": str(self.home)} | settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """Everything the supervisor has printed so far."""
        path = self.home / "run.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def state(self) -> dict[str, Any]:
        """trio.json as it is now; pids in it change with restarts."""
        found: dict[str, Any] = json.loads((self.home / "trio.json").read_text())
        return found

    @property
    def queue_url(self) -> str:
        return str(self.state["services"]["queue_api"]["url"])

    @property
    def enrolment_url(self) -> str:
        return str(self.state["services"]["enrolment_api"]["url"])

    @property
    def central_url(self) -> str:
        return str(self.state["services"]["central_mock"]["url"])

    @property
    def control_url(self) -> str:
        return str(self.state["central_control_url"])

    @property
    def broker_url(self) -> str:
        return str(self.state["broker_url"])

    @property
    def keys_dir(self) -> Path:
        return Path(self.state["keys_dir"])

    @property
    def supervisor_pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def pid(self, name: str) -> int:
        """The process of a service, or of the broker node."""
        state = self.state
        found = state["broker_pid"] if name == "broker" else state["services"][name]["pid"]
        assert found is not None, f"{name} has no process"
        return int(found)

    def pids(self) -> list[int]:
        """Every process of the trio, the supervisor first."""
        state = self.state
        services = [service["pid"] for service in state["services"].values()]
        return [pid for pid in [self.supervisor_pid, *services, *state["broker_pids"]] if pid]

    def launch(self) -> None:
        """Spawn `ektp run`; `wait_ready` says when it can be used."""
        (self.home / "trio.json").unlink(missing_ok=True)  # one left by a trio that was killed
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        with (self.home / "run.log").open("ab") as log:
            self._process = subprocess.Popen(
                ends_with_parent([sys.executable, "-m", "services.ektp", "run"]),
                env=inherited | self.settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def wait_ready(self, within: float = READY_WITHIN) -> None:
        """Block until the table is shown. Raises TrioFailed."""
        wait_until(lambda: (self.home / "trio.json").exists() or not self.is_running(), within=within)
        if not self.is_running():
            raise TrioFailed(f"the trio ended: {self.log[-2000:]}")

    def start(self) -> Self:
        """Spawn and wait."""
        self.launch()
        self.wait_ready()
        return self

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send a signal to one process; its pid. SIGSTOP freezes a service, SIGCONT thaws it."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def kill(self, name: str) -> int:
        """Kill -9 one service or the broker; the supervisor starts it again. The pid it had."""
        return self.signal(name, signal.SIGKILL)

    def wait_restarted(self, name: str, old_pid: int, within: float = 60.0) -> int:
        """Wait for another process in the place of the killed one; the new pid. Ask its health before use."""

        def another() -> int | None:
            state = self.state
            now = state["broker_pid"] if name == "broker" else state["services"][name]["pid"]
            return int(now) if now and now != old_pid else None

        return wait_until(another, within=within, saying=f"{name} is restarted") or 0

    def stop(self) -> int:
        """Ctrl-C, then by force; the exit code. The home's files stay until `close`."""
        if self._process is None:
            return 0
        if self.is_running():
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def close(self) -> None:
        """Stop, and delete the home unless it was given."""
        self.stop()
        if self._own_home:
            shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.log[-8000:])
        self.close()
